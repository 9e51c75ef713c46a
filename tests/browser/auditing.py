"""A site to be audited: five third parties that do as they are told, and a proxy that spoils what the site answers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.browser.banner import switch_all_on
from tests.browser.proxy import Answered, Asked, ask_site, proxy
from tests.browser.third_parties import serve
from tests.browser.visiting import chromium_in
from tests.sites import Site

TERM = "/glossary/oestradiol/"
TERMS = [
    {"slug": "oestradiol", "title": "Oestradiol", "definition": "<p>The main oestrogen.</p>", "tags": ["Hormones"]},
    {"slug": "menopause", "title": "Menopause", "definition": "<p>The last period.</p>"},
]
# What every service's script does: asks at home what to do, and does it.
SCRIPT = """
{
  const home = HOME;
  fetch(new URL("/orders", home)).then((answer) => answer.json()).then((orders) => {
    for (const cookie of orders.cookies ?? []) document.cookie = cookie;
    if (orders.key) localStorage.setItem(orders.key, "1");
    const told = new URL("/beacon", home);
    if (orders.tell) told.searchParams.set("page", document.title);
    fetch(told);
  });
}
"""
CLASSIC = SCRIPT.replace("HOME", "document.currentScript.src")
MODULE = SCRIPT.replace("HOME", "import.meta.url")
FRAME = "<!doctype html><title>A film</title><p>A film</p>"
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
INTEGRITY = "sha384-" + base64.b64encode(hashlib.sha384(CLASSIC.encode()).digest()).decode()
ANSWERS: dict[str, tuple[str, bytes]] = {
    "/classic.js": ("text/javascript", CLASSIC.encode()),
    "/module.js": ("text/javascript", MODULE.encode()),
    "/pixel.gif": ("image/gif", PIXEL),
    "/film/": ("text/html", FRAME.encode()),
}


@dataclass
class Service:
    """A stand-in for a third party, which its test gives ``orders``: ``cookies``, a ``key``, whether to ``tell``."""

    name: str
    origin: str = ""
    orders: dict[str, Any] = field(default_factory=dict)


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            orders = ("application/json", json.dumps(service.orders).encode())
            kind, body = ANSWERS.get(self.path, orders)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def five_services() -> Iterator[list[Service]]:
    """Serve five third parties, each with an origin of its own."""
    made = [Service(name) for name in ("Counter", "Heatmap", "Advertiser", "Films", "Campaign")]
    with ExitStack() as stack:
        for service in made:
            service.origin = f"http://localhost:{stack.enter_context(serve(_handler(service)))}"
        yield made


def _fields_of(services: list[Service]) -> list[dict[str, Any]]:
    """Return one service of each kind, as operators fill in the form."""
    counter, heatmap, advertiser, films, campaign = (service.origin for service in services)
    return [
        {"category": "analytics", "kind": "script", "url": f"{counter}/classic.js", "integrity": INTEGRITY},
        {"category": "analytics", "kind": "module", "url": f"{heatmap}/module.js"},
        {"category": "marketing", "kind": "pixel", "url": f"{advertiser}/pixel.gif", "pages": "/glossary/*"},
        {"category": "personalization", "kind": "embed", "url": f"{films}/film/", "pages": "/glossary/*"},
        {
            "category": "marketing",
            "kind": "code",
            "start_code": SCRIPT.replace("HOME", json.dumps(campaign)),
            "connect_origins": campaign,
        },
    ]


def fill(site: Site, services: list[Service]) -> None:
    """Publish two terms, switch the five services on, and publish a notice that names them."""
    site.add_person("olga", "Site operators")
    site.add_person("erin", superuser=True)
    file = Path(site.environment["DATA_DIR"]) / "terms.json"
    file.write_text(json.dumps(TERMS), encoding="utf-8")
    site.manage("import_terms", str(file), "--publish", "--as", "erin", "--reason", "To be audited")
    # As operators do it: announced, named by a notice, and then switched on.
    steps = (
        "from cookie_consent.models import CookieGroup\n"
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.actions import save_service\n"
        "from consent.actions.registry import Declaration\n"
        "from consent.models import Service\n"
        "olga = User.objects.get(username='olga')\n"
    )
    for service, fields in zip(services, _fields_of(services), strict=True):
        kept = "[]"
        if service.name == "Counter":
            kept = "[Declaration('_count_*', 'Counts.', 30), Declaration('count.*.seen', 'Counts.', 30, kind='local')]"
        steps += (
            f"fields = {fields!r}\n"
            "fields['category'] = CookieGroup.objects.get(varname=fields['category'])\n"
            f"save_service(service=Service(name={service.name!r}, vendor='Example Ltd', purpose='Helps.', "
            "privacy_policy='https://example.org/privacy', status='announced', **fields), "
            f"by=olga, at=timezone.now(), declarations={kept})\n"
        )
    site.python(steps)
    site.manage("publish_notice", "--material", "--reason", "Five services", "--as", "olga")
    switch_all_on(site)


@contextmanager
def spoilt(site: Site, spoil: Callable[[Asked, dict[str, str], str], str]) -> Iterator[str]:
    """Stand in front of the site, as a cache or a careless deployment would, and give the address.

    ``spoil`` gets what was asked, the headers of the answer, which it may change, and the body, and returns the body.
    """

    def answer(asked: Asked) -> Answered:
        # Unpacked, so that there is something to spoil.
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "accept-encoding"}
        answered = ask_site(site, asked._replace(headers=headers))
        told = {name: value for name, value in answered.headers.items() if name != "etag"}
        body = spoil(asked, told, answered.body.decode("utf-8", "surrogateescape"))
        content = body.encode("utf-8", "surrogateescape")
        return Answered(answered.status, told | {"content-length": str(len(content))}, content)

    with proxy(answer) as url:
        yield url


@dataclass
class Outcome:
    """How an audit ended, what it printed, its report, and how many records it caused on the site itself. ``url`` is
    where the audited site was.
    """

    code: int
    printed: str
    report: dict[str, Any]
    recorded: int
    url: str = ""

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.report["findings"]}

    def finding(self, code: str) -> dict[str, Any]:
        found = self.findings(code)
        assert len(found) == 1, self.printed
        return found[0]

    def findings(self, code: str) -> list[dict[str, Any]]:
        return [each for each in self.report["findings"] if each["code"] == code]


def audit(site: Site, folder: Path, *arguments: str) -> Outcome:
    """Audit with the browser of the other tests: the same engine as the one that the command finds for itself."""
    before = records(site)
    browser = ("--browser", str(chromium_in(folder)))
    done = site.launcher_for(site.environment).run(
        "audit_site", "--report", str(folder), "--quiet-for", "0.3", *browser, *arguments
    )
    file = folder / "report.json"
    report = json.loads(file.read_text()) if file.exists() else {}
    return Outcome(done.status, done.output + done.errors, report, records(site) - before)


def named(states: Sequence[str]) -> list[str]:
    """Return the options that name these states."""
    return [word for state in states for word in ("--state", state)]


def audit_spoilt(site: Site, folder: Path, spoil: Callable[[Asked, dict[str, str], str], str], *states: str) -> Outcome:
    """Audit one term of the spoilt site, in these states."""
    with spoilt(site, spoil) as url:
        outcome = audit(site, folder, "--base-url", url, "--path", TERM, *named(states))
    assert outcome.code == 1, outcome.printed
    outcome.url = url
    return outcome


def records(site: Site) -> int:
    return int(site.python("from consent.models import ConsentRecord\nprint(ConsentRecord.objects.count())"))

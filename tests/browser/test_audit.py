"""The audit of a running site: clean when nothing is wrong, and naming the culprit of each fault planted before it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.banner import switch_all_on
from tests.browser.visiting import HEADLESS, axe_violations
from tests.folders import ROOT
from tests.sites import Site
from tests.waiting import eventually

TERM = "/glossary/oestradiol/"
# The same engine, at half the cost. The other tests here start what the command finds for itself.
QUICKER = ("--browser", HEADLESS or "")
# What every service's script does: asks at home what to do, and does it.
SCRIPT = """
{
  const home = HOME;
  fetch(new URL("/orders", home)).then((answer) => answer.json()).then((orders) => {
    if (orders.cookie) document.cookie = orders.cookie;
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


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Service:
    """A stand-in for a third party, which its test gives ``orders``."""

    name: str
    origin: str = ""
    orders: dict[str, Any] = field(default_factory=dict)


@dataclass
class Proxy:
    """Stands in front of the site, as a cache or a careless deployment would, and spoils what ``spoil`` says."""

    url: str
    spoil: Callable[[str, str, dict[str, str], str], str] | None = None  # path, cookies, headers, body → body


@pytest.fixture(scope="module")
def listen() -> Iterator[Callable[[type[BaseHTTPRequestHandler]], int]]:
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(handler: type[BaseHTTPRequestHandler]) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def services(listen: Callable[[type[BaseHTTPRequestHandler]], int]) -> list[Service]:
    """Five third parties, each with an origin of its own."""
    made: list[Service] = []

    def handler(service: Service) -> type[BaseHTTPRequestHandler]:
        class Handler(Quiet):
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

        return Handler

    for name in ("Counter", "Heatmap", "Advertiser", "Films", "Campaign"):
        service = Service(name)
        service.origin = f"http://localhost:{listen(handler(service))}"
        made.append(service)
    return made


def fields_of(services: list[Service]) -> list[dict[str, Any]]:
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


@pytest.fixture(scope="module")
def audited(new_site: Callable[..., Site], services: list[Service]) -> Site:
    """A site with two terms, five services switched on, and a notice that names them."""
    site = new_site()
    site.add_person("olga", "Site operators")
    site.add_person("erin", superuser=True)
    terms = json.dumps(
        [
            {
                "slug": "oestradiol",
                "title": "Oestradiol",
                "definition": "<p>The main oestrogen.</p>",
                "tags": ["Hormones"],
            },
            {"slug": "menopause", "title": "Menopause", "definition": "<p>The last period.</p>"},
        ]
    )
    file = Path(site.environment["DATA_DIR"]) / "terms.json"
    file.write_text(terms, encoding="utf-8")
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
    for service, fields in zip(services, fields_of(services), strict=True):
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
    return site


@pytest.fixture(scope="module")
def proxy(audited: Site, listen: Callable[[type[BaseHTTPRequestHandler]], int]) -> Proxy:
    proxy = Proxy("")
    behind = urlsplit(audited.url)

    class Handler(Quiet):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            # Unpacked, so that there is something to spoil.
            headers = {name: value for name, value in self.headers.items() if name != "Accept-Encoding"}
            with closing(http.client.HTTPConnection(behind.hostname or "", behind.port)) as connection:
                connection.request(self.command, self.path, self.rfile.read(length) or None, headers)
                answer = connection.getresponse()
                body = answer.read().decode("utf-8", "surrogateescape")
            extra: dict[str, str] = {}
            if proxy.spoil:
                body = proxy.spoil(self.path, self.headers.get("Cookie", ""), extra, body)
            content = body.encode("utf-8", "surrogateescape")
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "etag", *extra):
                    self.send_header(name, value)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # A browser that goes on to another page hangs up.
            with suppress(ConnectionError):
                self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  (the server looks for this name)

    proxy.url = f"http://127.0.0.1:{listen(Handler)}"
    return proxy


@pytest.fixture
def spoilt(proxy: Proxy, services: list[Service]) -> Iterator[Proxy]:
    """The proxy, which is honest again afterwards, as are the services."""
    yield proxy
    proxy.spoil = None
    for service in services:
        service.orders = {}


@dataclass
class Outcome:
    code: int
    printed: str
    report: dict[str, Any]

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.report["findings"]}

    def finding(self, code: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = [each for each in self.report["findings"] if each["code"] == code]
        assert len(found) == 1, self.printed
        return found[0]


def audit(site: Site, folder: Path, *arguments: str) -> Outcome:
    done = site.launcher_for(site.environment).run(
        "audit_site", "--report", str(folder), "--quiet-for", "0.3", *arguments
    )
    file = folder / "report.json"
    return Outcome(done.status, done.output + done.errors, json.loads(file.read_text()) if file.exists() else {})


def audit_spoilt(site: Site, proxy: Proxy, folder: Path, *states: str) -> Outcome:
    """Audit one term through the proxy, in these states."""
    named = [word for state in states for word in ("--state", state)]
    outcome = audit(site, folder, "--base-url", proxy.url, "--path", TERM, *QUICKER, *named)
    assert outcome.code == 1, outcome.printed
    return outcome


def records(site: Site) -> int:
    return int(site.python("from consent.models import ConsentRecord\nprint(ConsentRecord.objects.count())"))


@pytest.mark.database
def test_an_audit_of_a_copy_leaves_the_records_of_the_site_as_they_were(audited: Site, tmp_path: Path) -> None:
    before = records(audited)
    outcome = audit(audited, tmp_path, "--path", "/", "--state", "rejected", *QUICKER)
    assert outcome.code == 0, outcome.printed
    assert outcome.report["throwaway_copy"]
    assert outcome.report["consent_records_caused"] == 1
    assert records(audited) == before


def test_a_site_with_five_services_is_clean(audited: Site, services: list[Service], page: Page, tmp_path: Path) -> None:
    services[0].orders = {"cookie": "_count_7=1; path=/; max-age=60", "key": "count.7.seen"}
    outcome = audit(audited, tmp_path, "--path", TERM, *QUICKER)
    services[0].orders = {}
    assert outcome.code == 0, outcome.printed
    assert outcome.report["verdict"] == "clean"
    assert outcome.report["left_out"] == ["Pages other than those named with --path."]
    # Three categories and five services alone, all, all under GPC, nothing; and twice all, once withdrawn from.
    assert outcome.report["consent_records_caused"] == 14
    asked = {state["name"]: set(state["third_parties"]) for state in outcome.report["states"]}
    counter, heatmap, advertiser, films, campaign = (service.origin for service in services)
    assert asked["accepted"] == {counter, heatmap, advertiser, films, campaign}
    assert asked["gpc-accepted"] == {counter, heatmap, films}
    assert asked["only-analytics"] == {counter, heatmap}
    for service in services:
        assert asked[f"service-{service.name.lower()}"] == {service.origin}
    assert not any(asked[name] for name in ("untouched", "no-javascript", "gpc", "rejected", "withdrawn", "expired"))
    states = {state["name"]: state for state in outcome.report["states"]}
    cookies = {name: {cookie["name"] for cookie in state["cookies"]} for name, state in states.items()}
    assert cookies["untouched"] == set()
    assert cookies["only-analytics"] == {"consent_choice", "consent_receipt", "_count_7"}  # HttpOnly ones too
    assert cookies["service-heatmap"] == {"consent_choice", "consent_receipt"}
    assert "count.7.seen" in {key["key"] for key in states["service-counter"]["storage"]}
    # Withdrawal has erased what the services kept.
    assert cookies["withdrawn"] == {"consent_choice", "consent_receipt"}
    assert states["withdrawn"]["storage"] == []
    har = json.loads((tmp_path / "requests.har").read_text())["log"]
    told = {f"{origin}/beacon" for origin in (counter, heatmap, campaign)}
    assert told <= {entry["request"]["url"] for entry in har["entries"]}
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", name="The site does what its notice says")).to_be_visible()
    assert axe_violations(page) == []


def test_a_planted_cookie_before_any_choice_is_found(audited: Site, spoilt: Proxy, tmp_path: Path) -> None:
    def plant(path: str, cookies: str, headers: dict[str, str], body: str) -> str:
        if path == TERM:
            headers["set-cookie"] = "_ga=GA1.1.5.5; Max-Age=63072000; Path=/"
        return body

    spoilt.spoil = plant
    finding = audit_spoilt(audited, spoilt, tmp_path, "untouched").finding("undeclared-cookie")
    assert "_ga" in finding["what"]
    assert "Google Analytics" in finding["what"]
    assert (finding["culprit"], finding["pages"]) == (spoilt.url + TERM, [TERM])
    assert finding["states"] == ["Before any choice"]


def test_a_pixel_in_a_term_is_found_although_the_browser_refuses_it(
    audited: Site, spoilt: Proxy, tmp_path: Path
) -> None:
    spoilt.spoil = lambda path, cookies, headers, body: body.replace(
        "</article>", '<img src="http://localhost:9/pixel.gif" alt=""></article>'
    )
    outcome = audit_spoilt(audited, spoilt, tmp_path, "untouched", "no-javascript")
    finding = outcome.finding("undeclared-request")
    assert finding["culprit"] == "image http://localhost:9/pixel.gif in the page"
    assert finding["refused_by_browser"]
    assert len(finding["states"]) == 2
    assert outcome.codes == {"undeclared-request"}


def test_an_undeclared_cookie_of_a_declared_service_names_the_service(
    audited: Site, spoilt: Proxy, services: list[Service], tmp_path: Path
) -> None:
    services[0].orders = {"cookie": "_sneaky=1; path=/; max-age=60"}
    outcome = audit_spoilt(audited, spoilt, tmp_path, "only-analytics")
    finding = outcome.finding("undeclared-cookie")
    assert "_sneaky" in finding["what"]
    assert finding["culprit"] == f"Counter ({services[0].origin}/classic.js)"
    assert outcome.codes == {"undeclared-cookie"}


def test_a_declared_cookie_that_lives_longer_than_said_and_a_stored_key_are_found(
    audited: Site, spoilt: Proxy, services: list[Service], tmp_path: Path
) -> None:
    services[0].orders = {"cookie": "_count_7=1; path=/; max-age=63072000", "key": "visitor"}
    outcome = audit_spoilt(audited, spoilt, tmp_path, "accepted")
    assert "lives 730 days; the notice says 30 days" in outcome.finding("lives-longer")["what"]
    assert "visitor in localStorage" in outcome.finding("undeclared-storage")["what"]
    assert "Counter" in outcome.finding("undeclared-storage")["culprit"]


def test_a_title_in_a_query_and_an_address_in_a_referrer_are_leaks(
    audited: Site, spoilt: Proxy, services: list[Service], tmp_path: Path
) -> None:
    def loosen(path: str, cookies: str, headers: dict[str, str], body: str) -> str:
        headers["referrer-policy"] = "unsafe-url"
        return body

    services[4].orders = {"tell": True}
    outcome = audit_spoilt(audited, spoilt, tmp_path / "query", "only-marketing")
    finding = outcome.finding("leak")
    assert finding["what"] == "Campaign learned what the page is about, in its address."
    assert "“Oestradiol”" in finding["details"][0]
    services[4].orders = {}
    spoilt.spoil = loosen
    outcome = audit_spoilt(audited, spoilt, tmp_path / "referrer", "service-heatmap")
    assert outcome.finding("leak")["what"] == "Heatmap learned what the page is about, in the referrer."


def test_a_shrunken_reject_button_is_found(audited: Site, spoilt: Proxy, tmp_path: Path) -> None:
    spoilt.spoil = lambda path, cookies, headers, body: (
        body + "[data-consent-banner] [data-consent-reject] { font-size: 8px; flex: none; }"
        if path.endswith(".css") and "/consent/" in path
        else body
    )
    outcome = audit_spoilt(audited, spoilt, tmp_path, "untouched")
    finding = outcome.finding("unequal-buttons")
    assert finding["culprit"] == "the style of the banner"
    assert "8 px" in " ".join(finding["details"])
    assert outcome.codes == {"unequal-buttons"}


def test_a_reject_button_behind_another_page_takes_more_presses(audited: Site, spoilt: Proxy, tmp_path: Path) -> None:
    spoilt.spoil = lambda path, cookies, headers, body: (
        body + "[data-consent-banner] [data-consent-reject] { display: none; }"
        if path.endswith(".css") and "/consent/" in path
        else body
    )
    outcome = audit_spoilt(audited, spoilt, tmp_path, "rejected", "accepted")
    assert outcome.finding("more-clicks")["what"] == "Refusing takes 2 presses, accepting 1 press."


def test_a_service_and_its_cookie_that_survive_withdrawal_are_found(
    audited: Site, spoilt: Proxy, services: list[Service], page: Page, tmp_path: Path
) -> None:
    def forget(path: str, cookies: str, headers: dict[str, str], body: str) -> str:
        """As if a template of the deployment's own had left out what there is to erase."""
        return re.sub(r'data-consent-erase="[^"]*"', "", body)

    def keep(path: str, cookies: str, headers: dict[str, str], body: str) -> str:
        """As if a shared cache gave the pages of those who accepted to all who have answered."""
        if "consent_choice=" in cookies and "</body>" in body:
            headers["content-security-policy"] = "default-src 'self' http:"
            body = body.replace("</body>", f'<script src="{services[0].origin}/classic.js"></script></body>')
        return body

    services[0].orders = {"cookie": "_count_7=1; path=/; max-age=600", "key": "count.7.seen"}
    spoilt.spoil = forget
    outcome = audit_spoilt(audited, spoilt, tmp_path / "kept", "withdrawn")
    survivors = {(found["code"], found["what"], found["culprit"]) for found in outcome.report["findings"]}
    culprit = f"Counter ({services[0].origin}/classic.js)"
    assert survivors == {
        ("after-withdrawal", "The cookie _count_7 was still there after the visitor had withdrawn.", culprit),
        ("after-withdrawal", "count.7.seen in localStorage was still there after the visitor had withdrawn.", culprit),
    }
    page.goto((tmp_path / "kept" / "report.html").as_uri())
    expect(page.get_by_role("heading", name="A service survives withdrawal")).to_have_count(2)
    assert axe_violations(page) == []
    services[0].orders = {}
    spoilt.spoil = keep
    finding = audit_spoilt(audited, spoilt, tmp_path / "script", "withdrawn").finding("after-withdrawal")
    assert finding["what"].startswith(f"Counter at {services[0].origin} was asked after")


def test_what_it_causes_on_a_running_site_is_said(audited: Site, tmp_path: Path) -> None:
    before = records(audited)
    outcome = audit(audited, tmp_path, "--base-url", audited.url, "--path", "/", "--state", "rejected")
    assert outcome.code == 0, outcome.printed
    assert "records and statistics by this audit: 1 choice." in outcome.printed
    assert records(audited) == before + 1


def test_a_site_that_does_not_answer_could_not_be_audited(audited: Site, tmp_path: Path) -> None:
    outcome = audit(audited, tmp_path, "--base-url", "http://127.0.0.1:9")
    assert (outcome.code, outcome.report) == (2, {})
    assert "Is the site running there?" in outcome.printed


def test_without_chromium_it_says_what_to_install(audited: Site, tmp_path: Path) -> None:
    outcome = audit(replace(audited, environment=audited.environment | {"PATH": "/nonexistent"}), tmp_path)
    assert outcome.code == 2
    assert "Install it (Debian: apt install chromium)" in outcome.printed


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for temporary files: Chromium puts a socket into it, whose path may have a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        yield Path(folder)


def test_a_chromium_that_dies_at_its_start_is_quoted(audited: Site, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 25)
    deep.mkdir()
    outcome = audit(replace(audited, environment=audited.environment | {"TMPDIR": str(deep)}), tmp_path)
    assert (outcome.code, outcome.report) == (2, {})
    assert "Socket path too long" in outcome.printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_leaves_no_server_and_no_copy_behind(
    audited: Site, short_path: Path, tmp_path: Path, number: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "audit_site", "--report", str(tmp_path)],
        cwd=ROOT,
        env=audited.environment | {"TMPDIR": str(short_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    address = urlsplit(process.stdout.readline().split()[1].rstrip(","))
    process.stdout.readline()
    line = process.stdout.readline()
    assert "Before any choice" in line, process.stderr and process.stderr.read()  # the browser is at work
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Stopped before the end" in errors
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0
    assert not list(short_path.glob("audit-site-*"))


def test_an_audit_from_the_desk_says_how_far_it_is_and_that_it_was_stopped(audited: Site) -> None:
    number = audited.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.models import CheckRun\n"
        "now = timezone.now()\n"
        "olga = User.objects.get(username='olga')\n"
        "print(CheckRun.objects.create(kind='audit', asked_by=olga, asked_at=now, alive_at=now).pk)"
    )
    look = "from consent.models import CheckRun\nrun = CheckRun.objects.get()\nprint({}, run.outcome, sep='|')"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_check", number], cwd=ROOT, env=audited.environment, start_new_session=True
    )
    try:
        # What is said while the browser is at work.
        eventually(lambda: "…" in audited.python(look.format("run.progress")), lambda: audited.python(look.format(1)))
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert "Stopped before the end" in audited.python(look.format("run.state"))

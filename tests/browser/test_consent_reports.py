"""A tracker that somebody pasted into a page: the browser refuses it, reports it, and the operators read of it."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, Page, expect

from tests.browser.editing import faults_of_desk_page
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import CHROMIUM, sign_in, until
from tests.sites import Site
from tests.waiting import eventually

#: A page of the page store, and one that Django answers.
PAGES = ["/glossary/", "/cookies/"]
PASTED = "/patient-17/pixel.js?read=menopause"


@dataclass
class Stranger:
    """A third party that no service declares. It remembers what was asked of it."""

    origin: str
    asked: list[str]


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    asked: list[str] = []
    with serve(remembering(asked, lambda path: ("text/javascript", ""))) as port:
        yield Stranger(f"http://127.0.0.1:{port}", asked)


def certificate(path: Path) -> Path:
    """Write a certificate for this machine, which nobody signed, with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Pasted:
    """A site in whose every page the stranger's tag stands, as if a template had it, and its address."""

    site: Site
    url: str


@pytest.fixture(params=["http", "https"])
def pasted(
    request: pytest.FixtureRequest, new_site: Callable[..., Site], stranger: Stranger, tmp_path: Path
) -> Iterator[Pasted]:
    """Behind a proxy that puts the tag in, and, with ``https``, speaks TLS as one does in front of a real site."""
    host = ""
    tag = f'<script src="{stranger.origin}{PASTED}"></script></body>'.encode()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            dropped = ("connection", "accept-encoding")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            with closing(http.client.HTTPConnection(host, timeout=60)) as upstream:
                upstream.request(self.command, self.path, body, headers | {"X-Forwarded-Proto": request.param})
                answer = upstream.getresponse()
                content = answer.read()
            if not self.path.startswith("/admin/"):
                content = content.replace(b"</body>", tag)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            # A browser that goes on to another page hangs up.
            with suppress(OSError):
                self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    signed = certificate(tmp_path / "site.pem") if request.param == "https" else None
    with serve(Proxy, certificate=signed) as port:
        url = f"{request.param}://127.0.0.1:{port}"
        site = new_site(SITE_URL=url)
        host = urlsplit(site.url).netloc
        yield Pasted(site, url)


@pytest.fixture(scope="module")
def reporting(browser: Browser) -> Iterator[Browser]:
    """A browser that sends reports at once, and trusts the certificate above."""
    started = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--disable-quic", "--ignore-certificate-errors", "--short-reporting-delay"],
    )
    yield started
    started.close()


def counted(site: Site) -> str:
    return site.python(
        "from consent.models import Violation\n"
        "print(sorted(Violation.objects.values_list('directive', 'blocked', 'count')))"
    )


def wait_for(site: Site, expected: str) -> None:
    """Browsers report when they have a moment for it."""
    eventually(lambda: counted(site) == expected, lambda: counted(site))


def read(page: Page, url: str) -> None:
    page.goto(url)


def test_a_pasted_tracker_is_refused_reported_and_shown_without_a_path(
    pasted: Pasted, stranger: Stranger, reporting: Browser, page: Page
) -> None:
    visitor = reporting.new_context(ignore_https_errors=True).new_page()
    refused: list[str] = []
    visitor.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    for address in PAGES:
        read(visitor, pasted.url + address)
    read(visitor, pasted.url + PAGES[0])  # of which the browser has the body already, so that only headers come
    until(visitor, lambda: len(refused) == 3, f"three refusals: {refused}")
    wait_for(pasted.site, repr([("script-src-elem", stranger.origin, 3)]))
    # Once each: a browser goes by `report-to` or by `report-uri`, and never by both. What it had to tell of the pages
    # before has come by the time that it tells of the next one.
    read(visitor, pasted.url + PAGES[0])
    wait_for(pasted.site, repr([("script-src-elem", stranger.origin, 4)]))
    assert stranger.asked == []
    assert visitor.context.cookies() == []
    visitor.context.close()
    # What was reported by one way or the other is shown alike.
    if pasted.url.startswith("http:"):
        see_it_at_the_desk(pasted, stranger, page)


def see_it_at_the_desk(pasted: Pasted, stranger: Stranger, desk: Page) -> None:
    pasted.site.add_person("olga", "Site operators")
    sign_in(desk, replace(pasted.site, url=pasted.url), "olga")
    desk.goto(f"{pasted.url}/admin/")
    expect(desk.get_by_text("Visitors’ browsers refused 1 thing that nobody has looked at yet.")).to_be_visible()
    desk.get_by_role("link", name="See what was refused").click()
    row = desk.get_by_role("row").filter(has_text=stranger.origin)
    expect(row).to_contain_text(f"Somebody tried to load a script from {stranger.origin}: 4 times, last on")
    expect(row).to_contain_text("No service declares it, so no visitor agreed to it.")
    for told in ("patient-17", "pixel.js", "menopause", "/glossary/"):
        assert told not in desk.locator("#content").inner_text()
    assert faults_of_desk_page(desk) == []
    desk.set_viewport_size({"width": 1280, "height": 900})
    row.get_by_role("checkbox").check()
    desk.locator("select[name=action]").select_option(label="Mark as seen: hide until it happens again on a later day")
    desk.get_by_role("button", name="Go").click()
    expect(desk.get_by_text("1 hidden until it happens again on a later day.")).to_be_visible()
    expect(row).to_have_count(0)


@pytest.mark.database
def test_reports_that_come_at_once_are_all_counted_and_stay_within_bounds(site: Site) -> None:
    """Two dozen senders, each with nineteen new kinds of which another has the same, and one kind that all have."""

    def report(blocked: str) -> dict[str, object]:
        body = {"blockedURL": blocked, "documentURL": f"{site.url}/", "effectiveDirective": "img-src"}
        return {"type": "csp-violation", "body": body}

    def send(sender: int) -> int:
        kinds = ["https://all.example", *(f"https://t{sender // 2}-{number}.example" for number in range(19))]
        parts = urlsplit(site.url)
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)) as connection:
            connection.request(
                "POST",
                "/consent/reports/",
                json.dumps([report(kind) for kind in kinds]),
                {"Content-Type": "application/reports+json"},
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status

    def send_until_counted(sender: int) -> None:
        statuses: list[int] = []

        def is_counted() -> bool:
            statuses.append(send(sender))
            return statuses[-1] == 204

        eventually(is_counted, lambda: str(statuses))
        assert set(statuses) <= {204, 503}, "a busy machine may refuse for a moment, and counts nothing then"

    with ThreadPoolExecutor(6) as senders:
        list(senders.map(send_until_counted, range(24)))
    assert site.python(
        "from django.db.models import Sum\n"
        "from consent.models import Violation\n"
        "print(Violation.objects.count(), Violation.objects.aggregate(times=Sum('count'))['times'])\n"
        "print(Violation.objects.get(blocked='https://all.example').count)"
    ).split() == ["201", "480", "24"]

"""The audit of a running site: clean when nothing is wrong, and naming the culprit of each fault planted before it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.auditing import (
    TERM,
    Outcome,
    Service,
    audit,
    audit_spoilt,
    fill,
    five_services,
    named,
)
from tests.browser.proxy import Asked
from tests.browser.visiting import CHROMIUM, axe_violations, chromium_in
from tests.folders import ROOT
from tests.sites import Site
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def services() -> Iterator[list[Service]]:
    with five_services() as services:
        yield services


@pytest.fixture(scope="module")
def audited(new_site: Callable[..., Site], services: list[Service]) -> Site:
    """A site with two terms, five services switched on, and a notice that names them."""
    site = new_site()
    fill(site, services)
    return site


@pytest.fixture(autouse=True)
def _honest_services(services: list[Service]) -> Iterator[None]:
    yield
    for service in services:
        service.orders = {}


def is_banner_style(asked: Asked) -> bool:
    return asked.path.endswith(".css") and "/consent/" in asked.path


@pytest.mark.database
def test_an_audit_of_a_copy_leaves_the_records_of_the_site_as_they_were(audited: Site, tmp_path: Path) -> None:
    outcome = audit(audited, tmp_path, "--path", TERM, "--state", "rejected")
    assert outcome.code == 0, outcome.printed
    assert outcome.report["throwaway_copy"]
    assert [state["third_parties"] for state in outcome.report["states"]] == [[]]
    assert outcome.report["consent_records_caused"] == 1
    assert outcome.recorded == 0


# One of each kind: the states of other categories and services are reached in the same way. Without JavaScript it is
# looked at below, where something is wrong before any choice.
CLEAN = (
    *("untouched", "only-analytics", "service-counter"),
    *("accepted", "gpc-accepted", "withdrawn", "expired"),
)


def test_a_site_with_five_services_is_clean(audited: Site, services: list[Service], page: Page, tmp_path: Path) -> None:
    services[0].orders = {"cookies": ["_count_7=1; path=/; max-age=60"], "key": "count.7.seen"}
    outcome = audit(audited, tmp_path, "--base-url", audited.url, "--path", TERM, *named(CLEAN))
    assert outcome.code == 0, outcome.printed
    assert outcome.report["verdict"] == "clean"
    assert outcome.report["left_out"] == [
        "Pages other than those named with --path.",
        "States other than those named with --state.",
    ]
    # A category, a service alone, all, all under GPC; and twice all, once withdrawn from.
    assert outcome.report["consent_records_caused"] == outcome.recorded == 7
    asked = {state["name"]: set(state["third_parties"]) for state in outcome.report["states"]}
    counter, heatmap, advertiser, films, campaign = (service.origin for service in services)
    assert asked["accepted"] == {counter, heatmap, advertiser, films, campaign}
    assert asked["gpc-accepted"] == {counter, heatmap, films}
    assert asked["only-analytics"] == {counter, heatmap}
    assert asked["service-counter"] == {counter}
    assert not any(asked[name] for name in ("untouched", "withdrawn", "expired"))
    states = {state["name"]: state for state in outcome.report["states"]}
    cookies = {name: {cookie["name"] for cookie in state["cookies"]} for name, state in states.items()}
    assert cookies["untouched"] == set()
    assert cookies["only-analytics"] == {"consent_choice", "consent_receipt", "_count_7"}  # HttpOnly ones too
    assert cookies["gpc-accepted"] == {"consent_choice", "consent_receipt", "_count_7"}
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


@pytest.fixture(scope="module")
def before_any_choice(audited: Site, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What an audit says of a cookie, a pixel and a small button that meet visitors who have not chosen yet."""

    def plant(asked: Asked, headers: dict[str, str], body: str) -> str:
        if asked.path == TERM:
            headers["set-cookie"] = "_ga=GA1.1.5.5; Max-Age=63072000; Path=/"
            return body.replace("</article>", '<img src="http://localhost:9/pixel.gif" alt=""></article>')
        if is_banner_style(asked):
            return body + "[data-consent-banner] [data-consent-reject] { font-size: 8px; flex: none; }"
        return body

    folder = tmp_path_factory.mktemp("before-any-choice")
    outcome = audit_spoilt(audited, folder, plant, "untouched", "no-javascript")
    assert outcome.codes == {"undeclared-cookie", "undeclared-request", "unequal-buttons"}
    return outcome


def test_a_planted_cookie_before_any_choice_is_found(before_any_choice: Outcome) -> None:
    finding = before_any_choice.finding("undeclared-cookie")
    assert "_ga" in finding["what"]
    assert "Google Analytics" in finding["what"]
    assert (finding["culprit"], finding["pages"]) == (before_any_choice.url + TERM, [TERM])
    assert finding["states"] == ["Before any choice", "Before any choice, without JavaScript"]


def test_a_pixel_in_a_term_is_found_although_the_browser_refuses_it(before_any_choice: Outcome) -> None:
    finding = before_any_choice.finding("undeclared-request")
    assert finding["culprit"] == "image http://localhost:9/pixel.gif in the page"
    assert finding["refused_by_browser"]
    assert len(finding["states"]) == 2


def test_a_shrunken_reject_button_is_found(before_any_choice: Outcome) -> None:
    finding = before_any_choice.finding("unequal-buttons")
    assert finding["culprit"] == "the style of the banner"
    assert "8 px" in " ".join(finding["details"])
    for look in ("1280 px wide, light", "1280 px wide, dark", "390 px wide, light", "390 px wide, dark"):
        assert look in " ".join(finding["details"])


@pytest.fixture(scope="module")
def once_accepted(audited: Site, services: list[Service], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What an audit says of services that do more than the notice says, where refusing is the longer way."""

    def loosen(asked: Asked, headers: dict[str, str], body: str) -> str:
        headers["referrer-policy"] = "unsafe-url"
        if is_banner_style(asked):
            return body + "[data-consent-banner] [data-consent-reject] { display: none; }"
        return body

    counter, _, _, _, campaign = services
    sneaky, old = "_sneaky=1; path=/; max-age=60", "_count_7=1; path=/; max-age=63072000"
    counter.orders = {"cookies": [sneaky, old], "key": "visitor"}
    campaign.orders = {"tell": True}
    outcome = audit_spoilt(audited, tmp_path_factory.mktemp("once-accepted"), loosen, "rejected", "accepted")
    assert outcome.codes == {"undeclared-cookie", "lives-longer", "undeclared-storage", "leak", "more-clicks"}
    return outcome


def test_an_undeclared_cookie_of_a_declared_service_names_the_service(
    once_accepted: Outcome, services: list[Service]
) -> None:
    finding = once_accepted.finding("undeclared-cookie")
    assert "_sneaky" in finding["what"]
    assert finding["culprit"] == f"Counter ({services[0].origin}/classic.js)"


def test_a_declared_cookie_that_lives_longer_than_said_and_a_stored_key_are_found(once_accepted: Outcome) -> None:
    assert "is kept 730 days; the notice says 30 days" in once_accepted.finding("lives-longer")["what"]
    assert "visitor in localStorage" in once_accepted.finding("undeclared-storage")["what"]
    assert "Counter" in once_accepted.finding("undeclared-storage")["culprit"]


def test_a_title_in_a_query_and_an_address_in_a_referrer_are_leaks(once_accepted: Outcome) -> None:
    leaks = {finding["what"]: finding for finding in once_accepted.findings("leak")}
    assert "Heatmap learned what the page is about, in the referrer." in leaks
    assert {what for what in leaks if what.endswith("in its address.")} == {
        "Campaign learned what the page is about, in its address."
    }
    assert "“Oestradiol”" in leaks["Campaign learned what the page is about, in its address."]["details"][0]


def test_a_reject_button_behind_another_page_takes_more_presses(once_accepted: Outcome) -> None:
    assert once_accepted.finding("more-clicks")["what"] == "Refusing takes 2 presses, accepting 1 press."


def test_what_it_causes_on_a_running_site_is_said(once_accepted: Outcome) -> None:
    assert "records and statistics by this audit: 2 choices." in once_accepted.printed
    assert once_accepted.recorded == 2


def test_a_service_and_its_cookie_that_survive_withdrawal_are_found(
    audited: Site, services: list[Service], page: Page, tmp_path: Path
) -> None:
    counter, heatmap = services[:2]

    def survive(asked: Asked, headers: dict[str, str], body: str) -> str:
        """As if a template of the deployment's own had left out what there is to erase, and a shared cache gave a page
        of those who accepted to all who have answered.
        """
        body = re.sub(r'data-consent-erase="[^"]*"', "", body)
        if "consent_choice=" in asked.headers.get("Cookie", "") and "</body>" in body:
            headers["content-security-policy"] = "default-src 'self' http:"
            body = body.replace("</body>", f'<script src="{heatmap.origin}/classic.js"></script></body>')
        return body

    counter.orders = {"cookies": ["_count_7=1; path=/; max-age=600"], "key": "count.7.seen"}
    outcome = audit_spoilt(audited, tmp_path, survive, "withdrawn")
    survivors = {finding["what"]: finding["culprit"] for finding in outcome.findings("after-withdrawal")}
    assert outcome.codes == {"after-withdrawal"}
    kept = f"Counter ({counter.origin}/classic.js)"
    there = "was still there after the visitor had withdrawn."
    asked = f"Heatmap at {heatmap.origin} was contacted after the visitor had withdrawn."
    assert survivors.keys() == {f"The cookie _count_7 {there}", f"count.7.seen in localStorage {there}", asked}
    assert {culprit for what, culprit in survivors.items() if what.endswith(there)} == {kept}
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", name="A service keeps running after withdrawal")).to_have_count(3)
    assert axe_violations(page) == []


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for temporary files: Chromium puts a socket into it, whose path may have a hundred letters."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        yield Path(folder)


def test_a_chromium_that_dies_at_its_start_is_quoted(audited: Site, tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 25)
    deep.mkdir()
    where = audited.environment | {"TMPDIR": str(deep)}
    # The whole browser is what puts it there.
    outcome = audit(
        replace(audited, environment=where), tmp_path, "--base-url", audited.url, "--browser", CHROMIUM or ""
    )
    assert (outcome.code, outcome.report) == (2, {})
    assert "Socket path too long" in outcome.printed


def test_interrupting_it_leaves_no_server_and_no_copy_behind(audited: Site, short_path: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "manage.py",
            "audit_site",
            "--report",
            str(tmp_path),
            "--browser",
            chromium_in(tmp_path),
        ],
        cwd=ROOT,
        env=audited.environment | {"TMPDIR": str(short_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    address = urlsplit(process.stdout.readline().split()[1].rstrip(","))
    assert " in 16 states, " in process.stdout.readline()  # without --state, all that the notice can be answered with
    line = process.stdout.readline()
    assert "Before any choice" in line, process.stderr and process.stderr.read()  # the browser is at work
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "Stopped before the end" in errors
    with socket.socket() as probe:
        assert probe.connect_ex((address.hostname, address.port)) != 0
    assert not list(short_path.glob("audit-site-*"))


RUN = "import time\nfrom consent.models import CheckRun\nrun = CheckRun.objects.get()\n"
# Waits for what is said while the browser is at work, in one process.
AT_WORK = f"""{RUN}
deadline = time.monotonic() + {PATIENCE}
while "…" not in run.progress and time.monotonic() < deadline:
    time.sleep(0.05)
    run.refresh_from_db()
print(run.progress, run.outcome)"""


def test_an_audit_from_the_desk_says_how_far_it_is_and_stopping_it_leaves_nothing_behind(
    audited: Site, short_path: Path
) -> None:
    number = audited.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.models import CheckRun\n"
        "now = timezone.now()\n"
        "olga = User.objects.get(username='olga')\n"
        "print(CheckRun.objects.create(kind='audit', asked_by=olga, asked_at=now, alive_at=now).pk)"
    )
    chromium_in(short_path)
    path = f"{short_path}{os.pathsep}{audited.environment['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_check", number],
        cwd=ROOT,
        env=audited.environment | {"PATH": path, "TMPDIR": str(short_path)},
        start_new_session=True,
    )
    try:
        assert "Before any choice …" in audited.python(AT_WORK)
        assert list(short_path.glob("audit-site-*"))
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
    assert "Stopped before the end" in audited.python(f"{RUN}print(run.state, run.outcome)")
    assert not list(short_path.glob("audit-site-*"))

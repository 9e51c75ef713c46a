"""What browsers report that they refused: read strictly, counted by kind, and kept without whoever sent it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from consent.actions import count_violation, dismiss_violations, forget_violations, prune_violations
from consent.actions import violations as counting
from consent.models import Violation, violations
from consent.services import report_views
from consent.services.reports import API, DIRECTIVES, LEGACY, MAX_BODY, MOST_KINDS, NotReports, Refused, read_reports
from server.security import REPORTING_ENDPOINTS, REPORTS
from tests.people import person

SITE = "https://glossary.example"
TRACKER = "https://tracker.example"
#: Everything of a real report that says something of the reader. Nothing of it may be found anywhere afterwards.
SECRETS = ("menopause", "secret-query", "203.0.113.7", "TellTale/1.0", "sampled-text", "lab-results")


def api_report(**body: Any) -> dict[str, Any]:
    """Return a report of the Reporting API, as Chromium sends it."""
    return {
        "age": 12,
        "type": "csp-violation",
        "url": f"{SITE}/glossary/menopause/",
        "user_agent": "Mozilla/5.0 TellTale/1.0",
        "body": {
            "blockedURL": f"{TRACKER}/lab-results/t.js?u=secret-query",
            "columnNumber": 3,
            "disposition": "enforce",
            "documentURL": f"{SITE}/glossary/menopause/?q=secret-query",
            "effectiveDirective": "script-src-elem",
            "lineNumber": 7,
            "originalPolicy": "default-src 'none'; report-to csp",
            "referrer": f"{SITE}/search/?q=menopause",
            "sample": "sampled-text",
            "sourceFile": f"{SITE}/glossary/menopause/",
            "statusCode": 200,
        }
        | body,
    }


def legacy_report(**body: Any) -> dict[str, Any]:
    """Return a report as browsers without the Reporting API send it."""
    return {
        "csp-report": {
            "blocked-uri": f"{TRACKER}/lab-results/t.js",
            "disposition": "enforce",
            "document-uri": f"{SITE}/glossary/menopause/",
            "effective-directive": "script-src-elem",
            "original-policy": "default-src 'none'",
            "referrer": "",
            "script-sample": "sampled-text",
            "source-file": f"{SITE}/glossary/menopause/",
            "status-code": 200,
            "violated-directive": "script-src-elem",
        }
        | body
    }


def read(*reports: Any) -> dict[Refused, int]:
    return read_reports(json.dumps(reports).encode(), content_type=API, site=SITE)


def read_legacy(report: Any) -> dict[Refused, int]:
    return read_reports(json.dumps(report).encode(), content_type=LEGACY, site=SITE)


THE_TRACKER = Refused("script-src-elem", TRACKER)


def test_both_forms_say_the_same_and_no_path_comes_through() -> None:
    assert read(api_report()) == read_legacy(legacy_report()) == {THE_TRACKER: 1}


def test_repeats_are_counted_and_kinds_told_apart() -> None:
    image = api_report(effectiveDirective="img-src")
    assert read(api_report(), image, api_report()) == {THE_TRACKER: 2, Refused("img-src", TRACKER): 1}


@pytest.mark.parametrize(
    ("blocked", "expected"),
    [
        ("https://tracker.example", TRACKER),
        ("https://TRACKER.example/A?b#c", TRACKER),
        ("https://user:pass@tracker.example/x", TRACKER),
        ("https://tracker.example:443/x", TRACKER),
        ("https://tracker.example:8443/x", f"{TRACKER}:8443"),
        ("http://tracker.example:80/", "http://tracker.example"),
        ("wss://live.tracker.example/socket", "wss://live.tracker.example"),
        ("http://127.0.0.1:9000/t.js", "http://127.0.0.1:9000"),
        ("http://[::1]:9000/t.js", "http://[::1]:9000"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example"),
        ("inline", "inline"),
        ("self", "inline"),  # Firefox of old
        ("", "inline"),
        (None, "inline"),
        ("eval", "eval"),
        ("data", "data"),
        ("data:image/png;base64,AAAA", "data"),
        ("blob:https://glossary.example/1234-5678", "blob"),
        ("trusted-types-sink", "trusted-types-sink"),
        ("trusted-types-policy", "trusted-types-policy"),
        ("wss", "wss"),
    ],
)
def test_what_was_refused_is_an_origin_or_a_keyword(blocked: str | None, expected: str) -> None:
    assert read(api_report(blockedURL=blocked)) == {Refused("script-src-elem", expected): 1}


@pytest.mark.parametrize(
    "blocked",
    [
        "chrome-extension",
        "chrome-extension://abcdefghijklmnop/inject.js",
        "moz-extension",
        "moz-extension://1234/inject.js",
        "safari-web-extension",
        "safari-web-extension://1234/x.js",
        "android-app://x",
        "ftp://files.example/x",
        "https://",
        "https://:443/",
        "https://a b.example/",
        "https://<script>.example/",
        "https://bücher.example/",
        "https://tracker.example:99999/",
        "https://tracker.example:x/",
        "https://[zz]/",
        "https://[::1/",
        "https://" + "a" * 300 + ".example/",
        "https://" + "a." * 200 + "example/",
        "https://tracker.example/" + "a" * 9_000,
        "//tracker.example/x",
        "tracker.example",
        "menopause",
        "javascript-menopause:x",
        17,
        True,
        ["https://tracker.example"],
        {"https": 1},
    ],
)
def test_extensions_and_what_is_no_address_are_dropped(blocked: Any) -> None:
    assert read(api_report(blockedURL=blocked)) == {}
    assert read_legacy(legacy_report(**{"blocked-uri": blocked})) == {}


@pytest.mark.parametrize(
    "body",
    [
        {"effectiveDirective": "frame-ancestors"},
        {"effectiveDirective": "menopause-src"},
        {"effectiveDirective": ["script-src"]},
        {"effectiveDirective": None},
        {"effectiveDirective": "script-src " + TRACKER},
        {"disposition": "report"},
        {"disposition": None},
        {"documentURL": "https://elsewhere.example/"},
        {"documentURL": "http://glossary.example/"},
        {"documentURL": "https://glossary.example.elsewhere.example/"},
        {"documentURL": "https://glossary.example:8443/"},
        {"documentURL": "about"},
        {"documentURL": 3},
        {"documentURL": None},
        {"sourceFile": "chrome-extension://abc/content.js"},
        {"sourceFile": "chrome-extension"},
        {"sourceFile": "moz-extension"},
    ],
)
def test_reports_about_something_else_are_dropped(body: dict[str, Any]) -> None:
    assert read(api_report(**body), api_report()) == {THE_TRACKER: 1}


@pytest.mark.parametrize(
    "report",
    [
        {"type": "coep", "url": f"{SITE}/", "body": {"blockedURL": TRACKER, "disposition": "enforce"}},
        {"type": "deprecation", "url": f"{SITE}/", "body": {}},
        api_report() | {"type": "network-error"},
        api_report() | {"type": ["csp-violation"]},
        api_report() | {"body": None},
        {"type": "csp-violation"},
        {},
        None,
        "csp-violation",
        [api_report()],
    ],
)
def test_other_types_of_report_are_dropped(report: Any) -> None:
    assert read(report, api_report()) == {THE_TRACKER: 1}


def test_an_old_browser_names_the_directive_with_its_values() -> None:
    report = legacy_report()
    del report["csp-report"]["effective-directive"]
    report["csp-report"]["violated-directive"] = "img-src 'self' data:"
    assert read_legacy(report) == {Refused("img-src", TRACKER): 1}
    assert read_legacy({"csp-report": None}) == read_legacy({"other": {}}) == read_legacy({}) == {}


def test_a_body_names_a_bounded_number_of_kinds() -> None:
    many = [api_report(blockedURL=f"https://t{number}.example/") for number in range(MOST_KINDS + 5)]
    found = read(*many, many[0])
    assert len(found) == MOST_KINDS
    assert found[Refused("script-src-elem", "https://t0.example")] == 2


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (API, b""),
        (API, b"{"),
        (API, b"\xff"),
        (API, b'{"type": "csp-violation"}'),
        (API, b'"x"'),
        (API, b"[" * 100_000),
        (API, b"9" * 5_000),
        (LEGACY, b"[]"),
        (LEGACY, b"null"),
        ("application/json", b"[]"),
        ("text/plain", b"[]"),
        ("", b"[]"),
    ],
)
def test_what_is_no_report_at_all_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(NotReports):
        read_reports(body, content_type=content_type, site=SITE)


# -- The address ---------------------------------------------------------------------------------------------------


def post(*reports: Any, content_type: str = API, **extra: Any) -> int:
    body = reports[0] if content_type == LEGACY else list(reports)
    status: int = (
        Client()
        .post(
            reverse("consent:reports"),
            json.dumps(body).replace(SITE, "http://testserver"),
            content_type=content_type,
            **extra,
        )
        .status_code
    )
    return status


def kinds() -> set[tuple[str, str, int]]:
    return set(Violation.objects.values_list("directive", "blocked", "count"))


@pytest.mark.django_db
def test_a_thing_has_one_row_however_often_and_by_whomever_it_is_reported() -> None:
    for _ in range(3):
        assert post(api_report(), api_report()) == 204
    assert post(legacy_report(), content_type=LEGACY) == 204
    assert kinds() == {("script-src-elem", TRACKER, 7)}
    today = datetime.now(UTC).date()
    violation = Violation.objects.get()
    assert violation.first_date <= violation.last_date <= today


@pytest.mark.django_db
def test_nothing_of_who_sent_it_or_what_was_read_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for content_type, report in ((API, api_report()), (LEGACY, legacy_report())):
        post(
            report,
            content_type=content_type,
            REMOTE_ADDR="203.0.113.7",
            headers={"User-Agent": "TellTale/1.0", "Referer": "http://testserver/glossary/menopause/"},
        )
    kept = caplog.text + repr(list(Violation.objects.values())) + repr(vars(report_views.limiter))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            kept += repr(cursor.fetchall()) if "violation" in table or "session" in table else ""
    assert TRACKER in kept
    assert [secret for secret in SECRETS if secret in kept] == []
    fields = {field.name for field in Violation._meta.get_fields()}
    assert fields == {"id", "directive", "blocked", "count", "first_date", "last_date", "seen_date", "seen_by"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"no json", API, 400),
        (b"[]", "text/plain", 400),
        (b"[" + b" " * MAX_BODY + b"]", API, 413),
        (b"[]", API, 204),
        (b'[{"type": "coep"}]', API, 204),
        (b'[{"type": "csp-violation", "body": {"blockedURL": "https://x.example"}}]', API, 204),
    ],
)
def test_what_is_no_report_leaves_nothing(body: bytes, content_type: str, status: int, client: Client) -> None:
    answer = client.post(reverse("consent:reports"), body, content_type=content_type)
    assert answer.status_code == status
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies
    assert not Violation.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head", "put", "options", "delete"])
def test_only_posts_are_taken(client: Client, method: str) -> None:
    assert getattr(client, method)(reverse("consent:reports")).status_code == 405


@pytest.mark.django_db
def test_browsers_that_another_site_made_post_are_not_believed() -> None:
    for site in ("cross-site", "same-site", "none"):
        assert post(api_report(), headers={"Sec-Fetch-Site": site}) == 204
    assert post(api_report(documentURL="https://elsewhere.example/")) == 204
    assert not Violation.objects.exists()
    post(api_report(), headers={"Sec-Fetch-Site": "same-origin"})
    assert Violation.objects.exists()


@pytest.mark.django_db
def test_a_flood_from_one_network_is_bounded_and_another_network_still_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_views, "PER_NETWORK", 3)
    assert [post(api_report()) for _ in range(6)] == [204] * 6
    assert kinds() == {("script-src-elem", TRACKER, 3)}
    post(api_report(), REMOTE_ADDR="203.0.113.9")
    assert kinds() == {("script-src-elem", TRACKER, 4)}


@pytest.mark.django_db
def test_a_flood_from_everywhere_is_bounded_without_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(report_views, "PER_PROCESS", 5)
    for number in range(20):
        assert post(api_report(), REMOTE_ADDR=f"203.0.113.{number}") == 204
    assert kinds() == {("script-src-elem", TRACKER, 5)}
    assert caplog.text == ""


@pytest.mark.django_db
def test_one_body_cannot_claim_any_number() -> None:
    post(*[api_report(referrer="", originalPolicy="")] * 300)
    assert kinds() == {("script-src-elem", TRACKER, report_views.MOST_TIMES)}


@pytest.mark.django_db
def test_reports_do_not_use_up_what_choices_may(client: Client) -> None:
    for _ in range(report_views.PER_NETWORK + 5):
        post(api_report())
    answer = client.post(reverse("consent:choose"), headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 400  # read, and not refused as one too many


@pytest.mark.django_db
def test_a_database_that_is_away_is_said_without_the_report(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*args: Any) -> Any:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(fail):
        assert post(api_report()) == 503
    assert "OperationalError" in caplog.text
    assert TRACKER not in caplog.text
    caplog.clear()


# -- Counting ------------------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(counting, "MOST_KINDS", 3)
    return 3


def count(blocked: str, *, at: datetime, times: int = 1, directive: str = "img-src") -> None:
    count_violation(refused=Refused(directive, blocked), times=times, at=at)


@pytest.mark.django_db
def test_days_are_kept_and_never_run_backwards(at: datetime) -> None:
    for days in (0, 2, 1):
        count(TRACKER, at=at + timedelta(days=days))
    violation = Violation.objects.get()
    assert (violation.first_date, violation.last_date) == (date(2026, 3, 2), date(2026, 3, 4))
    assert violation.count == 3


@pytest.mark.django_db
def test_a_hostile_sender_cannot_bloat_the_table(few: int, at: datetime) -> None:
    for number in range(10):
        count(f"https://t{number}.example", at=at, times=2)
    assert Violation.objects.count() == few + 1
    assert kinds() >= {("", "", 14)}
    count("https://t0.example", at=at)  # one that has its place is still counted in it
    assert kinds() >= {("", "", 14), ("img-src", "https://t0.example", 3)}
    forget_violations(violations=Violation.objects.filter(blocked="https://t1.example"))
    count("https://t9.example", at=at)
    assert kinds() >= {("", "", 14), ("img-src", "https://t9.example", 1)}


@pytest.mark.django_db
def test_another_that_came_first_with_a_new_kind_is_counted_on(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a second process inserted the row between the first look and the wait for the lock."""

    def somebody_else() -> None:
        Violation.objects.create(
            directive="img-src", blocked=TRACKER, count=5, first_date=at.date(), last_date=at.date()
        )

    monkeypatch.setattr(counting, "_one_new_kind_at_a_time", somebody_else)
    count(TRACKER, at=at)
    assert kinds() == {("img-src", TRACKER, 6)}


@pytest.mark.django_db
def test_what_is_put_away_comes_back_when_it_happens_on_a_later_day(at: datetime) -> None:
    olga = person("olga", "Olga Nwosu", "Site operators")
    count(TRACKER, at=at)
    assert Violation.objects.unseen().count() == 1
    assert dismiss_violations(violations=Violation.objects.all(), by=olga, at=at) == 1
    assert (Violation.objects.unseen().count(), Violation.objects.seen().count()) == (0, 1)
    count(TRACKER, at=at + timedelta(hours=2))  # of a page that was open all the while
    assert not Violation.objects.unseen().exists()
    count(TRACKER, at=at + timedelta(days=1))
    assert (Violation.objects.unseen().count(), Violation.objects.seen().count()) == (1, 0)
    assert Violation.objects.get().seen_by == olga


@pytest.mark.django_db
def test_what_has_not_happened_for_ninety_days_is_forgotten(at: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    count(TRACKER, at=at)
    count("inline", at=at + timedelta(days=1))
    assert prune_violations(at=at + timedelta(days=90)) == 0
    assert prune_violations(at=at + timedelta(days=91)) == 1
    assert kinds() == {("img-src", "inline", 1)}
    Violation.objects.update(first_date=date(2020, 1, 1), last_date=date(2020, 1, 2))
    call_command("prune_consent_records", dry_run=True)
    assert Violation.objects.exists()
    call_command("prune_consent_records")
    assert not Violation.objects.exists()
    assert "Refused by browsers, and not for 90 days: 1 removed." in capsys.readouterr().out


def test_the_cap_and_the_columns_hold_whatever_may_be_reported() -> None:
    length = {field.name: field.max_length or 0 for field in Violation._meta.fields}
    assert max(map(len, DIRECTIVES)) <= length["directive"]
    assert violations.MOST_KINDS >= MOST_KINDS
    longest = f"https://{'.'.join(['a' * 62] * 4)}:65535"
    assert read(api_report(blockedURL=longest)) == {Refused("script-src-elem", longest): 1}
    assert len(longest) <= length["blocked"]


# -- The headers ---------------------------------------------------------------------------------------------------


def test_the_policy_names_the_address_that_takes_reports() -> None:
    assert reverse("consent:reports") == REPORTS


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/glossary/", "/cookies/", "/nowhere/", "/consent/receipt/", "/robots.txt"])
def test_public_answers_say_where_to_report(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer["Reporting-Endpoints"] == REPORTING_ENDPOINTS
    assert answer["Content-Security-Policy"].endswith("; report-uri /consent/reports/")


@pytest.mark.django_db
def test_over_https_browsers_are_asked_to_use_the_reporting_api(client: Client, settings: Any) -> None:
    settings.SERVED_OVER_HTTPS = True
    policy = client.get("/cookies/")["Content-Security-Policy"]
    assert policy.endswith("; report-uri /consent/reports/; report-to csp")


@pytest.mark.django_db
def test_the_desk_reports_nothing(client: Client) -> None:
    answer = client.get("/admin/login/")
    assert "Reporting-Endpoints" not in answer
    assert "report" not in answer["Content-Security-Policy"]

"""How visitors choose, in numbers: counted by day, kept when records go, told to operators without small numbers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consent.actions import aggregate_choices, publish_notice, record_choice
from consent.models import ClosedDay, ConsentRecord, DailyChoices, Notice, Service
from consent.statistics.counts import SMALLEST, Bucket, Question, Rate, buckets, statistics
from tests.people import person

pytestmark = pytest.mark.django_db

URL = "/admin/consent/dailychoices/"
DAY = date(2026, 3, 2)  # the day of the fixture ``at``
Choose = Callable[..., None]


@pytest.fixture
def choose(at: datetime) -> Choose:
    """A function that records a choice ``times`` over, each by another visitor."""

    def choose(choice: str = "accept_all", *, times: int = 1, when: datetime = at, **fields: Any) -> None:
        for _ in range(times):
            record_choice(
                choice=choice,
                categories=fields.get("categories", ()),
                notice=Notice.objects.latest("number").sha256,
                surface=fields.get("surface", "banner"),
                gpc=False,
                receipt="",
                at=when,
            )

    return choose


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(person("olga", "Olga Nwosu", "Site operators"))
    return client


def night(day: date) -> datetime:
    """Return when a day can be closed for the first time."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=1)


def asked(first: date = DAY, last: date = DAY, **filters: Any) -> Question:
    return Question(first, last, **filters)


def test_rates_are_the_same_before_and_after_a_day_is_closed(choose: Choose, at: datetime) -> None:
    choose("accept_all", times=3)
    choose("reject_all", times=4)
    choose("save", categories=["analytics"], surface="preferences", times=2)
    live = statistics(asked(), at=at)
    assert live.overall == {"analytics": Rate(5, 9), "marketing": Rate(3, 9), "personalization": Rate(3, 9)}
    assert live.by_surface["preferences"]["analytics"] == Rate(2, 2)
    assert live.by_language["en"]["marketing"] == Rate(3, 9)
    assert live.actions == {"accept_all": 3, "reject_all": 4, "save": 2}
    assert (live.choices, live.total) == ([9], 9)
    assert aggregate_choices(through=DAY, at=night(DAY)) == [DAY]
    assert ClosedDay.objects.get().records == 9
    with CaptureQueriesContext(connection) as queries:
        stored = statistics(asked(), at=night(DAY))
    assert stored == live
    assert not [query for query in queries if "consent_consentrecord" in query["sql"]]


def test_filters_count_only_what_they_name(choose: Choose, at: datetime) -> None:
    first = Notice.objects.get()
    choose("accept_all", times=2)
    Service.objects.create(
        name="Counter",
        slug="counter",
        status="announced",
        vendor="Example Ltd",
        purpose="Counts.",
        privacy_policy="https://example.org/",
        category=CookieGroup.objects.get(varname="analytics"),
        url="https://stats.example.org/c.js",
        integrity="sha384-x",
        changed_at=at,
    )
    second = publish_notice(by=person("olga", "Olga Nwosu"), at=at, material=True, reason="Statistics")
    choose("reject_all", surface="preferences", times=3)
    found = statistics(asked(notice=second.pk), at=at)
    assert (found.total, found.overall["analytics"]) == (3, Rate(0, 3))
    assert statistics(asked(notice=first.pk), at=at).overall["analytics"] == Rate(2, 2)
    assert statistics(asked(surface="preferences"), at=at).total == 3
    assert statistics(asked(language="de"), at=at).total == 0
    assert set(statistics(asked(), at=at).by_notice) == {first.pk, second.pk}


def test_a_day_closes_once_it_is_over_and_nothing_can_still_be_written(choose: Choose) -> None:
    choose()
    for moment in (night(DAY) - timedelta(seconds=1), datetime(2026, 3, 2, 23, 59, tzinfo=UTC)):
        assert aggregate_choices(through=DAY, at=moment) == []
    assert not ClosedDay.objects.exists()
    assert aggregate_choices(through=DAY + timedelta(days=5), at=night(DAY + timedelta(days=2))) == [
        DAY,
        DAY + timedelta(days=1),
        DAY + timedelta(days=2),
    ]
    assert list(ClosedDay.objects.order_by("date").values_list("records", flat=True)) == [1, 0, 0]


def test_closing_again_changes_nothing_and_late_rows_are_not_counted_twice(choose: Choose) -> None:
    choose()
    aggregate_choices(through=DAY, at=night(DAY))
    before = list(DailyChoices.objects.values())
    choose("reject_all")
    assert aggregate_choices(through=DAY, at=night(DAY) + timedelta(days=3)) == []
    assert list(DailyChoices.objects.values()) == before


def test_nothing_to_count_is_no_error(at: datetime) -> None:
    assert aggregate_choices(through=DAY, at=at) == []
    assert statistics(asked(), at=at).total == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_dailychoices SET accepted = 9",
        "DELETE FROM consent_dailychoices",
        "DELETE FROM consent_closedday",
    ],
)
def test_what_is_counted_is_fixed(choose: Choose, statement: str) -> None:
    choose()
    aggregate_choices(through=DAY, at=night(DAY))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_closed_days_and_open_ones_are_put_together(choose: Choose) -> None:
    choose(times=2)
    aggregate_choices(through=DAY, at=night(DAY))
    tomorrow = night(DAY) + timedelta(hours=8)
    choose("reject_all", times=3, when=tomorrow)
    found = statistics(asked(last=DAY + timedelta(days=1)), at=tomorrow)
    assert found.choices == [2, 3]
    assert found.series["analytics"] == [Rate(2, 2), Rate(0, 3)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 3, 2), date(2026, 3, 3), [(date(2026, 3, 2),) * 2, (date(2026, 3, 3),) * 2]),
        (
            date(2026, 3, 4),
            date(2026, 4, 10),
            [
                (date(2026, 3, 4), date(2026, 3, 8)),
                (date(2026, 3, 9), date(2026, 3, 15)),
                (date(2026, 3, 16), date(2026, 3, 22)),
                (date(2026, 3, 23), date(2026, 3, 29)),
                (date(2026, 3, 30), date(2026, 4, 5)),
                (date(2026, 4, 6), date(2026, 4, 10)),
            ],
        ),
    ],
)
def test_a_period_is_divided_into_days_or_weeks(first: date, last: date, expected: list[tuple[date, date]]) -> None:
    assert buckets(first, last) == [Bucket(*days) for days in expected]


def test_a_year_is_divided_into_months_without_gaps() -> None:
    found = buckets(date(2025, 12, 15), date(2026, 12, 14))
    assert len(found) == 13
    assert (found[0].first, found[-1].last) == (date(2025, 12, 15), date(2026, 12, 14))
    assert all(after.first - before.last == timedelta(days=1) for before, after in itertools.pairwise(found))


def test_small_numbers_are_not_told(desk: Client, choose: Choose) -> None:
    now = timezone.now()
    choose("accept_all", times=SMALLEST - 1, when=now)
    page = desk.get(URL).content.decode()
    assert f"fewer than {SMALLEST}" in page
    assert "100 %" not in page.replace("<span>100 %</span>", "")
    assert 'class="chart__dot"' not in page
    choose("accept_all", when=now)
    page = desk.get(URL).content.decode()
    assert "100 %" in page.replace("<span>100 %</span>", "")
    assert page.count('class="chart__dot"') == 3


def test_the_page_shows_each_chart_with_its_table_and_words(desk: Client, choose: Choose) -> None:
    choose("accept_all", times=6, when=timezone.now())
    choose("reject_all", times=2, when=timezone.now())
    page = desk.get(URL).content.decode()
    assert "<b>8</b> choices" in page
    assert '<title id="title-analytics">Share of choices that accepted Analytics</title>' in page
    assert "Between 75 % and 75 %" in page
    assert page.count("<summary>Numbers:") == 4
    assert "style=" not in page.split('<div class="statistics">')[1]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"first": "2026-03-02", "last": "2026-03-01"}, "ends before it begins"),
        ({"first": "1990-01-01", "last": "2026-01-01"}, "at most five years"),
        ({"first": "yesterday"}, "Enter a valid date"),
        ({"notice": "9999"}, "Select a valid choice"),
        ({"surface": "popup"}, "Select a valid choice"),
    ],
)
def test_a_question_that_makes_no_sense_is_explained(desk: Client, query: dict[str, str], words: str) -> None:
    response = desk.get(URL, query)
    assert response.status_code == 200
    assert words in response.content.decode()


def test_a_million_records_of_closed_days_cost_nothing(desk: Client, choose: Choose) -> None:
    """Their number shows in no query: records are read since the last closed day only, by the index on time."""
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    choose(when=yesterday)
    choose("reject_all", when=now)
    aggregate_choices(through=yesterday.date(), at=night(yesterday.date()))

    def queries_of() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(URL).status_code == 200
        return [query["sql"] for query in queries if "consent_" in query["sql"] and "auth_" not in query["sql"]]

    before = queries_of()
    record = ConsentRecord.objects.order_by("created_at").values().first()
    assert record
    ConsentRecord.objects.bulk_create(
        ConsentRecord(**record | {"id": None, "receipt_sha256": secrets.token_hex(32)}) for _ in range(2000)
    )
    after = queries_of()
    assert len(after) == len(before) <= 8
    [live] = [sql for sql in after if "consent_consentrecord" in sql]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE consent_consentrecord")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{live}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "consent_consentrecord_created_at" in plan


def test_only_those_with_the_permission_see_statistics(client: Client, editor: User) -> None:
    assert client.get(URL).status_code == 302
    client.force_login(editor)
    assert client.get(URL).status_code == 403
    viewer = person("vera", "Vera Viewer")
    client.force_login(viewer)
    assert "Statistics" not in client.get("/admin/").content.decode()
    viewer.user_permissions.add(Permission.objects.get(codename="view_statistics"))
    assert client.get(URL).status_code == 200
    assert URL in client.get("/admin/").content.decode()
    assert client.post(URL).status_code == 405

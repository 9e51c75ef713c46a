"""Consent: writing beside a bare INSERT, sealing beside a bare UPDATE, verifying beside a plain read of the rows."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import multiprocessing.synchronize
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import django

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402  (settings first)
from django.db import connection, models  # noqa: E402  (settings first)
from django.utils import timezone  # noqa: E402  (settings first)

from bench.figures import Figure, by_turns  # noqa: E402  (settings first)
from consent.actions import choosing, seal_ledger, verify_ledger  # noqa: E402  (settings first)
from consent.ledger import receipt_hash  # noqa: E402  (settings first)
from consent.ledger.rows import read  # noqa: E402  (settings first)
from consent.models import ConsentRecord, Notice  # noqa: E402  (settings first)
from tests.consent.ledger import add_records  # noqa: E402  (settings first)

WRITERS = 8
PAGE = 4_096
#: Seconds until the others stop waiting for a writer that has failed.
LONGEST = 120


class BareRecord(models.Model):
    """The same content in a table without hashes, MAC, triggers or ledger."""

    receipt_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    action = models.CharField(max_length=10)
    answers = models.JSONField()
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    surface = models.CharField(max_length=11)
    gpc = models.BooleanField()

    objects: models.Manager[BareRecord] = models.Manager()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return self.receipt_sha256


def bare_insert(*, receipt: str, notice: Notice, at: datetime, **content: Any) -> ConsentRecord:
    """What the view would do without the ledger."""
    fields = {
        "receipt_sha256": receipt_hash(receipt),
        "created_at": at,
        "expires_at": at + timedelta(days=182),
        "notice": notice,
        "language": notice.language,
        **content,
    }
    BareRecord.objects.create(**fields)
    return ConsentRecord(**fields)


def write(kind: str, seconds: float, barrier: Any, written: Any, number: int) -> None:
    """One writer: post choices to the view, through everything that a request goes through, until time is over."""
    if kind == "bare":
        choosing._insert = bare_insert
    application = get_wsgi_application()
    notice = Notice.objects.get().sha256
    form = {"choice": "save", "categories": "analytics", "notice": notice, "surface": "banner", "next": "/"}
    body = urlencode(form).encode()
    statuses: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., object]:
        statuses.append(status)
        return statuses.append

    connection.close()
    addresses = itertools.count(number << 20)
    barrier.wait(LONGEST)
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        address = next(addresses)
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/consent/",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            # Everybody is another visitor.
            "REMOTE_ADDR": f"10.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        application(environ, start_response).close()
        if statuses.pop() != "303 See Other":
            raise SystemExit("a choice was refused")
        count += 1
    written.put(count)


def writes(kind: str, seconds: float, number: int) -> float:
    """Return how many choices a second all writers together have answered."""
    context = multiprocessing.get_context("spawn")
    barrier, written = context.Barrier(number), context.Queue()
    writers = [context.Process(target=write, args=(kind, seconds, barrier, written, place)) for place in range(number)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise SystemExit("a writer failed")
    return float(sum(written.get() for _ in writers) / seconds)


def rate(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - start)


def seal() -> int:
    return seal_ledger(at=timezone.now()).sealed


def verify() -> int:
    found = verify_ledger(at=timezone.now())
    if found.fault:
        raise SystemExit(str(found.fault))
    return found.records


def plain_read() -> int:
    """Read the columns that a verification reads, and do nothing with them."""
    size = ConsentRecord.objects.sealed().count()
    for first in range(0, size, PAGE):
        list(read(ConsentRecord.objects.filter(index__gte=first, index__lt=first + PAGE).order_by("index")))
    return size


def bare_update(count: int) -> Callable[[], int]:
    """Write a number and a text into as many rows of a table without triggers, with one statement for each batch."""
    notice = Notice.objects.get()
    now = timezone.now()
    BareRecord.objects.all().delete()
    BareRecord.objects.bulk_create(
        (
            BareRecord(
                receipt_sha256=secrets.token_hex(32),
                created_at=now,
                expires_at=now,
                action="save",
                answers={},
                notice=notice,
                language="en",
                surface="banner",
                gpc=False,
            )
            for _ in range(count)
        ),
        batch_size=2_048,
    )
    first = BareRecord.objects.order_by("pk").values_list("pk", flat=True)[0]

    def update() -> int:
        for start in range(first, first + count, 2_048):
            BareRecord.objects.filter(pk__gte=start, pk__lt=start + 2_048).update(
                receipt_sha256=models.functions.Concat(
                    models.F("action"), models.F("pk"), output_field=models.TextField()
                )
            )
        return count

    return update


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    """Measure in an empty database, which has ``size`` records in the end; sealing and verifying also at a tenth."""
    with connection.schema_editor() as editor:
        editor.create_model(BareRecord)
    figures: list[Figure] = []
    sizes = (size // 10, size)
    updated = (rate(bare_update(sizes[0])),)
    for records in sizes:
        missing = records - ConsentRecord.objects.count()
        begin, every = timezone.now(), timedelta(microseconds=1)  # since the notice was published
        for start in range(0, missing, 10_000):
            add_records(min(10_000, missing - start), at=begin + start * every, every=every)
        sealed = (rate(seal),)
        found = by_turns({"verify": lambda: rate(verify), "read": lambda: rate(plain_read)}, rounds=2)
        figures += [
            Figure(
                "sealing",
                f"Sealing, up to {records:,} records",
                "a second",
                records,
                sealed,
                "a bare UPDATE of rows, without triggers",
                updated,
            ),
            Figure(
                "verifying",
                f"Verifying {records:,} records",
                "a second",
                records,
                found["verify"],
                "reading the same rows and no more",
                found["read"],
            ),
        ]
    number = WRITERS if seconds >= 1 else 1
    # Last, as nobody knows how many records it adds.
    found = by_turns(
        {"ledger": lambda: writes("ledger", seconds, number), "bare": lambda: writes("bare", seconds, number)},
        rounds=rounds,
    )
    beside = "the same view with a bare committed INSERT"
    figures.append(
        Figure("choices", f"Choices by {number} writers", "a second", size, found["ledger"], beside, found["bare"])
    )
    return figures

"""The ledger under SIGKILL: servers and sealing jobs die at any moment, and no choice that was answered is lost."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlsplit

from tests.folders import ROOT
from tests.sites import Site
from tests.waiting import eventually

WRITERS = 3
STATE = """
import json
from consent.ledger import receipt_hash
from consent.models import Checkpoint, ConsentRecord
newest = Checkpoint.objects.first()
print(json.dumps({
    "receipts": list(ConsentRecord.objects.values_list("receipt_sha256", flat=True)),
    "indexes": list(ConsentRecord.objects.sealed().values_list("index", flat=True)),
    "waiting": ConsentRecord.objects.unsealed().count(),
    "size": newest.size if newest else 0,
}))
"""
MANY = """
from datetime import timedelta
from django.utils import timezone
from tests.consent.ledger import add_records
add_records({count}, at=timezone.now() - timedelta(days=1))
"""


def state(site: Site) -> dict[str, object]:
    read: dict[str, object] = json.loads(site.python(STATE))
    return read


def choose(site: Site, notice: str, acknowledged: list[str], stop: threading.Event) -> None:
    """Post choices, each by another visitor, and keep the receipts of those that were answered."""
    host, port = urlsplit(site.url).hostname or "", urlsplit(site.url).port
    form = {"choice": "save", "categories": "analytics", "notice": notice, "surface": "banner", "next": "/"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    while not stop.is_set():
        with (
            # The server is killed in the middle of it: then nobody was told that a choice was recorded.
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(http.client.HTTPConnection(host, port, timeout=60)) as connection,
        ):
            connection.request("POST", "/consent/", urlencode(form), headers)
            answer = connection.getresponse()
            if answer.status == 303:
                cookies = " ".join(value for name, value in answer.getheaders() if name.lower() == "set-cookie")
                found = re.search(r"consent_receipt=([\w-]{32})", cookies)
                assert found
                acknowledged.append(found[1])


def is_longer(found: list[str], than: int) -> bool:
    return len(found) > than


def test_no_acknowledged_choice_is_lost_when_the_server_is_killed(new_site: Callable[..., Site]) -> None:
    site = new_site(CONSENT_CHOICES_PER_HOUR="1000000")
    site.stop()
    notice = site.python("from consent.models import Notice; print(Notice.objects.get().sha256)")
    acknowledged: list[str] = []
    for more in (10, 20, 30):
        site.start()
        enough = len(acknowledged) + more
        stop = threading.Event()
        writers = [threading.Thread(target=choose, args=(site, notice, acknowledged, stop)) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        eventually(partial(is_longer, acknowledged, enough), "choices are answered")
        site.kill()
        stop.set()
        for writer in writers:
            writer.join(timeout=60)
    assert len(acknowledged) > 20
    kept = state(site)["receipts"]
    assert isinstance(kept, list)
    assert {hashlib.sha256(receipt.encode()).hexdigest() for receipt in acknowledged} <= set(kept)
    site.manage("seal_consent_ledger")
    assert f"All {len(kept)} records" in site.manage("verify_consent_ledger").replace(",", "")


def sealing(site: Site) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "seal_consent_ledger"],
        cwd=ROOT,
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_a_sealing_job_that_is_killed_loses_nothing_and_the_next_goes_on(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.python(MANY.format(count=6_500))
    dice = random.Random(6962)  # noqa: S311  (moments, not secrets)
    for _ in range(4):
        job = sealing(site)
        # Not a wait for anything: the moment of the kill is what is tried.
        time.sleep(dice.uniform(0.4, 1.6))
        job.kill()
        job.communicate()
        now = state(site)
        assert isinstance(now["indexes"], list)
        # Whole batches, or nothing: what is sealed is contiguous, and there is a head over exactly that.
        assert now["indexes"] == list(range(len(now["indexes"])))
        assert now["size"] == len(now["indexes"])
    site.manage("seal_consent_ledger")
    assert state(site)["waiting"] == 0
    out = site.manage("verify_consent_ledger", "--against", f"{site.environment['DATA_DIR']}/consent/heads.txt")
    assert "All 6,500 records" in out


def test_two_sealing_jobs_at_once_take_turns(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.python(MANY.format(count=5_000))
    jobs = [sealing(site) for _ in range(3)]
    for job in jobs:
        _, errors = job.communicate(timeout=120)
        assert job.returncode == 0, errors.decode()
    assert state(site)["indexes"] == list(range(5_000))
    assert "All 5,000 records" in site.manage("verify_consent_ledger")

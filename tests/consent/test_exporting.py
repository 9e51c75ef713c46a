"""What a regulator gets: complete, explained, and checked by a program that uses nothing of ours."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from consent.actions import erase_record, export_records, publish_notice, record_choice, seal_ledger
from consent.ledger import checkpoint
from consent.ledger.checkpoint import Head, write
from consent.ledger.keys import current_key, origin, public_keys
from consent.ledger.proofs import consistency_proof
from consent.models import Checkpoint, ConsentEvent, ConsentRecord
from consent.receipts.exporting import Export, defused
from tests.consent.ledger import add_record, add_records
from tests.people import NOON, person

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
URL = "/admin/consent/consentrecord/export/"
Unpack = Callable[..., Path]


@pytest.fixture(scope="module")
def receipts(shared_database: None) -> list[str]:
    """The receipts of 300 sealed records of one day."""
    receipts = add_records(300, at=NOON)
    seal_ledger(at=NOON + timedelta(hours=1))
    return receipts


@pytest.fixture
def sealed(receipts: list[str], at: datetime, db: None) -> list[str]:
    """The receipts of 300 sealed records of one day; the fourth was erased."""
    erase_record(receipt=receipts[3], at=at + timedelta(hours=2))
    return list(receipts)


@pytest.fixture
def unpack(tmp_path: Path, at: datetime) -> Unpack:
    def unpack(form: str = "csv", *, first: date = DAY, last: date = DAY) -> Path:
        export = export_records(first=first, last=last, format=form, by=None, at=at + timedelta(days=1))
        folder = tmp_path / form
        with zipfile.ZipFile(io.BytesIO(b"".join(export.chunks()))) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
        return folder

    return unpack


def verify(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier of the export as a stranger would: without this project, its settings and its packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), str(folder), *options],
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd=folder,
    )


def sum_up(folder: Path) -> None:
    """Make SHA256SUMS fit again, as a forger would."""
    names = [line.partition("  ")[2] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    (folder / "SHA256SUMS").write_text(
        "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    )


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_stranger_checks_the_export_with_the_verifier_alone(
    sealed: list[str],
    unpack: Unpack,
    form: str,
) -> None:
    done = verify(unpack(form))
    assert (done.returncode, done.stderr) == (0, "")
    said, *unchecked = done.stdout.splitlines()
    assert said == "All 300 records are unchanged since they were sealed, and are covered by the checkpoint."
    assert unchecked[0] == "Not checked:"
    for words in ("all records of the period", "--key", "--head"):
        assert any(words in line for line in unchecked), words


@pytest.mark.parametrize(
    ("form", "name", "old", "new", "words"),
    [
        ("csv", "records", "accept_all", "reject_all", "was changed after it was sealed"),
        ("json", "records", "accept_all", "reject_all", "was changed after it was sealed"),
        ("csv", "records", "2026-03-02T12:00:07", "2026-03-02T12:00:08", "was changed after it was sealed"),
        ("json", "records", "2026-03-02T12:00:07", "2026-03-02T12:00:08", "was changed after it was sealed"),
        # The other files are the same in both forms.
        ("csv", "proofs.jsonl", '"index": 5,', '"index": 6,', "belongs to another record"),
        ("json", "checkpoint.txt", "\n300\n", "\n301\n", "none of the keys signed the checkpoint"),
        ("json", "notices", "We use cookies", "We do nothing", "does not match its name"),
    ],
)
def test_a_forged_export_is_caught_and_the_place_named(
    sealed: list[str],
    unpack: Unpack,
    form: str,
    name: str,
    old: str,
    new: str,
    words: str,
) -> None:
    folder = unpack(form)
    path = next(folder.glob(f"{name}*/*.json" if name == "notices" else f"{name}*"))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = verify(folder)
    assert (done.returncode, "does not match SHA256SUMS" in done.stderr) == (1, True)
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_swapped_lost_and_foreign_proofs_are_caught(sealed: list[str], unpack: Unpack) -> None:
    folder = unpack("json")
    path = folder / "proofs.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    first = json.loads(lines[0])
    for forged, words in [
        ([lines[1], lines[0], *lines[2:]], "belongs to another record"),
        (lines[:-1], "has no proof"),
        ([*lines, lines[0]], "more proofs than records"),
        ([json.dumps(first | {"path": first["path"][:-1]}) + "\n", *lines[1:]], "too short"),
        ([json.dumps(first | {"path": [*first["path"], "00" * 32]}) + "\n", *lines[1:]], "too long"),
        (
            [json.dumps(first | {"path": ["00" * 32, *first["path"][1:]]}) + "\n", *lines[1:]],
            "is not covered by the checkpoint",
        ),
    ]:
        path.write_text("".join(forged))
        sum_up(folder)
        done = verify(folder)
        assert done.returncode == 1, words
        assert words in done.stderr


def rewrite_rows(folder: Path, change: Callable[[list[dict[str, str]]], object]) -> None:
    """Change the rows of the CSV as a forger would, who lets everything else fit."""
    path = folder / "records.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    sum_up(folder)


@pytest.mark.parametrize(
    ("index", "name", "cell"),
    [
        (3, "action", "accept_all"),  # erased
        (3, "accepted", "analytics marketing necessary"),
        (3, "gpc", "false"),
        (3, "salt", "00" * 16),
        (1, "gpc", "TRUE"),
        (1, "gpc", "no"),
        (1, "index", "01"),
        (1, "index", "0_1"),
        (1, "accepted", "necessary necessary"),
        (1, "action", "'reject_all"),
    ],
)
def test_every_cell_is_compared_with_what_was_sealed(
    sealed: list[str], unpack: Unpack, index: int, name: str, cell: str
) -> None:
    folder = unpack()
    rewrite_rows(folder, lambda rows: rows[index].update({name: cell}))
    done = verify(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert name in done.stderr
    assert "is not what was sealed" in done.stderr


def test_a_record_that_is_listed_again_is_caught(sealed: list[str], unpack: Unpack) -> None:
    folder = unpack()
    rewrite_rows(folder, lambda rows: rows.__setitem__(slice(4, 5), [rows[4]] * 51))
    proofs = (folder / "proofs.jsonl").read_text().splitlines(keepends=True)
    (folder / "proofs.jsonl").write_text("".join(proofs[:4] + [proofs[4]] * 51 + proofs[5:]))
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, "record 4 is listed after record 4" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"gpc": true', '"gpc": false, "gpc": true'),
        ('"index": 0,', '"index": 0, "name": "Ann",'),
        ('"personal": null', '"personal": {"action": "accept_all"}'),
    ],
)
def test_a_line_of_json_says_each_thing_once_and_nothing_else(
    sealed: list[str], unpack: Unpack, old: str, new: str
) -> None:
    folder = unpack("json")
    text = (folder / "records.jsonl").read_text(encoding="utf-8")
    assert old in text
    (folder / "records.jsonl").write_text(text.replace(old, new, 1), encoding="utf-8")
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("records.jsonl", lambda text: text.replace("\n", "\n\n", 1), "line 2 of records.jsonl is blank"),
        (
            "records.jsonl",
            lambda text: text + "<html>\n",
            "line 301 of records.jsonl is not JSON, but begins with '<html>'",
        ),
        ("proofs.jsonl", lambda text: text.replace("\n", "\n\n", 1), "line 2 of proofs.jsonl is blank"),
        ("proofs.jsonl", lambda text: text.replace("{", "[", 1), "line 1 of proofs.jsonl is not JSON"),
        ("journal.jsonl", lambda text: "\n" + text, "line 1 of journal.jsonl is blank"),
        ("journal.jsonl", lambda text: text.replace('"number"', '"no"', 1), "lacks 'number'"),
        ("publications.jsonl", lambda text: "\n" + text, "line 1 of publications.jsonl is blank"),
        (
            "checkpoint.txt",
            lambda _: "<!doctype html>\n\n<p>Heads</p>\n",
            "checkpoint.txt is not a checkpoint but a web page",
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    sealed: list[str], unpack: Unpack, file: str, change: Callable[[str], str], words: str
) -> None:
    folder = unpack("json")
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr


def test_a_page_that_was_saved_instead_of_a_proof_is_said(sealed: list[str], unpack: Unpack, tmp_path: Path) -> None:
    page = tmp_path / "heads.html"
    page.write_text("<!doctype html>\n\n<p>Heads</p>\n", encoding="utf-8")
    folder = unpack()
    assert "heads.html is not a checkpoint but a web page" in verify(folder, "--head", str(page)).stderr
    earlier = Checkpoint.objects.latest("pk")
    head = Head(earlier.note.partition("\n")[0], 200, b"\x07" * 32)
    (tmp_path / "kept.txt").write_text(write(head, [current_key().signer(origin())]), encoding="utf-8")
    done = verify(folder, "--head", str(tmp_path / "kept.txt"), "--consistency", str(page))
    assert (done.returncode, "heads.html is not JSON, but begins with '<!doctype html>" in done.stderr) == (1, True)


def test_a_second_file_of_records_is_no_part_of_an_export(sealed: list[str], unpack: Unpack) -> None:
    folder = unpack("json")
    (folder / "records.csv").write_text("forged")
    done = verify(folder)
    assert (done.returncode, "records.csv is not listed" in done.stderr) == (1, True)


def test_a_backdated_record_is_caught(sealed: list[str], unpack: Unpack, at: datetime, tmp_path: Path) -> None:
    earlier = Checkpoint.objects.latest("pk")
    add_records(1, at=at - timedelta(days=40))
    seal_ledger(at=at + timedelta(hours=3))
    newest = Checkpoint.objects.latest("pk")
    done = verify(unpack(first=DAY - timedelta(days=60)))
    assert (done.returncode, "record 300 is backdated" in done.stderr) == (1, True)
    # By itself it looks in order, but not beside a head that was signed before.
    folder = unpack("json", first=DAY - timedelta(days=60), last=DAY - timedelta(days=30))
    assert verify(folder).returncode == 0
    options = kept_outside(tmp_path, earlier, newest)
    done = verify(folder, *options)
    assert (done.returncode, "record 300 is backdated" in done.stderr) == (1, True)


def test_a_choice_that_holds_for_ten_years_is_caught(sealed: list[str], unpack: Unpack, at: datetime) -> None:
    add_record(at=at + timedelta(hours=2), lasts=timedelta(days=3_650))
    seal_ledger(at=at + timedelta(hours=3))
    done = verify(unpack())
    assert (done.returncode, done.stderr) == (
        1,
        "WRONG: record 300 is valid for 3650 days, longer than the limit of 182\n",
    )


def test_a_record_from_before_its_notice_is_caught(
    sealed: list[str], unpack: Unpack, at: datetime, operator: User
) -> None:
    CookieGroup.objects.filter(varname="analytics").update(name="Counting")
    notice = publish_notice(by=operator, at=at + timedelta(hours=2), material=True, reason="Renamed")
    add_record(at=at + timedelta(hours=1), notice=notice)
    seal_ledger(at=at + timedelta(hours=3))
    done = verify(unpack())
    assert (done.returncode, done.stderr) == (
        1,
        "WRONG: record 300 was made before its notice was published\n",
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("publications.jsonl", '"published_at":"2025', '"published_at":"2024', "is not in the journal"),
        ("publications.jsonl", '"material":true', '"material":false', "is not in the journal"),
        ("journal.jsonl", '"sha256": "', '"sha256": "0', "not valid"),
        ("journal.jsonl", '"number": 1,', '"number": 2,', "entry 1 of the journal is missing"),
    ],
)
def test_what_the_journal_says_of_notices_cannot_be_changed(
    sealed: list[str], unpack: Unpack, name: str, old: str, new: str, words: str
) -> None:
    folder = unpack("json")
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, words in done.stderr) == (1, True), done.stderr


def test_an_export_from_before_the_journal_still_verifies_and_says_what_is_missing(
    sealed: list[str], unpack: Unpack, at: datetime
) -> None:
    folder = unpack("json")
    head = checkpoint.read((folder / "checkpoint.txt").read_text(encoding="utf-8")).head
    old = write(Head(head.origin, head.size, head.root, head.at), [current_key().signer(origin())])
    (folder / "checkpoint.txt").write_text(old, encoding="utf-8")
    for name in ("journal.jsonl", "publications.jsonl"):
        (folder / name).unlink()
    listed = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    listing = [
        line for line in listed if line.partition("  ")[2].strip() not in ("journal.jsonl", "publications.jsonl")
    ]
    (folder / "SHA256SUMS").write_text("".join(listing))
    sum_up(folder)
    done = verify(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "when each notice was published" in done.stdout


def kept_outside(folder: Path, earlier: Checkpoint, newest: Checkpoint) -> list[str]:
    """Write a head that was kept, and the proof that the newest continues it, as the site answers it."""
    head, proof = folder / "kept.txt", folder / "consistency.json"
    head.write_text(earlier.note, encoding="utf-8")
    proof.write_bytes(Client().get(f"/consent/heads/{earlier.size}/{newest.size}/").content)
    return ["--head", str(head), "--consistency", str(proof)]


def test_an_earlier_head_is_held_against_the_export_by_a_proof(
    sealed: list[str], unpack: Unpack, at: datetime, tmp_path: Path
) -> None:
    earlier = Checkpoint.objects.latest("pk")
    add_records(7, at=at + timedelta(hours=2))
    seal_ledger(at=at + timedelta(hours=3))
    newest = Checkpoint.objects.latest("pk")
    folder = unpack()
    options = kept_outside(tmp_path, earlier, newest)
    assert (verify(folder, *options).returncode, verify(folder, *options).stderr) == (0, "")
    done = verify(folder, *options[:2])
    assert (done.returncode, "/consent/heads/300/307/" in done.stderr) == (1, True)


def test_a_ledger_that_was_rewritten_with_the_key_does_not_continue_a_head_from_outside(
    sealed: list[str], unpack: Unpack, at: datetime, tmp_path: Path, settings: Any
) -> None:
    newest = Checkpoint.objects.latest("pk")
    # A head of another history, signed with the same key and over fewer records.
    stranger = write(Head(newest.note.partition("\n")[0], 200, b"\x07" * 32, at), [current_key().signer(origin())])
    (tmp_path / "kept.txt").write_text(stranger, encoding="utf-8")
    path = [digest.hex() for digest in consistency_proof(200, 300)]
    (tmp_path / "proof.json").write_text(json.dumps({"old": {"size": 200}, "new": {"size": 300}, "path": path}))
    done = verify(unpack(), "--head", str(tmp_path / "kept.txt"), "--consistency", str(tmp_path / "proof.json"))
    assert (done.returncode, "the history was rewritten" in done.stderr) == (1, True)


def test_another_key_and_an_earlier_head_are_held_against_it(
    sealed: list[str], unpack: Unpack, at: datetime, settings: Any
) -> None:
    folder = unpack()
    [own] = (folder / "public-keys.txt").read_text().split()
    assert verify(folder, "--key", own, "--head", str(folder / "checkpoint.txt")).returncode == 0
    settings.CONSENT_SIGNING_KEY = "another key of at least thirty-two characters"
    done = verify(folder, "--key", str(public_keys()[0]))
    assert (done.returncode, "none of the keys" in done.stderr) == (1, True)


def test_the_export_never_holds_a_receipt_but_its_hash(sealed: list[str], unpack: Unpack) -> None:
    folder = unpack()
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    assert not [receipt for receipt in sealed if receipt in text]
    assert hashlib.sha256(sealed[0].encode()).hexdigest() in text
    assert hashlib.sha256(sealed[3].encode()).hexdigest() not in text  # erased


def test_an_erased_record_stays_provable_and_says_nothing(sealed: list[str], unpack: Unpack) -> None:
    rows = list(csv.DictReader(io.StringIO((unpack() / "records.csv").read_text(encoding="utf-8"))))
    erased = rows[3]
    assert [erased[name] for name in ("action", "accepted", "refused", "language", "receipt_sha256", "salt")] == [
        ""
    ] * 6
    assert len(erased["personal_sha256"]) == 64
    assert rows[0]["personal_sha256"] == ""


def test_only_the_period_is_exported_and_what_waits_is_counted(sealed: list[str], unpack: Unpack, at: datetime) -> None:
    add_records(3, at=at)
    add_records(2, at=at + timedelta(days=1))
    folder = unpack()
    assert len((folder / "proofs.jsonl").read_text().splitlines()) == 300
    assert "3 further records of the period had not been sealed" in (folder / "README.md").read_text()
    seal_ledger(at=at + timedelta(days=2))
    export = export_records(first=DAY + timedelta(days=1), last=DAY + timedelta(days=9), format="csv", by=None, at=at)
    assert (export.number, export.waiting) == (2, 0)


def test_the_readme_explains_every_column(sealed: list[str], unpack: Unpack) -> None:
    folder = unpack()
    readme = (folder / "README.md").read_text()
    columns = (folder / "records.csv").read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
    assert [column for column in columns if f"`{column}`" not in readme] == []
    listed = {line.partition("  ")[2] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert listed == files - {"SHA256SUMS"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'x"])
def test_no_cell_begins_a_formula(cell: str) -> None:
    assert defused(cell) == f"'{cell}"
    assert defused("analytics -x =y") == "analytics -x =y"


def test_a_category_that_looks_like_a_formula_is_text_and_still_verifies(
    sealed: list[str], unpack: Unpack, at: datetime
) -> None:
    CookieGroup.objects.create(varname="-2", name="Minus two", description="An odd name.", ordering=9)
    notice = publish_notice(by=person("olga", "Olga Nwosu"), at=at, material=True, reason="Test")
    record_choice(
        choice="save", categories=["-2"], notice=notice.sha256, surface="banner", gpc=False, receipt="", at=at
    )
    seal_ledger(at=at + timedelta(hours=3))
    folder = unpack()
    cells = [cell for line in csv.reader(io.StringIO((folder / "records.csv").read_text())) for cell in line]
    assert "'-2 necessary" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert verify(folder).returncode == 0


def test_each_export_leaves_an_event_before_its_first_byte(sealed: list[str], at: datetime) -> None:
    user = person("olga", "Olga Nwosu", "Site operators")
    export_records(first=DAY, last=DAY, format="json", by=user, at=at)
    event = ConsentEvent.objects.filter(verb="exported").get()
    assert (event.by, event.by_name) == (user, "Olga Nwosu")
    assert event.details == {"from": "2026-03-02", "to": "2026-03-02", "records": 300, "format": "json"}


def test_operators_export_from_the_admin_by_post_only(client: Client, sealed: list[str]) -> None:
    client.force_login(person("olga", "Olga Nwosu", "Site operators"))
    assert f'href="{URL}"' in client.get("/admin/consent/consentrecord/").content.decode()
    assert client.get(URL, {"first": "2026-03-02"}).status_code == 200
    response: Any = client.post(URL, {"first": "2026-03-02", "last": "2026-03-02", "format": "csv"})
    assert response.streaming
    assert response["Content-Disposition"] == 'attachment; filename="consent-records-2026-03-02-2026-03-02.zip"'
    assert "no-store" in response["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        assert "verify.py" in archive.namelist()
    backwards = client.post(URL, {"first": "2026-03-02", "last": "2026-03-01", "format": "csv"})
    assert "The period ends before it begins." in backwards.content.decode()
    assert ConsentEvent.objects.filter(verb="exported").count() == 1


def test_seeing_records_is_not_exporting_them(client: Client, sealed: list[str]) -> None:
    viewer = person("vera", "Vera Viewer")
    viewer.user_permissions.add(Permission.objects.get(codename="view_consentrecord"))
    client.force_login(viewer)
    assert URL not in client.get("/admin/consent/consentrecord/").content.decode()
    for response in (client.get(URL), client.post(URL, {"first": "2026-03-02", "last": "2026-03-02", "format": "csv"})):
        assert response.status_code == 403


def test_the_command_writes_a_file_for_its_owner_and_never_over_another(
    sealed: list[str], tmp_path: Path, editor: User, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.zip"
    arguments = ["export_consent_records", "--from=2026-03-01", "--to=2026-03-31", f"--output={path}"]
    call_command(*arguments)
    assert "300 records are in" in capsys.readouterr().out
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="already exists"):
        call_command(*arguments)
    with pytest.raises(CommandError, match="who can export"):
        call_command(*arguments[:3], f"--output={tmp_path / 'b.zip'}", "--as=edith")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command(*arguments[:3], f"--output={tmp_path / 'missing' / 'b.zip'}")
    assert ConsentRecord.objects.count() == 300


def test_the_name_of_the_file_says_the_period(sealed: list[str], at: datetime) -> None:
    export: Export = export_records(first=DAY, last=DAY, format="csv", by=None, at=at)
    assert export.file_name == "consent-records-2026-03-02-2026-03-02.zip"

"""The clock seals records: their places, the signed heads, rotation of keys, proofs, and the ways out."""

from __future__ import annotations

import base64
import hmac
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from consent.actions import LedgerDamaged, UnknownSigningKey, publish_heads, seal_ledger
from consent.actions.heads import heads_file
from consent.ledger import checkpoint, journal, sign
from consent.ledger.checkpoint import BadNote, Head, Signer
from consent.ledger.keys import SigningKey, current_key, public_keys
from consent.ledger.proofs import consistency_proof, inclusion_proof
from consent.ledger.rows import Leaves, read
from consent.ledger.tree import BLOCK, Frontier, check_consistency, root_by_inclusion
from consent.models import Checkpoint, ConsentEvent, ConsentRecord, HeadDelivery, LedgerBlock
from tests.consent.ledger import add_records
from tests.consent.tampering import tamper

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def newest() -> Checkpoint:
    head = Checkpoint.objects.first()
    assert head
    return head


def test_the_quick_way_to_a_leaf_makes_the_same_bytes_as_the_slow_one(at: datetime) -> None:
    add_records(60, at=at, every=timedelta(milliseconds=1_700, microseconds=10))
    add_records(1, at=at)
    leaves = Leaves()
    rows = {row[0]: row for row in read(ConsentRecord.objects.all())}
    for record in ConsentRecord.objects.select_related("notice"):
        assert record.salt
        assert leaves.leaf(rows[record.pk]) == record.choice().leaf(bytes.fromhex(record.salt))


def test_sealing_gives_contiguous_places_in_order_and_signs_a_head(at: datetime) -> None:
    add_records(300, at=at)
    outcome = seal_ledger(at=at)
    assert (outcome.sealed, outcome.refused) == (300, [])
    records = list(ConsentRecord.objects.sealed())
    assert [record.index for record in records] == list(range(300))
    assert [record.pk for record in records] == sorted(record.pk for record in records)
    frontier = Frontier()
    for record in records:
        frontier.append(bytes.fromhex(record.leaf))
    note = checkpoint.read(newest().note)
    assert note.head == Head("127.0.0.1:8000/consent", 300, frontier.root(), at, journal=journal.newest())
    assert note.signed_by(public_keys()) == public_keys()[0]
    assert LedgerBlock.objects.get().sha256


def test_sealing_goes_on_where_it_stopped_and_does_nothing_when_nothing_waits(at: datetime) -> None:
    sizes = []
    for count in (1, 254, 1, 0, 300, 1_000):
        add_records(count, at=at)
        seal_ledger(at=at)
        sizes.append(newest().size)
    assert sizes == [1, 255, 256, 256, 556, 1556]
    assert Checkpoint.objects.count() == 5
    frontier = Frontier()
    for leaf in ConsentRecord.objects.sealed().values_list("leaf", flat=True):
        frontier.append(bytes.fromhex(leaf))
    assert newest().root == frontier.root().hex()
    assert LedgerBlock.objects.filter(level=8).count() == 1556 // BLOCK
    assert LedgerBlock.objects.filter(level=10).count() == 1


def test_a_record_that_was_changed_before_sealing_is_named_and_left_out(at: datetime) -> None:
    add_records(5, at=at)
    pks = list(ConsentRecord.objects.unsealed().values_list("pk", flat=True))
    tamper("UPDATE consent_consentrecord SET action = 'accept_all' WHERE id = %s", pks[1])
    add_records(1, at=at, key="another key, which nobody of this site holds")
    outcome = seal_ledger(at=at)
    assert outcome.sealed == 4
    assert [pk for pk, _ in outcome.refused] == [pks[1], pks[4] + 1]
    assert "content" in outcome.refused[0][1]
    assert "unknown key" in outcome.refused[1][1]
    with pytest.raises(CommandError, match=f"primary key {pks[1]} was not sealed"):
        call_command("seal_consent_ledger")


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE consent_consentrecord SET leaf = '{'0' * 64}' WHERE \"index\" = 1",
        'DELETE FROM consent_consentrecord WHERE "index" = 1',
        f"UPDATE consent_checkpoint SET root = '{'0' * 64}', note = replace(note, 'consent', 'cons')",
        "DELETE FROM consent_checkpoint",
    ],
)
def test_nothing_is_signed_on_top_of_a_damaged_ledger(at: datetime, statement: str) -> None:
    add_records(3, at=at)
    seal_ledger(at=at)
    tamper(statement)
    add_records(1, at=at)
    with pytest.raises(LedgerDamaged):
        seal_ledger(at=at)
    assert ConsentRecord.objects.unsealed().count() == 1


def test_a_new_key_is_named_by_the_old_one_and_verifies_what_both_signed(at: datetime, settings: Settings) -> None:
    add_records(2, at=at)
    seal_ledger(at=at)
    old_key = public_keys()[0]
    settings.CONSENT_SIGNING_KEYS_OLD = [settings.CONSENT_SIGNING_KEY]
    settings.CONSENT_SIGNING_KEY = "the next key, with more than enough letters"
    new_key = public_keys()[0]
    add_records(1, at=at)
    add_records(1, at=at, key=settings.CONSENT_SIGNING_KEYS_OLD[0])  # a worker that wasn't restarted yet
    outcome = seal_ledger(at=at + HOUR)
    assert (outcome.rotated, outcome.sealed) == (True, 2)
    first, handed_over, last = (checkpoint.read(head.note) for head in Checkpoint.objects.order_by("pk"))
    assert first.signed_by([old_key]) == handed_over.signed_by([old_key]) == old_key
    assert handed_over.signed_by([new_key]) == last.signed_by([new_key]) == new_key
    assert (handed_over.head.size, handed_over.head.next_key) == (2, str(new_key))
    with pytest.raises(BadNote, match="None of this site's keys"):
        last.signed_by([old_key])
    event = ConsentEvent.objects.get()
    assert (event.verb, event.by_name, event.details["to"]) == ("rotated", "schedule", str(new_key))
    assert not seal_ledger(at=at + 2 * HOUR).rotated


def test_a_key_that_was_replaced_puts_in_nothing_after_a_day(at: datetime, settings: Settings) -> None:
    add_records(1, at=at)
    seal_ledger(at=at)
    stolen = settings.CONSENT_SIGNING_KEY
    settings.CONSENT_SIGNING_KEYS_OLD = [stolen]
    settings.CONSENT_SIGNING_KEY = "the next key, with more than enough letters"
    seal_ledger(at=at)
    add_records(1, at=at, key=stolen)
    assert seal_ledger(at=at + 24 * HOUR).sealed == 1
    add_records(1, at=at, key=stolen)
    add_records(1, at=at)
    outcome = seal_ledger(at=at + 25 * HOUR)
    assert outcome.sealed == 1
    assert "replaced more than a day ago" in outcome.refused[0][1]


def test_a_site_that_moves_hands_its_ledger_over_too(at: datetime, settings: Settings) -> None:
    add_records(1, at=at)
    seal_ledger(at=at)
    settings.SITE_URL = "https://glossary.example.org"
    add_records(1, at=at)
    assert seal_ledger(at=at).rotated
    names = [checkpoint.read(head.note).head.origin for head in Checkpoint.objects.order_by("pk")]
    assert names == ["127.0.0.1:8000/consent", "127.0.0.1:8000/consent", "glossary.example.org/consent"]


def test_without_the_key_of_before_nothing_is_sealed(at: datetime, settings: Settings) -> None:
    add_records(1, at=at)
    seal_ledger(at=at)
    settings.CONSENT_SIGNING_KEY = "the next key, with more than enough letters"
    add_records(1, at=at)
    with pytest.raises(UnknownSigningKey, match="CONSENT_SIGNING_KEYS_OLD"):
        seal_ledger(at=at)
    assert ConsentRecord.objects.unsealed().count() == 1


def test_every_record_can_be_proved_to_be_in_the_newest_head(at: datetime) -> None:
    add_records(300, at=at)
    seal_ledger(at=at)
    add_records(270, at=at)
    assert inclusion_proof(ConsentRecord.objects.unsealed()[0]) is None
    seal_ledger(at=at)
    for index in (0, 255, 256, 299, 300, 511, 512, 569):
        record = ConsentRecord.objects.get(index=index)
        proof = inclusion_proof(record)
        assert proof
        assert (proof["format"], proof["index"], proof["size"]) == ("consent-proof/1", index, 570)
        path = [bytes.fromhex(digest) for digest in proof["path"]]
        root = root_by_inclusion(bytes.fromhex(record.leaf), index, 570, path)
        assert root == checkpoint.read(proof["checkpoint"]).head.root == bytes.fromhex(proof["root"])


def test_a_head_is_proved_to_continue_an_earlier_one(at: datetime, client: Client) -> None:
    for count in (3, 300, 200, 700):
        add_records(count, at=at)
        seal_ledger(at=at)
    heads = list(Checkpoint.objects.order_by("pk"))
    for old in heads:
        for new in heads[heads.index(old) :]:
            path = consistency_proof(old.size, new.size)
            check_consistency(old.size, new.size, bytes.fromhex(old.root), bytes.fromhex(new.root), path)
    answer = client.get("/consent/heads/3/1203/").json()
    assert (answer["old"]["root"], answer["new"]["root"]) == (heads[0].root, heads[3].root)
    check_consistency(
        *(3, 1203, bytes.fromhex(heads[0].root), bytes.fromhex(heads[3].root)),
        [bytes.fromhex(digest) for digest in answer["path"]],
    )
    for sizes in ("4/1203", "1203/3", "3/99999999999999999999"):
        assert client.get(f"/consent/heads/{sizes}/").status_code == 404


def test_heads_are_published_as_page_notes_and_json(at: datetime, client: Client) -> None:
    assert "No checkpoint has been signed yet" in client.get("/consent/heads/").content.decode()
    assert client.get("/consent/heads/?format=text").content == b""
    for count in (2, 3):
        add_records(count, at=at)
        seal_ledger(at=at)
    page = client.get("/consent/heads/")
    assert "5 records" in page.content.decode()
    assert str(public_keys()[0]) in page.content.decode().replace("&#x2B;", "+")
    assert not page.cookies
    notes = checkpoint.split(client.get("/consent/heads/", headers={"Accept": "text/plain"}).content.decode())
    assert notes == [head.note for head in Checkpoint.objects.all()]
    data = client.get("/consent/heads/?format=json").json()
    assert data["keys"] == [str(public_keys()[0])]
    assert [head["size"] for head in data["heads"]] == [5, 2]
    assert data["heads"][0]["checkpoint"] == notes[0]
    assert client.post("/consent/heads/").status_code == 405


def test_every_head_is_added_to_the_file_once_and_again_when_the_file_is_lost(at: datetime) -> None:
    for _ in range(3):
        add_records(1, at=at)
        seal_ledger(at=at)
        publish_heads(at=at)
        publish_heads(at=at)
    written = [head.note for head in Checkpoint.objects.order_by("pk")]
    assert checkpoint.split(heads_file().read_text()) == written
    heads_file().unlink()
    publish_heads(at=at)
    assert checkpoint.split(heads_file().read_text()) == written


def test_a_folder_that_cannot_be_written_is_said_and_tried_again(at: datetime, settings: Settings) -> None:
    folder = settings.DATA_DIR
    settings.DATA_DIR = folder / "file"
    settings.DATA_DIR.write_text("not a folder")
    add_records(1, at=at)
    with pytest.raises(CommandError, match=r"not published \(file, failed 1 times\)"):
        call_command("seal_consent_ledger", verbosity=0)
    assert newest().size == 1  # sealed all the same
    settings.DATA_DIR = folder
    call_command("seal_consent_ledger", verbosity=0)
    assert HeadDelivery.objects.get().failures == 0
    assert len(checkpoint.split(heads_file().read_text())) == Checkpoint.objects.count()


@contextmanager
def unwritable_database() -> Iterator[None]:
    """Have the database refuse to write, as on a full disk."""
    before = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY" if connection.vendor == "postgresql" else "PRAGMA query_only = ON")
        yield
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA query_only = OFF")
    transaction.savepoint_rollback(before)


def test_a_database_that_cannot_be_written_is_said_and_tried_again(at: datetime) -> None:
    add_records(1, at=at)
    with unwritable_database(), pytest.raises(CommandError, match=r"The database refused: .*read-?only.*next run"):
        call_command("seal_consent_ledger", verbosity=0)
    assert not Checkpoint.objects.exists()
    call_command("seal_consent_ledger", verbosity=0)
    assert newest().size == 1


def test_the_newest_head_is_mailed_once_a_day(at: datetime, settings: Settings, mailoutbox: list[EmailMessage]) -> None:
    settings.CONSENT_HEADS_MAIL = ["witness@example.org"]
    for hours in (0, 1, 23, 25):
        add_records(1, at=at)
        seal_ledger(at=at + hours * HOUR)
        publish_heads(at=at + hours * HOUR)
    assert [mail.to for mail in mailoutbox] == [["witness@example.org"]] * 2
    assert newest().note in mailoutbox[1].body


def test_a_webhook_that_is_away_is_said_and_holds_up_nothing(at: datetime, settings: Settings) -> None:
    settings.CONSENT_HEADS_WEBHOOK = "https://127.0.0.1:9/heads"
    add_records(1, at=at)
    seal_ledger(at=at)
    file, webhook = publish_heads(at=at)
    assert (file.failures, webhook.failures) == (0, 1)
    assert "refused" in webhook.error
    assert publish_heads(at=at)[1].failures == 2


def test_each_new_head_is_posted_to_the_webhook_over_tls(
    at: datetime, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[str, str]] = []

    class Witness(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(500 if len(taken) == 1 else 204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Witness)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.CONSENT_HEADS_WEBHOOK = f"https://127.0.0.1:{server.server_port}/heads?of=us"
    add_records(1, at=at)
    seal_ledger(at=at)
    try:
        assert "CERTIFICATE_VERIFY_FAILED" in publish_heads(at=at)[1].error  # a stranger's, so far
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "witness.pem"))
        assert publish_heads(at=at)[1].error == "NotTaken: the webhook answered 500 Internal Server Error"
        assert publish_heads(at=at)[1].failures == 0
        publish_heads(at=at)
    finally:
        server.shutdown()
        server.server_close()
    assert taken == [("/heads?of=us", newest().note)] * 2


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "witness")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - HOUR)
        .not_valid_after(now + HOUR)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    path = folder / "witness.pem"
    path.write_bytes(pem)
    return path


def test_keys_follow_from_their_secret_and_nothing_else() -> None:
    one, other = SigningKey("secret"), SigningKey("Secret")
    assert one.signer("a").public == SigningKey("secret").signer("a").public
    assert one.signer("a").public.public != other.signer("a").public.public
    assert one.signer("a").public.key_id != one.signer("b").public.key_id
    leaf = bytes(32)
    assert len({one.mac(leaf), one.seal(0, leaf), one.seal(1, leaf), one.pruned(0, leaf), other.mac(leaf)}) == 5
    assert current_key().secret not in repr(current_key())


@pytest.mark.parametrize("length", [1, 32, 63, 64, 65, 200])
def test_prepared_macs_are_the_standard_librarys(length: int) -> None:
    secret, leaf = "é" + "k" * length, bytes(range(32))
    key = SigningKey(secret)
    assert key.mac(leaf) == sign(leaf, secret).hex()
    assert key.mac(leaf) == key.mac(leaf) == hmac.digest(secret.encode(), leaf, "sha256").hex()
    sealed = b"consent/seal/v1" + (7).to_bytes(8, "big") + leaf
    assert key.seal(7, leaf) == hmac.digest(secret.encode(), sealed, "sha256").hex()


def test_signatures_are_made_as_the_signed_note_format_has_it() -> None:
    # The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note: a public key and a note that others signed.
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text, _, signed = note.rpartition("\n\n")
    name, _, encoded = signed.strip().removeprefix("— ").partition(" ")
    public = checkpoint.PublicKey(name, base64.b64decode(key.rsplit("+", 1)[1])[1:])
    assert str(public) == key
    signature = base64.b64decode(encoded)
    parsed = checkpoint.Note(
        text + "\n", Head("x", 1, bytes(32)), (checkpoint.Signature(name, signature[:4], signature[4:]),)
    )
    assert parsed.signed_by([public]) == public
    broken = checkpoint.Note(text, parsed.head, parsed.signatures)
    with pytest.raises(BadNote, match="not valid"):
        broken.signed_by([public])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a\n1\n\n",
        "a\n1\nAAAA\n\n— a AAAAAAAA\n",
        "a\n01\n" + "A" * 43 + "=\n\n— a AAAAAAAA\n",
        "a\n-1\n" + "A" * 43 + "=\n\n— a AAAAAAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n- a AAAAAAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n— a !\n",
        "a\n1\n" + "A" * 43 + "=\ntime yesterday\n\n— a AAAAAAAA\n",
    ],
)
def test_what_is_no_signed_head_is_refused_with_a_reason(note: str) -> None:
    with pytest.raises(BadNote):
        checkpoint.read(note)


def test_a_head_is_read_as_it_was_written(at: datetime) -> None:
    signer = Signer("example.org/consent", bytes(range(32)))
    head = Head("example.org/consent", 12, bytes(32), at)
    note = checkpoint.write(head, [signer])
    assert checkpoint.read(note).head == head
    assert checkpoint.read(note).signed_by([signer.public]) == signer.public
    assert checkpoint.split(note + "\n" + note) == [note, note]
    with pytest.raises(BadNote, match="cut off"):
        checkpoint.split(note + "\n" + head.text())


@pytest.mark.slow
@pytest.mark.database
def test_sealing_costs_the_same_few_queries_however_large_the_ledger(at: datetime) -> None:
    costs = []
    for count in (300, 3_000):
        add_records(count, at=at)
        seal_ledger(at=at)
        add_records(1, at=at)
        with CaptureQueriesContext(connection) as queries:
            seal_ledger(at=at)
        costs.append(len(queries))
    assert costs[1] <= costs[0] <= 20

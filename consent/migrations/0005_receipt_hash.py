import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import rfc8785
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

from consent.append_only import protect, unprotect

TABLE = "consent_consentrecord"


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Hash the receipts, and the leaves over them. No head of the ledger was ever published before this."""
    for record in apps.get_model("consent", "ConsentRecord").objects.select_related("notice").iterator():
        record.receipt_sha256 = hashlib.sha256(record.receipt_sha256.encode()).hexdigest()
        leaf = leaf_of(record)
        record.leaf = leaf.hex()
        record.mac = hmac.digest(settings.CONSENT_SIGNING_KEY.encode(), leaf, "sha256").hex()
        record.save(update_fields=["receipt_sha256", "leaf", "mac"])


def leaf_of(record: Any) -> bytes:
    # The leaf as it was defined when this migration was written, whatever consent.ledger says later.
    core = {
        "created_at": utc(record.created_at),
        "expires_at": utc(record.expires_at),
        "notice": record.notice.sha256,
    }
    names = ("action", "answers", "gpc", "language", "receipt_sha256", "surface")
    personal = {name: getattr(record, name) for name in names}
    return hashlib.sha256(
        b"\x00consent/v1"
        + hashlib.sha256(rfc8785.dumps(core)).digest()
        + hashlib.sha256(bytes.fromhex(record.salt) + rfc8785.dumps(personal)).digest()
    ).digest()


def utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def protect_again(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor, TABLE)


def unprotect_first(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor, TABLE)


class Migration(migrations.Migration):
    """The database keeps the SHA-256 of a receipt: whoever reads it cannot act for a visitor. There is no way back."""

    dependencies = [("consent", "0004_groups")]
    operations = [
        migrations.RunPython(unprotect_first),
        migrations.RemoveConstraint("consentrecord", "consent_record_has_receipt_and_proof"),
        migrations.RenameField("consentrecord", "receipt", "receipt_sha256"),
        migrations.AlterField(
            "consentrecord",
            "receipt_sha256",
            models.CharField(
                "receipt (SHA-256)",
                max_length=64,
                unique=True,
                help_text="Hash of the visitor's key to this record. Only she has the key.",
            ),
        ),
        migrations.RunPython(forwards),
        migrations.AddConstraint(
            "consentrecord",
            models.CheckConstraint(
                condition=~Q(receipt_sha256="") & ~Q(salt="") & ~Q(leaf="") & ~Q(mac=""),
                name="consent_record_has_receipt_and_proof",
            ),
        ),
        migrations.RunPython(protect_again),
    ]

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.migrations.frozen.append_only import Transition, protect, unprotect

RECORDS = "consent_consentrecord"
WRITTEN_ONCE = [
    "consent_notice",
    "consent_checkpoint",
    "consent_consentevent",
    "consent_ledgerblock",
    "consent_prunedblock",
    "consent_journalentry",
    "consent_closedday",
    "consent_dailychoices",
    "consent_auditrun",
]
PERSONAL = ("receipt_sha256", "action", "answers", "language", "surface", "gpc", "salt")
SEALING = Transition(
    columns=("index", "seal"),
    # The last condition is for SQLite, whose UPDATE OR REPLACE would remove the record that has the index already.
    condition=(
        'OLD."index" IS NULL AND NEW."index" IS NOT NULL AND '
        'NOT EXISTS (SELECT 1 FROM consent_consentrecord AS other WHERE other."index" = NEW."index")'
    ),
)
# That all of them become NULL together is a check constraint.
ERASURE = Transition(
    columns=(*PERSONAL, "personal_sha256"),
    condition="OLD.personal_sha256 = '' AND NEW.personal_sha256 <> ''",
)


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(
        schema_editor,
        RECORDS,
        transitions=[SEALING, ERASURE],
        inserted="NEW.\"index\" IS NULL AND NEW.personal_sha256 = ''",
        removable='EXISTS (SELECT 1 FROM consent_prunedblock WHERE number = OLD."index" / 256)',
    )
    for table in WRITTEN_ONCE:
        protect(schema_editor, table)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in [RECORDS, *WRITTEN_ONCE]:
        unprotect(schema_editor, table)


class Migration(migrations.Migration):
    """Records are sealed, erased and pruned, and what is written once stays: the database lets nothing else happen."""

    replaces = [("consent", "0002_append_only")]
    dependencies = [("consent", "0004_checks")]
    operations = [migrations.RunPython(forwards, backwards)]

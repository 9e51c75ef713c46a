import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.append_only import Transition, protect, unprotect

RECORDS = "consent_consentrecord"
WRITTEN_ONCE = ["consent_checkpoint", "consent_consentevent", "consent_ledgerblock", "consent_prunedblock"]
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
GROUP = "Site operators"


def unprotected(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor, RECORDS)


def append_only(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor, RECORDS)


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(
        schema_editor,
        RECORDS,
        transitions=[SEALING, ERASURE],
        inserted="NEW.\"index\" IS NULL AND NEW.personal_sha256 = ''",
        removable='EXISTS (SELECT 1 FROM consent_prunedblock WHERE number = OLD."index" / 256)',
    )
    # Notices anew as well: on SQLite the triggers of before let INSERT OR REPLACE through.
    for table in ["consent_notice", *WRITTEN_ONCE]:
        protect(schema_editor, table)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in [RECORDS, *WRITTEN_ONCE]:
        unprotect(schema_editor, table)


def may_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=GROUP)
    group.permissions.add(
        apps.get_model("auth", "Permission").objects.get(
            content_type__app_label="consent", codename="view_consentevent"
        )
    )


class Migration(migrations.Migration):
    """The ledger: records are sealed, erased and pruned, and the database lets nothing else happen to them."""

    dependencies = [
        ("consent", "0005_receipt_hash"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunPython(unprotected, append_only),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(db_index=True)),
                (
                    "root",
                    models.CharField(help_text="Root hash of the tree of that size (RFC 9162), in hex.", max_length=64),
                ),
                ("at", models.DateTimeField()),
                ("note", models.TextField()),
            ],
            options={
                "ordering": ["-pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ConsentEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("withdrew", "withdrew consent"),
                            ("erased", "erased a record"),
                            ("pruned", "pruned what had expired"),
                            ("verified", "verified the ledger"),
                            ("rotated", "changed the signing key"),
                            ("exported", "exported records"),
                        ],
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("by_name", models.CharField(help_text="A person, “visitor” or “schedule”.", max_length=200)),
                ("details", models.JSONField(default=dict, help_text="Counts, and places in the ledger.")),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HeadDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=20, unique=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row.")),
                ("error", models.CharField(default="", max_length=500)),
            ],
            options={
                "ordering": ["channel"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LedgerBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("position", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
            ],
            options={
                "ordering": ["level", "position"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PrunedBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(unique=True)),
                ("nodes", models.JSONField()),
                (
                    "mac",
                    models.CharField(help_text="Only who holds the key can prune.", max_length=64, verbose_name="MAC"),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["number"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="consentrecord",
            name="index",
            field=models.BigIntegerField(
                help_text="Place in the ledger, from 0. Empty until the record is sealed.", null=True, unique=True
            ),
        ),
        migrations.AddField(
            model_name="consentrecord",
            name="personal_sha256",
            field=models.CharField(
                default="",
                help_text="Empty unless the record was erased.",
                max_length=64,
                verbose_name="hash of the erased part",
            ),
        ),
        migrations.AddField(
            model_name="consentrecord",
            name="seal",
            field=models.CharField(
                default="", help_text="HMAC of index and leaf. Empty until then, too.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="action",
            field=models.CharField(
                choices=[
                    ("accept_all", "Accepted all"),
                    ("reject_all", "Rejected all"),
                    ("save", "Chose"),
                    ("withdraw", "Withdrew"),
                ],
                max_length=10,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="answers",
            field=models.JSONField(help_text="Every category of the notice, and whether it was accepted.", null=True),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="gpc",
            field=models.BooleanField(
                help_text="Whether the browser sent Global Privacy Control.", null=True, verbose_name="GPC seen"
            ),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="language",
            field=models.CharField(max_length=10, null=True),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="receipt_sha256",
            field=models.CharField(
                help_text="Hash of the visitor's key to this record. Only she has the key.",
                max_length=64,
                null=True,
                unique=True,
                verbose_name="receipt (SHA-256)",
            ),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="salt",
            field=models.CharField(max_length=32, null=True),
        ),
        migrations.AlterField(
            model_name="consentrecord",
            name="surface",
            field=models.CharField(
                choices=[("banner", "Banner"), ("preferences", "Preferences page")], max_length=11, null=True
            ),
        ),
        migrations.AddIndex(
            model_name="consentrecord",
            index=models.Index(
                condition=models.Q(("index__isnull", True)), fields=["id"], name="consent_record_unsealed"
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("action__isnull", False),
                        ("answers__isnull", False),
                        ("gpc__isnull", False),
                        ("language__isnull", False),
                        ("personal_sha256", ""),
                        ("receipt_sha256__isnull", False),
                        ("salt__isnull", False),
                        ("surface__isnull", False),
                    ),
                    models.Q(
                        ("action__isnull", True),
                        ("answers__isnull", True),
                        ("gpc__isnull", True),
                        ("language__isnull", True),
                        ("receipt_sha256__isnull", True),
                        ("salt__isnull", True),
                        ("surface__isnull", True),
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("personal_sha256"), 64),
                    ),
                    _connector="OR",
                ),
                name="consent_record_is_whole_or_erased",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("index__isnull", True), ("seal", "")),
                    models.Q(
                        ("index__gte", 0),
                        django.db.models.lookups.Exact(django.db.models.functions.text.Length("seal"), 64),
                    ),
                    _connector="OR",
                ),
                name="consent_record_has_index_and_seal_or_neither",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("size__gte", 1), models.Q(("root", ""), _negated=True), models.Q(("note", ""), _negated=True)
                ),
                name="checkpoint_has_size_root_and_note",
            ),
        ),
        migrations.AddField(
            model_name="consentevent",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="headdelivery",
            name="checkpoint",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="consent.checkpoint"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerblock",
            constraint=models.UniqueConstraint(fields=("level", "position"), name="ledger_block_once"),
        ),
        migrations.AddConstraint(
            model_name="ledgerblock",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gte", 8), ("level__lte", 62), ("position__gte", 0)),
                name="ledger_block_is_aligned",
            ),
        ),
        migrations.AddConstraint(
            model_name="prunedblock",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 0), models.Q(("mac", ""), _negated=True)),
                name="pruned_block_has_number_and_mac",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentevent",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("verb", ""), _negated=True), models.Q(("by_name", ""), _negated=True)),
                name="consent_event_says_what_and_by",
            ),
        ),
        migrations.RunPython(forwards, backwards),
        migrations.RunPython(may_view, migrations.RunPython.noop),
    ]

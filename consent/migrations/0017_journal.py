from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.append_only import protect, unprotect

TABLE = "consent_journalentry"


def protect_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor, TABLE)


def unprotect_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor, TABLE)


class Migration(migrations.Migration):
    """Notices, events and closed days get a place in a hash chain. The next sealing takes in what exists."""

    dependencies = [
        ("consent", "0016_start_code_writers"),
    ]

    operations = [
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(help_text="From 1, without a gap.", unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("notice", "notice"), ("event", "event"), ("day", "day of statistics")], max_length=6
                    ),
                ),
                ("row", models.BigIntegerField(help_text="Its primary key; of a day, its number in the calendar.")),
                ("schema", models.PositiveSmallIntegerField(help_text="The form of the document that was hashed.")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "chain",
                    models.CharField(help_text="Hash over this entry and the chain of the one before.", max_length=64),
                ),
            ],
            options={
                "ordering": ["-number"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "row"), name="journal_entry_of_a_row_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["notice", "event", "day"]),
                            ("number__gte", 1),
                            models.Q(("sha256", ""), _negated=True),
                            models.Q(("chain", ""), _negated=True),
                        ),
                        name="journal_entry_says_what",
                    ),
                ],
            },
        ),
        migrations.RunPython(protect_table, unprotect_table),
    ]

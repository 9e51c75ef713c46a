from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The ledger that seals choices, the journal of what surrounds them, and counts by day."""

    replaces = [
        ("consent", "0006_ledger"),
        ("consent", "0007_statistics"),
        ("consent", "0017_journal"),
    ]
    dependencies = [
        ("consent", "0001_notices_and_records"),
    ]
    operations = [
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("size__gte", 1),
                            models.Q(("root", ""), _negated=True),
                            models.Q(("note", ""), _negated=True),
                        ),
                        name="checkpoint_has_size_root_and_note",
                    )
                ],
                "verbose_name": "head",
                "verbose_name_plural": "ledger",
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
                (
                    "checkpoint",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="consent.checkpoint"),
                ),
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
                "constraints": [
                    models.UniqueConstraint(fields=("level", "position"), name="ledger_block_once"),
                    models.CheckConstraint(
                        condition=models.Q(("level__gte", 8), ("level__lte", 62), ("position__gte", 0)),
                        name="ledger_block_is_aligned",
                    ),
                ],
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
                    models.CharField(
                        help_text="A MAC by the signing key, so that only a holder of the key can remove records.",
                        max_length=64,
                        verbose_name="MAC",
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["number"],
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 0), models.Q(("mac", ""), _negated=True)),
                        name="pruned_block_has_number_and_mac",
                    )
                ],
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
                            ("pruned", "removed expired records"),
                            ("verified", "verified the ledger"),
                            ("rotated", "changed the signing key"),
                            ("exported", "exported records"),
                            ("service", "changed a service"),
                            ("approved", "approved start code"),
                        ],
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("by_name", models.CharField(help_text="A person, “visitor” or “schedule”.", max_length=200)),
                (
                    "details",
                    models.JSONField(
                        default=dict, help_text="Numbers, places in the ledger, or what changed in a service."
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verb", ""), _negated=True), models.Q(("by_name", ""), _negated=True)
                        ),
                        name="consent_event_says_what_and_by",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(help_text="Begins at 1, without gaps.", unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("notice", "notice"), ("event", "event"), ("day", "day of statistics")], max_length=6
                    ),
                ),
                (
                    "row",
                    models.BigIntegerField(
                        help_text="Its primary key; for a day of statistics, the number of the day in the calendar."
                    ),
                ),
                (
                    "schema",
                    models.PositiveSmallIntegerField(help_text="The version of the form of the hashed document."),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "chain",
                    models.CharField(
                        help_text="Hash over this entry and the chain of the entry before.", max_length=64
                    ),
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
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False)),
                ("records", models.PositiveIntegerField(help_text="How many choices were recorded.")),
                ("closed_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DailyChoices",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("date", models.DateField(db_index=True)),
                ("language", models.CharField(max_length=10)),
                ("surface", models.CharField(max_length=11)),
                ("action", models.CharField(max_length=10)),
                (
                    "category",
                    models.CharField(help_text="Its short name. Required categories are not counted.", max_length=32),
                ),
                ("accepted", models.PositiveIntegerField()),
                ("refused", models.PositiveIntegerField()),
                ("notice", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="consent.notice")),
            ],
            options={
                "verbose_name": "statistics",
                "verbose_name_plural": "statistics",
                "ordering": ["date", "notice", "category"],
                "permissions": [("view_statistics", "Can view statistics of choices")],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("date", "notice", "language", "surface", "action", "category"),
                        name="daily_choices_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted__gt", 0), ("refused__gt", 0), _connector="OR"),
                        name="daily_choices_count_something",
                    ),
                ],
            },
        ),
    ]

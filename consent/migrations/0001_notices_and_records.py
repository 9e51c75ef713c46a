from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import Exact


class Migration(migrations.Migration):
    """Notices and the choices of visitors."""

    initial = True
    replaces = [
        ("consent", "0001_initial"),
        ("consent", "0005_receipt_hash"),
        ("consent", "0009_notice_texts"),
        ("consent", "0020_consent_endings"),
    ]
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="consent_edition_is_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True)),
                ("language", models.CharField(max_length=10)),
                ("document", models.JSONField(help_text="The complete notice.")),
                (
                    "sha256",
                    models.CharField(
                        help_text="Hash of the document's canonical form (RFC 8785).",
                        max_length=64,
                        unique=True,
                        verbose_name="SHA-256",
                    ),
                ),
                ("material", models.BooleanField(help_text="Whether visitors who chose before are asked again.")),
                ("reason", models.CharField(max_length=500)),
                ("published_at", models.DateTimeField()),
                ("published_by_name", models.CharField(max_length=200)),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "permissions": [("publish_notice", "Can publish a notice")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("number__gte", 1),
                            models.Q(("language", ""), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            models.Q(("published_by_name", ""), _negated=True),
                        ),
                        name="notice_says_number_language_reason_and_by",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10, unique=True)),
                ("words", models.JSONField(default=dict, help_text="The keys of consent.notice.wording.TEXT.")),
                (
                    "names",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Names and purposes of categories, cookies and services in this language. Empty in "
                        "English, because they are stored with each of them.",
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "text of the notice",
                "verbose_name_plural": "texts of the notice",
                "ordering": ["language"],
                "default_permissions": ("view", "add", "change"),
            },
        ),
        migrations.CreateModel(
            name="ConsentRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(db_index=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "action",
                    models.CharField(
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
                (
                    "answers",
                    models.JSONField(help_text="Every category of the notice, and whether it was accepted.", null=True),
                ),
                ("language", models.CharField(max_length=10, null=True)),
                (
                    "surface",
                    models.CharField(
                        choices=[("banner", "Banner"), ("preferences", "Preferences page")], max_length=11, null=True
                    ),
                ),
                (
                    "gpc",
                    models.BooleanField(
                        help_text="Whether the browser sent Global Privacy Control.", null=True, verbose_name="GPC seen"
                    ),
                ),
                ("salt", models.CharField(max_length=32, null=True)),
                ("leaf", models.CharField(max_length=64)),
                ("mac", models.CharField(max_length=64, verbose_name="MAC")),
                ("notice", models.ForeignKey(on_delete=models.PROTECT, related_name="records", to="consent.notice")),
                (
                    "receipt_sha256",
                    models.CharField(
                        help_text="Hash of the visitor's key to this record. Only they have the key.",
                        max_length=64,
                        null=True,
                        unique=True,
                        verbose_name="receipt (SHA-256)",
                    ),
                ),
                (
                    "index",
                    models.BigIntegerField(
                        help_text="Place in the ledger, from 0. Empty until the record is sealed.",
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "personal_sha256",
                    models.CharField(
                        default="",
                        help_text="Empty unless the record was erased.",
                        max_length=64,
                        verbose_name="hash of the erased part",
                    ),
                ),
                (
                    "seal",
                    models.CharField(
                        default="", help_text="HMAC of index and leaf. Empty until the record is sealed.", max_length=64
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("index__isnull", True)), fields=["id"], name="consent_record_unsealed"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["accept_all", "reject_all", "save", "withdraw"])),
                        name="consent_record_action_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("surface__in", ["banner", "preferences"])),
                        name="consent_record_surface_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="consent_record_expires_after_creation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("receipt_sha256", ""), _negated=True),
                            models.Q(("salt", ""), _negated=True),
                            models.Q(("leaf", ""), _negated=True),
                            models.Q(("mac", ""), _negated=True),
                        ),
                        name="consent_record_has_receipt_and_proof",
                    ),
                    models.CheckConstraint(
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
                                Exact(Length("personal_sha256"), 64),
                            ),
                            _connector="OR",
                        ),
                        name="consent_record_is_whole_or_erased",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("index__isnull", True), ("seal", "")),
                            models.Q(("index__gte", 0), Exact(Length("seal"), 64)),
                            _connector="OR",
                        ),
                        name="consent_record_has_index_and_seal_or_neither",
                    ),
                ],
                "permissions": [("export_consentrecord", "Can export consent records")],
            },
        ),
        migrations.CreateModel(
            name="Ending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ended_at", models.DateTimeField()),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="ended", to="consent.consentrecord"
                    ),
                ),
                (
                    "record",
                    models.OneToOneField(on_delete=models.CASCADE, related_name="ending", to="consent.consentrecord"),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]

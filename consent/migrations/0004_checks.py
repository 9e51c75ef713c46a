from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What browsers refused, and what audits and verifications found."""

    replaces = [
        ("consent", "0011_audit_runs"),
        ("consent", "0012_violations"),
        ("consent", "0018_check_runs"),
    ]
    dependencies = [
        ("consent", "0003_services"),
    ]
    operations = [
        migrations.CreateModel(
            name="Violation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "directive",
                    models.CharField(
                        blank=True, help_text="The directive of the policy that refused it.", max_length=30
                    ),
                ),
                (
                    "blocked",
                    models.CharField(
                        blank=True, help_text="Its origin (https://host), or a keyword such as inline.", max_length=300
                    ),
                ),
                ("count", models.PositiveBigIntegerField(verbose_name="times")),
                ("first_date", models.DateField(verbose_name="first")),
                ("last_date", models.DateField(verbose_name="last")),
                ("seen_date", models.DateField(blank=True, null=True, verbose_name="seen")),
                (
                    "seen_by",
                    models.ForeignKey(
                        null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "thing refused by browsers",
                "verbose_name_plural": "refused by browsers",
                "ordering": ["-last_date", "-count", "directive", "blocked"],
                "permissions": [("dismiss_violation", "Can put away what browsers refused")],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("directive", "blocked"), name="violation_of_each_kind_once"),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1), ("first_date__lte", models.F("last_date"))),
                        name="violation_counts_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("directive", ""), ("blocked", "")),
                            models.Q(
                                models.Q(("directive", ""), _negated=True), models.Q(("blocked", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="violation_says_what_and_by_which_rule",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True, verbose_name="finished")),
                ("seconds", models.PositiveIntegerField(help_text="In seconds.", verbose_name="duration")),
                (
                    "host",
                    models.CharField(
                        help_text="With the port, if it is not the usual one.", max_length=260, verbose_name="site"
                    ),
                ),
                (
                    "is_copy",
                    models.BooleanField(
                        help_text="Whether a temporary copy was audited, not the public site at this address.",
                        verbose_name="a copy",
                    ),
                ),
                (
                    "notice_sha256",
                    models.CharField(
                        help_text="Hash of the notice against which the site was checked.",
                        max_length=64,
                        verbose_name="notice",
                    ),
                ),
                ("browser", models.CharField(max_length=100)),
                ("pages", models.PositiveIntegerField(help_text="How many pages were visited in each state.")),
                ("states", models.PositiveIntegerField(help_text="How many states of a visitor’s choice were tested.")),
                (
                    "choices",
                    models.PositiveIntegerField(
                        help_text="How many choices the audit made. Those made in a copy are deleted with it."
                    ),
                ),
                (
                    "found",
                    models.PositiveIntegerField(help_text="How many faults were found.", verbose_name="findings"),
                ),
                (
                    "findings",
                    models.JSONField(default=list, help_text="The faults, the most serious first: AuditFinding."),
                ),
                ("left_out", models.JSONField(default=list, help_text="In words.", verbose_name="not tried")),
            ],
            options={
                "verbose_name": "audit",
                "verbose_name_plural": "audits",
                "ordering": ["-at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("host", ""), _negated=True), ("pages__gte", 1), ("states__gte", 1)
                        ),
                        name="audit_run_says_what_was_audited",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("verify", "Verification of the ledger"), ("audit", "Audit of a copy of the site")],
                        max_length=6,
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("started_at", models.DateTimeField(null=True)),
                ("alive_at", models.DateTimeField()),
                ("progress", models.CharField(blank=True, max_length=500)),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("passed", models.BooleanField(null=True)),
                ("outcome", models.TextField(blank=True, verbose_name="result")),
                (
                    "mail",
                    models.CharField(
                        blank=True,
                        help_text="Who received the result by email, or why it was not sent.",
                        max_length=500,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "verbose_name": "check",
                "verbose_name_plural": "checks",
                "ordering": ["-asked_at", "-pk"],
                "permissions": [("start_checkrun", "Can verify the ledger and audit the site")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("outcome", ""), ("passed__isnull", True)),
                            models.Q(
                                ("finished_at__gte", models.F("started_at")),
                                ("passed__isnull", False),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="check_run_has_a_result_when_finished",
                    )
                ],
            },
        ),
    ]

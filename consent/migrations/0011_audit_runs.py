from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.append_only import protect, unprotect

TABLE = "consent_auditrun"


def protect_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    protect(schema_editor, TABLE)


def unprotect_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor, TABLE)


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    Group.objects.get(name="Site operators").permissions.add(Permission.objects.get(codename="view_auditrun"))


class Migration(migrations.Migration):
    """What audits of the site came to, and that site operators may read it."""

    dependencies = [
        ("consent", "0010_services"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True, verbose_name="finished")),
                ("seconds", models.PositiveIntegerField(help_text="In seconds.", verbose_name="duration")),
                (
                    "host",
                    models.CharField(
                        help_text="With its port, where it has one of its own.", max_length=260, verbose_name="site"
                    ),
                ),
                (
                    "is_copy",
                    models.BooleanField(
                        help_text="Whether a throw-away copy was audited, and not what the public gets at this address.",
                        verbose_name="a copy",
                    ),
                ),
                (
                    "notice_sha256",
                    models.CharField(
                        help_text="Hash of the notice that the site was held to.", max_length=64, verbose_name="notice"
                    ),
                ),
                ("browser", models.CharField(max_length=100)),
                ("pages", models.PositiveIntegerField(help_text="How many were visited in each state.")),
                ("states", models.PositiveIntegerField(help_text="How many states of a visitor’s choice were tried.")),
                (
                    "choices",
                    models.PositiveIntegerField(help_text="How many choices it made. In a copy they are gone."),
                ),
                (
                    "found",
                    models.PositiveIntegerField(help_text="How many things were wrong.", verbose_name="findings"),
                ),
                (
                    "findings",
                    models.JSONField(default=list, help_text="What was wrong, the gravest first: AuditFinding."),
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
        migrations.RunPython(protect_table, unprotect_table),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

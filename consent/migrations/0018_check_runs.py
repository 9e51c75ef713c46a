import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    operators = Group.objects.filter(name="Site operators").first()
    if operators is not None:  # else the site has groups of its own
        for codename in ("view_checkrun", "start_checkrun"):
            operators.permissions.add(Permission.objects.get(codename=codename))


class Migration(migrations.Migration):
    """Checks that operators start at the desk, and who may."""

    dependencies = [
        ("consent", "0017_journal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                        blank=True, help_text="To whom the result was sent, or why it was not.", max_length=500
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
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
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

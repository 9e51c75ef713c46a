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
    for codename in ("view_violation", "dismiss_violation"):
        Group.objects.get(name="Site operators").permissions.add(Permission.objects.get(codename=codename))


class Migration(migrations.Migration):
    """What browsers refused, and who may see it."""

    dependencies = [
        ("consent", "0011_audit_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Violation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("directive", models.CharField(blank=True, help_text="The directive that refused it.", max_length=30)),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

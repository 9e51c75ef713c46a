from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.append_only import protect, unprotect

TABLES = ["consent_closedday", "consent_dailychoices"]


def protect_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        protect(schema_editor, table)


def unprotect_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        unprotect(schema_editor, table)


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    Group.objects.get(name="Site operators").permissions.add(Permission.objects.get(codename="view_statistics"))


class Migration(migrations.Migration):
    """Daily counts of choices, written once, and who may see them."""

    dependencies = [
        ("consent", "0006_ledger"),
    ]

    operations = [
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
                ("category", models.CharField(help_text="Its varname. Required ones aren't counted.", max_length=32)),
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
        migrations.RunPython(protect_tables, unprotect_tables),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

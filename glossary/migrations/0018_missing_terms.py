import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CODENAMES = {
    "Clinical editors": ["view_missingterm", "dismiss_missingterm"],
    "Clinical reviewers": ["view_missingterm"],
}


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("glossary")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, codenames in CODENAMES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*Permission.objects.filter(content_type__app_label="glossary", codename__in=codenames))


def withdraw(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="glossary", content_type__model="missingterm"
    ).delete()


class Migration(migrations.Migration):
    """A queue of what readers looked for in vain."""

    dependencies = [
        ("glossary", "0017_event_published"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MissingTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=60, unique=True, verbose_name="looked for")),
                ("times", models.PositiveIntegerField(default=1)),
                ("first_date", models.DateField(db_index=True, verbose_name="first")),
                ("last_date", models.DateField(db_index=True, verbose_name="last")),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                ("dismissed_by_name", models.CharField(blank=True, max_length=200)),
                (
                    "dismissed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-times", "-last_date", "text"],
                "permissions": [("dismiss_missingterm", "Can dismiss a missing term")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dismissed_at__isnull", True),
                            models.Q(("dismissed_by_name", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="missing_term_dismissed_by",
                    )
                ],
            },
        ),
        migrations.RunPython(grant, withdraw),
    ]

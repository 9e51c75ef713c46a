import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from consent import wording

PERMISSIONS = ("view_noticetext", "add_noticetext", "change_noticetext")


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("consent", "NoticeText").objects.create(
        language=wording.LANGUAGE, words=wording.TEXT, changed_at=timezone.now()
    )


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    group = Group.objects.get(name="Site operators")
    group.permissions.add(*Permission.objects.filter(content_type__app_label="consent", codename__in=PERMISSIONS))


class Migration(migrations.Migration):
    """The words of the next notice as the operators' working copy, in English as a new site has them."""

    dependencies = [
        ("consent", "0008_export_permission"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10, unique=True)),
                ("words", models.JSONField(default=dict, help_text="The keys of consent.wording.TEXT.")),
                (
                    "names",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Names and purposes of the registry in this language. Empty in English, where the "
                        "registry has them.",
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

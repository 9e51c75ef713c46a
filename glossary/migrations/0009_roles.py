from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUPS = ("Clinical editors", "Clinical reviewers")


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("glossary")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    submit = Permission.objects.get(content_type__app_label="glossary", codename="submit_term")
    for name in GROUPS:
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(submit)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="glossary", codename="submit_term"
    ).delete()


class Migration(migrations.Migration):
    """Editors submit what they wrote; reviewers submit what is due for review again."""

    dependencies = [("glossary", "0008_presence"), ("glossary", "0008_retractions")]
    operations = [
        migrations.AlterModelOptions(
            name="term",
            options={
                "ordering": ["title", "pk"],
                "permissions": [
                    ("submit_term", "Can submit a term for review"),
                    ("publish_term", "Can publish a term that is approved"),
                    ("retire_term", "Can retire a term"),
                    ("review_term", "Can approve a term or send it back"),
                    ("emergency_publish_term", "Can publish without review, in an emergency"),
                ],
            },
        ),
        migrations.RunPython(forwards, backwards),
    ]

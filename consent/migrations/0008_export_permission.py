from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    Group.objects.get(name="Site operators").permissions.add(Permission.objects.get(codename="export_consentrecord"))


class Migration(migrations.Migration):
    """Who may export records, and what operators call the ledger."""

    dependencies = [("consent", "0007_statistics")]
    operations = [
        migrations.AlterModelOptions(
            name="checkpoint",
            options={
                "default_permissions": (),
                "ordering": ["-pk"],
                "verbose_name": "head",
                "verbose_name_plural": "ledger",
            },
        ),
        migrations.AlterModelOptions(
            name="consentrecord",
            options={
                "default_permissions": ("view",),
                "ordering": ["-created_at", "-pk"],
                "permissions": [("export_consentrecord", "Can export consent records")],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Site operators"
PERMISSIONS = [
    ("consent", "view_notice"),
    ("consent", "publish_notice"),
    ("consent", "view_consentrecord"),
    ("consent", "view_service"),
    ("consent", "add_service"),
    ("consent", "change_service"),
    ("cookie_consent", "view_cookiegroup"),
    ("cookie_consent", "add_cookiegroup"),
    ("cookie_consent", "change_cookiegroup"),
    ("cookie_consent", "view_cookie"),
    ("cookie_consent", "add_cookie"),
    ("cookie_consent", "change_cookie"),
    ("cookie_consent", "delete_cookie"),
]


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    for label in ("consent", "cookie_consent"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    group, _ = Group.objects.get_or_create(name=GROUP)
    for label, codename in PERMISSIONS:
        group.permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    """The group *Site operators*, with exactly the permissions that it needs."""

    dependencies = [
        ("consent", "0003_first_notice"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]

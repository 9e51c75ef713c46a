from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Site operators"
PERMISSIONS = {
    "consent": [
        "view_notice",
        "publish_notice",
        "view_noticetext",
        "add_noticetext",
        "change_noticetext",
        "view_consentrecord",
        "export_consentrecord",
        "view_consentevent",
        "view_statistics",
        "view_service",
        "add_service",
        "change_service",
        "approve_start_code",
        "view_auditrun",
        "view_checkrun",
        "start_checkrun",
        "view_violation",
        "dismiss_violation",
    ],
    "cookie_consent": [
        "view_cookiegroup",
        "add_cookiegroup",
        "change_cookiegroup",
        "view_cookie",
        "add_cookie",
        "change_cookie",
        "delete_cookie",
    ],
}


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    for label in PERMISSIONS:
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    group, _ = Group.objects.get_or_create(name=GROUP)
    for label, codenames in PERMISSIONS.items():
        for codename in codenames:
            group.permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    """The group *Site operators*, with exactly the permissions that it needs."""

    replaces = [("consent", "0004_groups"), ("consent", "0008_export_permission")]
    dependencies = [
        ("consent", "0006_first_notice"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUPS = {
    "Clinical editors": [
        ("glossary", "view_term"),
        ("glossary", "add_term"),
        ("glossary", "change_term"),
        ("glossary", "publish_term"),
        ("glossary", "view_revision"),
        ("glossary", "view_event"),
        ("taggit", "view_tag"),
        ("taggit", "add_tag"),
    ],
    "Clinical reviewers": [
        ("glossary", "view_term"),
        ("glossary", "publish_term"),
        ("glossary", "retire_term"),
        ("glossary", "view_revision"),
        ("glossary", "view_event"),
        ("taggit", "view_tag"),
    ],
}


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    for label in ("glossary", "taggit"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for label, codename in permissions:
            group.permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    """Groups *Clinical editors* and *Clinical reviewers*, with exactly the permissions that each needs."""

    dependencies = [
        ("glossary", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("taggit", "0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUPS = {
    "Clinical editors": {
        "glossary": [
            "view_term",
            "add_term",
            "change_term",
            "submit_term",
            "publish_term",
            "view_revision",
            "view_event",
            "view_review",
            "view_reviewcomment",
            "view_approval",
            "view_scheduledchange",
            "view_concern",
            "describe_tag",
            "view_tagdescription",
            "view_missingterm",
            "dismiss_missingterm",
        ],
        "taggit": ["view_tag", "add_tag"],
    },
    "Clinical reviewers": {
        "glossary": [
            "view_term",
            "submit_term",
            "publish_term",
            "retire_term",
            "review_term",
            "view_revision",
            "view_event",
            "view_review",
            "view_reviewcomment",
            "view_approval",
            "view_scheduledchange",
            "view_concern",
            "view_missingterm",
        ],
        "taggit": ["view_tag"],
    },
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
        for label, codenames in permissions.items():
            for codename in codenames:
                group.permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    """Groups *Clinical editors* and *Clinical reviewers*, with exactly the permissions that each needs."""

    replaces = [("glossary", "0003_groups"), ("glossary", "0009_roles")]
    dependencies = [
        ("glossary", "0005_search_index"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]

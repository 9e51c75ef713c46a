import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.append_only import protect, unprotect


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("glossary")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    group, _ = Group.objects.get_or_create(name="Clinical editors")
    group.permissions.add(
        *Permission.objects.filter(
            content_type__app_label="glossary", codename__in=["describe_tag", "view_tagdescription"]
        )
    )
    protect(schema_editor, "glossary_tagdescription")


def withdraw(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unprotect(schema_editor, "glossary_tagdescription")
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="glossary", codename__in=["describe_tag", "view_tagdescription"]
    ).delete()


class Migration(migrations.Migration):
    """Editors say what a topic is about, and which term takes the place of one that is retired."""

    dependencies = [
        ("glossary", "0013_linked_names"),
        ("taggit", "0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TagDescription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["-pk"],
                "permissions": [("describe_tag", "Can write what a topic is about")],
                "default_permissions": ("view",),
            },
        ),
        migrations.AddField(
            model_name="scheduledchange",
            name="successor",
            field=models.ForeignKey(
                blank=True,
                help_text="Of a term to be retired.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="glossary.term",
            ),
        ),
        migrations.AddField(
            model_name="term",
            name="successor",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="Where readers of a retired term are sent. If it is retired later, its own successor counts.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="glossary.term",
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("successor__isnull", True),
                    models.Q(("verb", "retire"), models.Q(("successor", models.F("term")), _negated=True)),
                    _connector="OR",
                ),
                name="scheduled_successor_of_retirement",
            ),
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("successor__isnull", True),
                    models.Q(("retired_at__isnull", False), models.Q(("successor", models.F("pk")), _negated=True)),
                    _connector="OR",
                ),
                name="term_successor_of_retired_by_another",
                violation_error_message="Only a retired term has a successor, which is another term.",
            ),
        ),
        migrations.AddField(
            model_name="tagdescription",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="tagdescription",
            name="tag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="descriptions", to="taggit.tag"
            ),
        ),
        migrations.RunPython(grant, withdraw),
    ]

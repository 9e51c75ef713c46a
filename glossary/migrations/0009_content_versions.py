"""Rename: edition → content version, naming → document reference."""

from typing import Any

from django.db import migrations, models


def remove_permissions(apps: Any, schema_editor: Any) -> None:
    """Nobody was granted them, and the table is changed by the site alone."""
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="glossary",
        codename__in=[f"{verb}_edition" for verb in ("add", "change", "delete", "view")],
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("glossary", "0008_outbound_emails"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RemoveConstraint("Edition", "edition_is_one_row"),
        migrations.RenameModel("Edition", "ContentVersion"),
        migrations.AlterModelOptions("ContentVersion", {"default_permissions": ()}),
        migrations.AddConstraint(
            "ContentVersion",
            models.CheckConstraint(condition=models.Q(("pk", 1)), name="content_version_is_one_row"),
        ),
        migrations.RenameModel("EditionChange", "ContentChange"),
        migrations.RenameField("ContentChange", "edition", "version"),
        migrations.RemoveConstraint("Naming", "naming_once"),
        migrations.RenameModel("Naming", "DocumentReference"),
        migrations.AddConstraint(
            "DocumentReference",
            models.UniqueConstraint(fields=("what", "term"), name="document_reference_once"),
        ),
        migrations.RunPython(remove_permissions, migrations.RunPython.noop),
    ]

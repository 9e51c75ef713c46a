"""Rename: edition → content version."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0008_place_kept")]

    operations = [
        migrations.RemoveConstraint("Edition", "consent_edition_is_one_row"),
        migrations.RenameModel("Edition", "ContentVersion"),
        migrations.AddConstraint(
            "ContentVersion",
            models.CheckConstraint(condition=models.Q(("pk", 1)), name="consent_content_version_is_one_row"),
        ),
    ]

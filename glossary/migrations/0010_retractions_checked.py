from datetime import UTC, datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    """When a list that was loaded last had a retracted work."""

    dependencies = [("glossary", "0009_roles")]
    operations = [
        migrations.AddField(
            model_name="retractedwork",
            name="checked_at",
            field=models.DateTimeField(
                default=datetime(2026, 1, 1, tzinfo=UTC), help_text="When a list that was loaded last had it."
            ),
            preserve_default=False,
        ),
    ]

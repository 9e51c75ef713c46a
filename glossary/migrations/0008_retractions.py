from datetime import UTC, datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    """When the site learned of a retraction: what was approved before then was approved without knowing."""

    dependencies = [("glossary", "0007_letters")]
    operations = [
        migrations.AddField(
            model_name="retractedwork",
            name="listed_at",
            field=models.DateTimeField(
                default=datetime(2026, 1, 1, tzinfo=UTC),
                help_text="When this site learned of it. An approval from before then was given without knowing.",
            ),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="retractedwork",
            index=models.Index(
                condition=models.Q(("pmid", ""), _negated=True), fields=["pmid"], name="retracted_by_pmid"
            ),
        ),
    ]

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The feed finds the newest publications without sorting the whole history."""

    dependencies = [
        ("glossary", "0016_edition_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("verb", "published")), fields=["-created_at", "-id"], name="event_published"
            ),
        ),
    ]

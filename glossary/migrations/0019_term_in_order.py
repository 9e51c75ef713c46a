from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("glossary", "0018_missing_terms")]

    operations = [
        migrations.AddIndex(model_name="term", index=models.Index(fields=["title", "id"], name="term_in_order")),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("glossary", "0006_editors_and_reviewers")]

    operations = [
        migrations.AddField(
            model_name="nameuse",
            name="held_back",
            field=models.PositiveIntegerField(default=0),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    """Names are looked for by their keys: nothing asked the index of their normalised form any more."""

    dependencies = [("glossary", "0022_written_links")]
    operations = [
        migrations.AlterField(model_name="entryname", name="normalised", field=models.CharField(max_length=800))
    ]

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.markup import plain_text
from glossary.models.names import normalise

BATCH = 500


def fill_again(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    PublishedEntry = apps.get_model("glossary", "PublishedEntry")
    keys = list(PublishedEntry.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        entries = list(PublishedEntry.objects.filter(pk__in=keys[start : start + BATCH]).select_related("revision"))
        for entry in entries:
            texts = (entry.revision.document[text] for text in ("definition", "origin", "mechanism"))
            entry.search_document = normalise(" ".join(map(plain_text, texts)))
        PublishedEntry.objects.bulk_update(entries, ["search_document"], batch_size=100)


class Migration(migrations.Migration):
    """Texts are looked through by the index of search, and kept there."""

    dependencies = [("glossary", "0020_traces")]
    operations = [
        # For the way back: a column that may be blank is added with nothing in it. The database doesn't see it.
        migrations.AlterField("publishedentry", "search_document", models.TextField(blank=True)),
        migrations.RunPython(migrations.RunPython.noop, fill_again),
        migrations.RemoveField("publishedentry", "search_document"),
    ]

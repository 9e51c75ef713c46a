from collections.abc import Iterable

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.search.indexing import indexed, vocabulary
from glossary.search.sounds import pieces
from glossary.search.tables import create_index, drop_index
from glossary.search.words import folded_words, key_of, stem_key_of

BATCH = 500


def index_what_is_published(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    PublishedEntry = apps.get_model("glossary", "PublishedEntry")
    EntryName = apps.get_model("glossary", "EntryName")
    SearchText = apps.get_model("glossary", "SearchText")
    SpellingPiece = apps.get_model("glossary", "SpellingPiece")
    known: set[str] = set()
    for chunk in _chunks(list(PublishedEntry.objects.order_by("pk").values_list("pk", flat=True))):
        names = list(EntryName.objects.filter(entry__in=chunk))
        for name in names:
            name.key, name.stem_key = key_of(name.name), stem_key_of(name.name)
        EntryName.objects.bulk_update(names, ["key", "stem_key"], batch_size=200)
        documents = PublishedEntry.objects.filter(pk__in=chunk).values_list("pk", "revision__document")
        SearchText.objects.bulk_create(SearchText(entry_id=pk, **indexed(document)) for pk, document in documents)
        new = [word for word in vocabulary(name.name for name in names) if word not in known]
        known.update(new)
        SpellingPiece.objects.bulk_create(
            SpellingPiece(word=word, piece=piece) for word in new for piece in pieces(folded_words(word)[0])
        )


def _chunks(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


class Migration(migrations.Migration):
    """What search reads of published entries, and the full-text index over it."""

    dependencies = [("glossary", "0014_topics_and_successors")]
    operations = [
        migrations.AddField(
            model_name="entryname",
            name="key",
            field=models.BinaryField(db_index=True, default=b"", max_length=400),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="entryname",
            name="stem_key",
            field=models.BinaryField(db_index=True, default=b"", max_length=400),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="glossary.publishedentry",
                    ),
                ),
                (
                    "names",
                    models.TextField(help_text="Stems of the title and the other names, a bar behind each name."),
                ),
                ("text", models.TextField(help_text="Stems of the texts, a bar behind each.")),
                ("facets", models.TextField(help_text="Letter and tags, as the index calls them.")),
                ("plain", models.TextField(help_text="The texts as excerpts quote them.")),
            ],
        ),
        migrations.CreateModel(
            name="SpellingPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("piece", models.CharField(db_index=True, max_length=64)),
                ("word", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddConstraint(
            model_name="spellingpiece",
            constraint=models.UniqueConstraint(fields=("word", "piece"), name="spelling_piece_once"),
        ),
        migrations.RunPython(
            lambda apps, schema_editor: create_index(schema_editor),
            lambda apps, schema_editor: drop_index(schema_editor),
        ),
        migrations.RunPython(index_what_is_published, migrations.RunPython.noop),
    ]

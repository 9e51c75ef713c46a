import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import glossary.models.fields

LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"})
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff\u0640]+"
)
APOSTROPHE = re.compile("[’ʼ‘´`′＇]")
BATCH = 500


def sort_key_of(title: str) -> str:
    """The rule as this migration found it in ``glossary.models.names``."""
    decomposed = unicodedata.normalize("NFKD", APOSTROPHE.sub("'", INVISIBLE.sub("", title)))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    key = " ".join(bare.casefold().split()).translate(LATIN)
    key = re.sub(r"^[\W_]+", "", key) or key
    return re.sub(r"\d+", lambda run: counted(str(int(run[0]))), key)


def counted(digits: str) -> str:
    return chr(ord("0") + min(len(digits), 40)) + digits


def sort_again(model: Any, title: str, at_most: int) -> None:
    batch = []
    for row in model.objects.only("pk", title).iterator(BATCH):
        row.sort_key = sort_key_of(getattr(row, title))[:at_most]
        batch.append(row)
        if len(batch) == BATCH:
            model.objects.bulk_update(batch, ["sort_key"])
            batch = []
    model.objects.bulk_update(batch, ["sort_key"])


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give every list the order in which people count."""
    get: Callable[[str], Any] = lambda name: apps.get_model("glossary", name)  # noqa: E731  (shorter)
    sort_again(get("Term"), "title", 800)
    sort_again(get("PublishedEntry"), "title", 800)
    sort_again(get("Listing"), "name", 400)
    EntryTag = get("EntryTag")
    batch = []
    for tag in EntryTag.objects.select_related("entry").only("pk", "entry__sort_key").iterator(BATCH):
        tag.sort_key = tag.entry.sort_key
        batch.append(tag)
        if len(batch) == BATCH:
            EntryTag.objects.bulk_update(batch, ["sort_key"])
            batch = []
    EntryTag.objects.bulk_update(batch, ["sort_key"])


class Migration(migrations.Migration):
    """“Ataxia 2” comes before “Ataxia 10”, in public lists and in the admin's list of terms."""

    dependencies = [("glossary", "0025_unlinked_names_as_read")]
    operations = [
        migrations.AddField(
            model_name="term",
            name="sort_key",
            field=glossary.models.fields.CodePointField(blank=True, default="", editable=False, max_length=800),
            preserve_default=False,
        ),
        migrations.AlterModelOptions(
            name="term",
            options={
                "ordering": ["sort_key", "pk"],
                "permissions": [
                    ("submit_term", "Can submit a term for review"),
                    ("publish_term", "Can publish a term that is approved"),
                    ("retire_term", "Can retire a term"),
                    ("review_term", "Can approve a term or send it back"),
                    ("emergency_publish_term", "Can publish without review, in an emergency"),
                ],
            },
        ),
        migrations.RemoveIndex(model_name="term", name="term_in_order"),
        migrations.AddIndex(model_name="term", index=models.Index(fields=["sort_key", "id"], name="term_in_order")),
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]

"""Names whose links are switched off, compared as everything else is: without invisible characters, and with one kind
of apostrophe. What somebody has switched off stays off.
"""

import re
import unicodedata

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff\u0640]+"
)
APOSTROPHE = re.compile("[’ʼ‘´`′＇]")


def normalise(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", APOSTROPHE.sub("'", INVISIBLE.sub("", name)))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def compare_as_read(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    unlinked = apps.get_model("glossary", "UnlinkedName")
    for row in unlinked.objects.order_by("pk").iterator():
        normalised = normalise(row.name)
        if normalised == row.normalised:
            continue
        if unlinked.objects.filter(term_id=row.term_id, normalised=normalised).exists():
            row.delete()  # the same name in another spelling is switched off already
        else:
            row.normalised = normalised
            row.save(update_fields=["normalised"])


class Migration(migrations.Migration):
    dependencies = [("glossary", "0024_wording")]

    operations = [migrations.RunPython(compare_as_read, migrations.RunPython.noop)]

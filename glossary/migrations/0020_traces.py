from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.search.traces import SIGN, traces_of

BATCH = 500


def leave_traces(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Add to each indexed text what links find it by, where search has other words for it: to one in ten, about."""
    SearchText = apps.get_model("glossary", "SearchText")
    keys = list(SearchText.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed = []
        rows = SearchText.objects.filter(pk__in=keys[start : start + BATCH]).only("text")
        documents = dict(rows.values_list("pk", "entry__revision__document"))
        for row in rows:
            stems = [stem for stem in row.text.split() if not stem.startswith(SIGN)]
            text = " ".join(["", *stems, *traces_of(documents[row.pk], known=set(stems)), ""])
            if text != row.text:
                row.text = text
                changed.append(row)
        SearchText.objects.bulk_update(changed, ["text"], batch_size=100)


class Migration(migrations.Migration):
    """Mentions of names are found through the index of search (Note [No mention is missed] in glossary.search.traces)."""

    # Each batch by itself: nobody waits for all of it, and a run that is broken off is begun again.
    atomic = False
    dependencies = [("glossary", "0019_term_in_order")]
    operations = [migrations.RunPython(leave_traces, migrations.RunPython.noop, elidable=True)]

from collections import Counter, defaultdict
from itertools import permutations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Max
from django.utils import timezone

from glossary.models.names import initial_of, sort_key_of


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """File every entry anew, and count."""
    Entry, EntryTag = apps.get_model("glossary", "PublishedEntry"), apps.get_model("glossary", "EntryTag")
    Listing, TopicPair = apps.get_model("glossary", "Listing"), apps.get_model("glossary", "TopicPair")
    batch = []
    for entry in Entry.objects.only("pk", "title").iterator(500):
        entry.initial, entry.sort_key = initial_of(entry.title), sort_key_of(entry.title)
        batch.append(entry)
        if len(batch) == 500:
            Entry.objects.bulk_update(batch, ["initial", "sort_key"])
            batch = []
    Entry.objects.bulk_update(batch, ["initial", "sort_key"])
    counts, pairs = Counter(), Counter()
    changed_at = {}
    names = {}
    topics = defaultdict(set)
    batch = []
    for tag in EntryTag.objects.order_by("pk").select_related("entry").iterator(500):
        tag.sort_key = tag.entry.sort_key
        names[tag.slug] = min(names.get(tag.slug, tag.name), tag.name)
        topics[tag.entry_id].add(tag.slug)
        batch.append(tag)
        if len(batch) == 500:
            EntryTag.objects.bulk_update(batch, ["sort_key"])
            batch = []
    EntryTag.objects.bulk_update(batch, ["sort_key"])
    for pk, initial, at in Entry.objects.values_list("pk", "initial", "published_at").iterator(500):
        for key in (
            ("all", ""),
            ("letter", initial),
            ("part", str((pk - 1) // 40_000 + 1)),
            *(("topic", slug) for slug in topics[pk]),
        ):
            counts[key] += 1
            changed_at[key] = max(changed_at.get(key, at), at)
        pairs.update(permutations(topics[pk], 2))
    newest = Entry.objects.aggregate(newest=Max("published_at"))["newest"] or timezone.now()
    Listing.objects.bulk_create(
        (
            Listing(
                kind=kind,
                key=key,
                count=count,
                changed_at=changed_at[kind, key],
                name=names[key] if kind == "topic" else "",
                sort_key=sort_key_of(names[key]) if kind == "topic" else "",
                initial=initial_of(names[key]) if kind == "topic" else "",
            )
            for (kind, key), count in counts.items()
        ),
        batch_size=500,
    )
    if topics:
        Listing.objects.create(kind="topics", key="", changed_at=newest)
    TopicPair.objects.bulk_create(
        (TopicPair(slug=slug, other=other, count=count) for (slug, other), count in pairs.items()), batch_size=500
    )


class Migration(migrations.Migration):
    """What is public already is filed and counted by the rule that publishing follows from now on."""

    dependencies = [("glossary", "0011_lists")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

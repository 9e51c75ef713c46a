from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def name_what_is_public(apps: Any, schema_editor: Any) -> None:
    """Fill the index with what every revision names that was ever public."""
    from glossary.dependents import named_in

    Event, Naming, PublishedEntry = (apps.get_model("glossary", name) for name in ("Event", "Naming", "PublishedEntry"))
    public = dict(PublishedEntry.objects.values_list("term_id", "revision_id"))
    named: dict[tuple[int, str], bool] = {}
    events = Event.objects.filter(verb="published", revision__isnull=False).order_by("term_id", "pk")
    for term, revision, document in events.values_list("term_id", "revision_id", "revision__document").iterator(500):
        for what in named_in(document):
            named[term, what] = named.get((term, what), False) or public.get(term) == revision
        if len(named) > 5_000:
            _write(Naming, named)
    _write(Naming, named)


def _write(Naming: Any, named: dict[tuple[int, str], bool]) -> None:  # noqa: N803
    # A term's events follow one another, so a row may be there from the batch before: it is current if either is.
    rows = [Naming(term_id=term, what=what, current=current) for (term, what), current in named.items()]
    Naming.objects.bulk_create([row for row in rows if not row.current], ignore_conflicts=True, batch_size=500)
    Naming.objects.bulk_create(
        [row for row in rows if row.current],
        update_conflicts=True,
        unique_fields=["what", "term"],
        update_fields=["current"],
        batch_size=500,
    )
    named.clear()


class Migration(migrations.Migration):
    """Which pages each edition changed, and what public documents name."""

    dependencies = [("glossary", "0015_search")]

    operations = [
        migrations.CreateModel(
            name="EditionChange",
            fields=[
                ("edition", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                (
                    "name",
                    models.BigIntegerField(
                        help_text="A random number, by which an edition is told from one of the same number in a restored backup."
                    ),
                ),
                ("keys", models.JSONField(help_text="Keys of the pages that it changed; `*` is every page.")),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="Naming",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(help_text="`term:` and a slug, or `work:` and an identifier.", max_length=500),
                ),
                ("current", models.BooleanField(help_text="Whether the revision that is public now names it.")),
                (
                    "term",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="glossary.term"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("what", "term"), name="naming_once")],
            },
        ),
        migrations.RunPython(name_what_is_public, migrations.RunPython.noop),
    ]

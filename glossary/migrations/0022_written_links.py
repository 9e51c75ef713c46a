import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

from glossary.documents import TEXTS, slugs_written

BATCH = 500


def find_links(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write down the links that stand in the texts of working copies already."""
    Term, WrittenLink = (apps.get_model("glossary", name) for name in ("Term", "WrittenLink"))
    linking = Q(*((f"{part}__contains", "/glossary/") for part in TEXTS), _connector=Q.OR)
    found = []
    for pk, *texts in Term.objects.filter(linking).values_list("pk", *TEXTS).iterator(chunk_size=BATCH):
        found += [WrittenLink(term_id=pk, slug=slug) for slug in sorted(slugs_written(texts))]
    WrittenLink.objects.bulk_create(found, batch_size=BATCH)


class Migration(migrations.Migration):
    """Who leads to a term is found in a table, and no longer by searching all texts."""

    dependencies = [("glossary", "0021_drop_search_document")]
    operations = [
        migrations.CreateModel(
            name="WrittenLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, max_length=200)),
                (
                    "term",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="written_links", to="glossary.term"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("slug", "term"), name="written_link_once")],
            },
        ),
        migrations.RunPython(find_links, migrations.RunPython.noop, elidable=True),
    ]

import django.db.models.deletion
from django.db import migrations, models

import glossary.models.fields


class Migration(migrations.Migration):
    """How often each name is linked, for the editors’ overview."""

    dependencies = [
        ("glossary", "0026_sorted_as_people_count"),
    ]

    operations = [
        migrations.CreateModel(
            name="NameUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("sort_key", glossary.models.fields.CodePointField(max_length=800)),
                ("kind", models.CharField(help_text="“title”, or the kind of synonym.", max_length=12)),
                (
                    "is_ambiguous",
                    models.BooleanField(default=False, help_text="Several terms bear it, so that it leads nowhere."),
                ),
                ("links", models.PositiveIntegerField(default=0)),
                ("ambiguous", models.PositiveIntegerField(default=0)),
                ("counted_at", models.DateTimeField()),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="glossary.publishedentry"
                    ),
                ),
            ],
            options={
                "ordering": ["-is_ambiguous", "-ambiguous", "-links", "sort_key", "pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["-is_ambiguous", "-ambiguous", "-links", "sort_key", "id"], name="name_use_in_order"
                    )
                ],
            },
        ),
    ]

from django.conf import settings
from django.db import migrations, models

import glossary.models.fields


class Migration(migrations.Migration):
    """Lists know how many entries they have, letters of every script have a place, and both databases one order."""

    dependencies = [
        ("glossary", "0010_retractions_checked"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Listing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("all", "all terms"),
                            ("letter", "letter"),
                            ("topics", "all topics"),
                            ("topic", "topic"),
                            ("part", "part of the sitemap"),
                        ],
                        max_length=6,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=100)),
                ("name", models.CharField(blank=True, help_text="Of a topic, as documents have it.", max_length=100)),
                ("sort_key", glossary.models.fields.CodePointField(blank=True, max_length=400)),
                ("initial", models.CharField(blank=True, max_length=12)),
                ("description", models.TextField(blank=True, help_text="Of a topic: plain text, as readers see it.")),
                ("count", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField(help_text="The last change of what the list shows.")),
            ],
        ),
        migrations.CreateModel(
            name="TopicPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, max_length=100)),
                ("other", models.SlugField(db_index=False, max_length=100)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name="publishedentry",
            name="entry_by_letter",
        ),
        migrations.AddField(
            model_name="entrytag",
            name="sort_key",
            field=glossary.models.fields.CodePointField(
                default="", help_text="The entry's, so that a topic has an order.", max_length=800
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="publishedentry",
            name="initial",
            field=models.CharField(help_text="The letter that the title is filed under, or its script.", max_length=12),
        ),
        migrations.AlterField(
            model_name="publishedentry",
            name="sort_key",
            field=glossary.models.fields.CodePointField(max_length=800),
        ),
        migrations.AddIndex(
            model_name="entrytag",
            index=models.Index(fields=["slug", "sort_key", "entry"], name="entry_tag_in_order"),
        ),
        migrations.AddIndex(
            model_name="publishedentry",
            index=models.Index(fields=["sort_key", "slug"], name="entry_by_name"),
        ),
        migrations.AddIndex(
            model_name="publishedentry",
            index=models.Index(fields=["initial", "sort_key", "slug"], name="entry_in_letter"),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["kind", "initial", "sort_key"], name="listing_in_letter"),
        ),
        migrations.AddIndex(
            model_name="listing",
            index=models.Index(fields=["kind", "-count", "sort_key"], name="listing_by_count"),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.UniqueConstraint(fields=("kind", "key"), name="listing_once"),
        ),
        migrations.AddIndex(
            model_name="topicpair",
            index=models.Index(fields=["slug", "-count", "other"], name="topic_pair_by_count"),
        ),
        migrations.AddConstraint(
            model_name="topicpair",
            constraint=models.UniqueConstraint(fields=("slug", "other"), name="topic_pair_once"),
        ),
    ]

from django.conf import settings
from django.db import migrations, models

from glossary.migrations.frozen.columns import CodePointField


class Migration(migrations.Migration):
    """What is public, what topics are about, and the lists, names and search texts made of both."""

    replaces = [
        ("glossary", "0011_lists"),
        ("glossary", "0012_lists_counted"),
        ("glossary", "0016_edition_changes"),
        ("glossary", "0018_missing_terms"),
        ("glossary", "0021_drop_search_document"),
        ("glossary", "0023_names_without_a_spare_index"),
    ]
    dependencies = [
        ("glossary", "0002_review"),
    ]
    operations = [
        migrations.CreateModel(
            name="PublishedEntry",
            fields=[
                (
                    "term",
                    models.OneToOneField(
                        on_delete=models.PROTECT,
                        primary_key=True,
                        related_name="entry",
                        serialize=False,
                        to="glossary.term",
                    ),
                ),
                ("slug", models.SlugField(max_length=200, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("sort_key", CodePointField(max_length=800)),
                (
                    "initial",
                    models.CharField(
                        help_text="The letter under which the title is listed, or its script.", max_length=12
                    ),
                ),
                (
                    "summary",
                    models.CharField(
                        help_text="Plain beginning of the definition, for lists and metadata.", max_length=300
                    ),
                ),
                ("first_published_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("published_by_name", models.CharField(max_length=200)),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=models.PROTECT, related_name="published_entry", to="glossary.revision"
                    ),
                ),
                (
                    "approval",
                    models.ForeignKey(
                        help_text="The approval under which the revision is public. Empty only if it was published before "
                        "approvals were recorded.",
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="glossary.approval",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "published entries",
                "ordering": ["sort_key", "slug"],
                "indexes": [
                    models.Index(fields=["-published_at", "sort_key"], name="entry_by_recency"),
                    models.Index(fields=["sort_key", "slug"], name="entry_by_name"),
                    models.Index(fields=["initial", "sort_key", "slug"], name="entry_in_letter"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EntryTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=100)),
                ("name", models.CharField(max_length=100)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="entry_tags", to="glossary.publishedentry"
                    ),
                ),
                ("sort_key", CodePointField(help_text="The entry's, so that a topic has an order.", max_length=800)),
            ],
            options={
                "ordering": ["name"],
                "indexes": [models.Index(fields=["slug", "sort_key", "entry"], name="entry_tag_in_order")],
                "constraints": [models.UniqueConstraint(fields=("entry", "slug"), name="entry_tag_once")],
            },
        ),
        migrations.CreateModel(
            name="TagDescription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("tag", models.ForeignKey(on_delete=models.PROTECT, related_name="descriptions", to="taggit.tag")),
            ],
            options={
                "ordering": ["-pk"],
                "permissions": [("describe_tag", "Can write what a topic is about")],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="EntryName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("normalised", models.CharField(max_length=800)),
                ("kind", models.CharField(help_text="“title”, or the kind of synonym.", max_length=12)),
                (
                    "entry",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="names", to="glossary.publishedentry"),
                ),
                ("key", models.BinaryField(db_index=True, max_length=400)),
                ("stem_key", models.BinaryField(db_index=True, max_length=400)),
            ],
        ),
        migrations.CreateModel(
            name="NameUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("sort_key", CodePointField(max_length=800)),
                ("kind", models.CharField(help_text="“title”, or the kind of synonym.", max_length=12)),
                (
                    "is_ambiguous",
                    models.BooleanField(
                        default=False, help_text="Several terms have this name, so that it is not linked."
                    ),
                ),
                ("links", models.PositiveIntegerField(default=0)),
                ("ambiguous", models.PositiveIntegerField(default=0)),
                ("counted_at", models.DateTimeField()),
                ("entry", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="glossary.publishedentry")),
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
        migrations.CreateModel(
            name="NameChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "term_id",
                    models.BigIntegerField(
                        help_text="Empty if too many names changed: then all names are read again.", null=True
                    ),
                ),
                (
                    "token",
                    models.BigIntegerField(
                        help_text="Random, so that it differs from the row with the same number in a restored backup."
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=models.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="glossary.publishedentry",
                    ),
                ),
                (
                    "names",
                    models.TextField(help_text="Stems of the title and the other names, with a bar after each name."),
                ),
                ("text", models.TextField(help_text="Stems of the texts, with a bar after each text.")),
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
            options={
                "constraints": [models.UniqueConstraint(fields=("word", "piece"), name="spelling_piece_once")],
            },
        ),
        migrations.CreateModel(
            name="MissingTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=60, unique=True, verbose_name="looked for")),
                ("times", models.PositiveIntegerField(default=1)),
                ("first_date", models.DateField(db_index=True, verbose_name="first")),
                ("last_date", models.DateField(db_index=True, verbose_name="last")),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                ("dismissed_by_name", models.CharField(blank=True, max_length=200)),
                (
                    "dismissed_by",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-times", "-last_date", "text"],
                "permissions": [("dismiss_missingterm", "Can dismiss a missing term")],
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dismissed_at__isnull", True),
                            models.Q(("dismissed_by_name", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="missing_term_dismissed_by",
                    )
                ],
            },
        ),
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
                ("sort_key", CodePointField(blank=True, max_length=400)),
                ("initial", models.CharField(blank=True, max_length=12)),
                ("description", models.TextField(blank=True, help_text="Of a topic: plain text, as readers see it.")),
                ("count", models.PositiveIntegerField(default=0)),
                ("changed_at", models.DateTimeField(help_text="The last change of what the list shows.")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "initial", "sort_key"], name="listing_in_letter"),
                    models.Index(fields=["kind", "-count", "sort_key"], name="listing_by_count"),
                ],
                "constraints": [models.UniqueConstraint(fields=("kind", "key"), name="listing_once")],
            },
        ),
        migrations.CreateModel(
            name="TopicPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, max_length=100)),
                ("other", models.SlugField(db_index=False, max_length=100)),
                ("count", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["slug", "-count", "other"], name="topic_pair_by_count")],
                "constraints": [models.UniqueConstraint(fields=("slug", "other"), name="topic_pair_once")],
            },
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="edition_is_one_row")],
            },
        ),
        migrations.CreateModel(
            name="EditionChange",
            fields=[
                ("edition", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                (
                    "name",
                    models.BigIntegerField(
                        help_text="A random number. It distinguishes a content version from one with the same number in a "
                        "restored backup."
                    ),
                ),
                ("keys", models.JSONField(help_text="Keys of the pages that it changed; `*` is every page.")),
            ],
            options={
                "default_permissions": (),
            },
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
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="glossary.term")),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("what", "term"), name="naming_once")],
            },
        ),
    ]

from django.conf import settings
from django.db import migrations, models
from taggit.managers import TaggableManager

from glossary.migrations.frozen.columns import CodePointField


class Migration(migrations.Migration):
    """Terms, their frozen revisions and history, and what their texts name."""

    initial = True
    replaces = [
        ("glossary", "0001_initial"),
        ("glossary", "0013_linked_names"),
        ("glossary", "0014_topics_and_successors"),
        ("glossary", "0017_event_published"),
        ("glossary", "0019_term_in_order"),
        ("glossary", "0022_written_links"),
        ("glossary", "0025_unlinked_names_as_read"),
        ("glossary", "0026_sorted_as_people_count"),
        ("glossary", "0027_name_uses"),
    ]
    dependencies = [
        ("taggit", "0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Term",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "title",
                    models.CharField(
                        help_text="The name as a reader would look it up, for example “Luteal phase”.", max_length=200
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        error_messages={"unique": "Another term already has this address. Choose a different one."},
                        help_text="The last part of the page's address, made from the title. If you change it later, the "
                        "old address still works.",
                        max_length=200,
                        unique=True,
                    ),
                ),
                (
                    "definition",
                    models.TextField(help_text="What the term means, in words that an educated patient understands."),
                ),
                (
                    "origin",
                    models.TextField(
                        blank=True, help_text="Where the term comes from: the words, the people, the practice."
                    ),
                ),
                (
                    "mechanism",
                    models.TextField(
                        blank=True, help_text="How it works in the body, or what the treatment does there."
                    ),
                ),
                ("retired_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("related", models.ManyToManyField(blank=True, related_name="related_from", to="glossary.term")),
                (
                    "retired_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tags",
                    TaggableManager(
                        blank=True,
                        help_text="Topics. Choose from the list, or type a topic and a comma.",
                        through="taggit.TaggedItem",
                        to="taggit.Tag",
                        verbose_name="Tags",
                    ),
                ),
                ("next_review_date", models.DateField(blank=True, editable=False, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="The person who owns the term, and gets an email when it needs review.",
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="terms",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("retired_by_name", models.CharField(blank=True, editable=False, max_length=200)),
                (
                    "review_months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Leave empty for the site's default.",
                        null=True,
                        verbose_name="review every … months",
                    ),
                ),
                (
                    "reminded_date",
                    models.DateField(
                        blank=True,
                        editable=False,
                        help_text="The due date about which owner and reviewers were reminded.",
                        null=True,
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        help_text="The term to which the page of a retired term links. If that one is retired later, its "
                        "own successor is used.",
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="glossary.term",
                    ),
                ),
                ("sort_key", CodePointField(blank=True, editable=False, max_length=800)),
            ],
            options={
                "ordering": ["sort_key", "pk"],
                "permissions": [
                    ("submit_term", "Can submit a term for review"),
                    ("publish_term", "Can publish a term that is approved"),
                    ("retire_term", "Can retire a term"),
                    ("review_term", "Can approve a term or send it back"),
                    ("emergency_publish_term", "Can publish without review, in an emergency"),
                ],
                "indexes": [models.Index(fields=["sort_key", "id"], name="term_in_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("title", ""), _negated=True),
                            models.Q(("slug", ""), _negated=True),
                            models.Q(("definition", ""), _negated=True),
                        ),
                        name="term_has_title_slug_definition",
                        violation_error_message="A term needs a title, a slug and a definition.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("review_months__isnull", True), ("review_months__range", (1, 120)), _connector="OR"
                        ),
                        name="term_review_months_sensible",
                        violation_error_message="The time between reviews must be 1 to 120 months.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("retired_at__isnull", True), ("retired_by_name", "")),
                            models.Q(("retired_at__isnull", False), models.Q(("retired_by_name", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="term_retired_at_with_by",
                        violation_error_message="A retired term needs a time and the person who retired it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("successor__isnull", True),
                            models.Q(
                                ("retired_at__isnull", False), models.Q(("successor", models.F("pk")), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="term_successor_of_retired_by_another",
                        violation_error_message="Only a retired term can have a successor, which must be another term.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("document", models.JSONField(help_text="The term document, whole.")),
                (
                    "sha256",
                    models.CharField(
                        help_text="Hash of the document's canonical form (RFC 8785).",
                        max_length=64,
                        verbose_name="SHA-256",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="revisions", to="glossary.term")),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("term", "number"), name="revision_number_once_per_term"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("number", 1), ("parent__isnull", True)),
                            models.Q(("number__gt", 1), ("parent__isnull", False)),
                            _connector="OR",
                        ),
                        name="revision_after_the_first_has_parent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("submitted", "submitted for review"),
                            ("withdrawn", "withdrew from review"),
                            ("overtaken", "edited while in review"),
                            ("sent_back", "asked for changes"),
                            ("approved", "approved"),
                            ("emergency", "published without review"),
                            ("scheduled", "scheduled"),
                            ("unscheduled", "cancelled the schedule of"),
                            ("failed", "could not carry out the schedule of"),
                            ("restored", "restored"),
                            ("planned", "planned the review of"),
                            ("dismissed", "looked again at, and kept"),
                            ("seal_broken", "ended the approval of"),
                            ("published", "published"),
                            ("retired", "retired"),
                            ("unlinked", "switched off links to a name of"),
                            ("linked", "switched on links to a name of"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="events", to="glossary.term")),
                (
                    "previous_revision",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"),
                ),
                (
                    "revision",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("verb", "published")), fields=["-created_at", "-id"], name="event_published"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SlugRedirect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=200, unique=True)),
                ("created_at", models.DateTimeField()),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="old_slugs", to="glossary.term")),
            ],
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                ("text", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("synonym", "Synonym"),
                            ("abbreviation", "Abbreviation"),
                            ("variant", "Spelling variant"),
                            ("former", "Former name"),
                        ],
                        default="synonym",
                        max_length=12,
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="synonyms", to="glossary.term")),
            ],
            options={
                "ordering": ["position", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("term", "text"),
                        name="synonym_once_per_term",
                        violation_error_message="This synonym is listed twice.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "citation",
                    models.TextField(help_text="Authors. Title. Journal. Year;volume(issue):pages.", max_length=1000),
                ),
                (
                    "doi",
                    models.CharField(
                        blank=True, help_text="For example 10.1001/jama.288.3.321.", max_length=1000, verbose_name="DOI"
                    ),
                ),
                (
                    "pmid",
                    models.CharField(
                        blank=True, help_text="PubMed number, digits only.", max_length=60, verbose_name="PMID"
                    ),
                ),
                ("url", models.URLField(blank=True, max_length=1000, verbose_name="web address")),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="references", to="glossary.term")),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Insight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "text",
                    models.TextField(help_text="One or two sentences with something worth knowing.", max_length=1000),
                ),
                ("url", models.URLField(blank=True, max_length=1000, verbose_name="address that it leads to")),
                (
                    "target",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="insights_from",
                        to="glossary.term",
                        verbose_name="term that it leads to",
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="insights", to="glossary.term")),
            ],
            options={
                "ordering": ["position", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("target__isnull", True), ("url", ""), _connector="OR"),
                        name="insight_leads_to_one_place",
                        violation_error_message="An insight can lead to a term or to a web address, not to both.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnlinkedName",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("normalised", models.CharField(max_length=800)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "term",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="unlinked_names", to="glossary.term"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("term", "normalised"),
                        name="unlinked_name_once_per_term",
                        violation_error_message="Links to this name are already switched off.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WrittenLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, max_length=200)),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="written_links", to="glossary.term")),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("slug", "term"), name="written_link_once")],
            },
        ),
        migrations.AddField(
            model_name="term",
            name="head",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="+",
                to="glossary.revision",
            ),
        ),
    ]

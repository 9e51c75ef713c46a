from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Reviews, approvals, schedules and concerns, and who is told of them."""

    replaces = [
        ("glossary", "0004_review"),
        ("glossary", "0006_retired_by_name"),
        ("glossary", "0007_letters"),
        ("glossary", "0008_presence"),
        ("glossary", "0008_retractions"),
        ("glossary", "0010_retractions_checked"),
        ("glossary", "0024_wording"),
    ]
    dependencies = [
        ("glossary", "0001_terms"),
    ]
    operations = [
        migrations.CreateModel(
            name="Credentials",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(help_text="For example “MD, consultant endocrinologist”.", max_length=200)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=models.CASCADE, related_name="credentials", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "credentials",
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "In review"),
                            ("approved", "Approved"),
                            ("sent_back", "Changes requested"),
                            ("withdrawn", "Withdrawn"),
                            ("overtaken", "Replaced by a newer revision"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("submitted_at", models.DateTimeField()),
                ("submitted_by_name", models.CharField(max_length=200)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by_name", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        blank=True,
                        help_text="The reviewer who is asked. Empty for any reviewer.",
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="reviews_asked",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="reviews", to="glossary.revision"),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="reviews", to="glossary.term")),
            ],
            options={
                "ordering": ["-submitted_at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")),
                        fields=("term",),
                        name="review_one_open_per_term",
                        violation_error_message="This term is already in review.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by_name", ""), ("status", "open")),
                            models.Q(
                                models.Q(("status", "open"), _negated=True),
                                ("decided_at__isnull", False),
                                models.Q(("decided_by_name", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="review_decided_at_with_by",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "sent_back"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="review_sent_back_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReviewComment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "section",
                    models.CharField(
                        choices=[
                            ("general", "The whole term"),
                            ("definition", "Definition"),
                            ("origin", "Origin"),
                            ("mechanism", "Mechanism"),
                            ("insights", "Related insights"),
                            ("names", "Title and synonyms"),
                            ("references", "References"),
                        ],
                        default="general",
                        max_length=10,
                    ),
                ),
                ("text", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("review", models.ForeignKey(on_delete=models.PROTECT, related_name="comments", to="glossary.review")),
            ],
            options={
                "ordering": ["created_at", "pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("clinical_sha256", models.CharField(max_length=64)),
                ("emergency", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("approved_at", models.DateTimeField()),
                ("approved_by_name", models.CharField(max_length=200)),
                ("credentials", models.CharField(blank=True, max_length=200)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="approvals", to="glossary.revision"),
                ),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="approvals", to="glossary.term")),
                (
                    "review",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="glossary.review"),
                ),
            ],
            options={
                "ordering": ["-approved_at", "-pk"],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["term", "clinical_sha256"], name="approval_by_content")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("emergency", False), ("review__isnull", False)),
                            models.Q(("emergency", True), models.Q(("reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="approval_by_review_or_emergency_with_reason",
                        violation_error_message="An emergency publication needs a reason.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScheduledChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(choices=[("publish", "publish"), ("retire", "retire")], max_length=8)),
                ("due_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                ("created_by_name", models.CharField(max_length=200)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, max_length=500)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.PROTECT, related_name="scheduled", to="glossary.term")),
                (
                    "successor",
                    models.ForeignKey(
                        blank=True,
                        help_text="The term that replaces a retired term.",
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to="glossary.term",
                    ),
                ),
            ],
            options={
                "ordering": ["due_at", "pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=("term", "verb"),
                        name="scheduled_once_per_term_and_verb",
                        violation_error_message="This change is already scheduled.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revision__isnull", False), ("verb", "publish")),
                            models.Q(("revision__isnull", True), ("verb", "retire")),
                            _connector="OR",
                        ),
                        name="scheduled_publication_names_its_revision",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at__isnull", True), ("outcome", "")),
                            models.Q(("done_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="scheduled_done_at_with_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("successor__isnull", True),
                            models.Q(("verb", "retire"), models.Q(("successor", models.F("term")), _negated=True)),
                            _connector="OR",
                        ),
                        name="scheduled_successor_of_retirement",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RetractedWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("doi", models.CharField(blank=True, max_length=300)),
                ("pmid", models.CharField(blank=True, max_length=20)),
                ("title", models.CharField(blank=True, max_length=1000)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                ("retracted_date", models.DateField(blank=True, null=True)),
                (
                    "listed_at",
                    models.DateTimeField(
                        help_text="When this site learned of the retraction. Earlier approvals were given without knowing "
                        "of it."
                    ),
                ),
                ("checked_at", models.DateTimeField(help_text="When it was last in a list that was loaded.")),
            ],
            options={
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("pmid", ""), _negated=True), fields=["pmid"], name="retracted_by_pmid"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("doi", ""), _negated=True), fields=("doi",), name="retracted_doi_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("doi", ""), models.Q(("pmid", ""), _negated=True)),
                        fields=("pmid",),
                        name="retracted_pmid_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("doi", ""), ("pmid", ""), _negated=True),
                        name="retracted_work_has_identifier",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Concern",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("target_gone", "leads to a term that is no longer public"),
                            ("target_hidden", "leads to a term that is not public"),
                            ("target_changed", "leads to a term whose clinical content changed"),
                            ("retracted", "cites a work that was retracted"),
                        ],
                        max_length=15,
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_by_name", models.CharField(blank=True, max_length=200)),
                (
                    "after",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="glossary.revision"
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=models.CASCADE, related_name="+", to="glossary.term"
                    ),
                ),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="concerns", to="glossary.term")),
                (
                    "resolution",
                    models.CharField(
                        blank=True, help_text="Why it is settled, if somebody gave a reason.", max_length=500
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at__isnull", True), ("target__isnull", False)),
                        fields=("term", "kind", "target"),
                        name="concern_once_per_target",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at__isnull", True), ("target__isnull", True)),
                        fields=("term", "kind", "detail"),
                        name="concern_once_per_detail",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("resolved_at__isnull", True), ("resolved_by_name", "")),
                            models.Q(("resolved_at__isnull", False), models.Q(("resolved_by_name", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="concern_resolved_at_with_by",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(db_index=True)),
                ("term", models.ForeignKey(on_delete=models.CASCADE, related_name="presences", to="glossary.term")),
                ("user", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["opened_at", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("term", "user"), name="presence_once_per_term_and_user")
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, unique=True)),
                ("to", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("try_at", models.DateTimeField(help_text="The email is not sent, or tried again, before this time.")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="What the mail server said at the last attempt.", max_length=500
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)), fields=["try_at"], name="letter_to_send"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="term",
            name="review",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                help_text="The latest review, in any state.",
                null=True,
                on_delete=models.PROTECT,
                related_name="+",
                to="glossary.review",
            ),
        ),
    ]

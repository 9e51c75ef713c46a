from django.db import migrations, models


class Migration(migrations.Migration):
    """An outbox for mail, and what became of concerns."""

    dependencies = [
        ("glossary", "0006_retired_by_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="concern",
            name="resolution",
            field=models.CharField(blank=True, help_text="Why it is settled, where somebody said so.", max_length=500),
        ),
        migrations.AddField(
            model_name="term",
            name="reminded_date",
            field=models.DateField(
                blank=True,
                editable=False,
                help_text="The due date of which owner and reviewers were reminded.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="concern",
            name="kind",
            field=models.CharField(
                choices=[
                    ("target_gone", "leads to a term that is not public any more"),
                    ("target_hidden", "leads to a term that is not public"),
                    ("target_changed", "leads to a term whose clinical content changed"),
                    ("retracted", "cites a work that was retracted"),
                ],
                max_length=15,
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="verb",
            field=models.CharField(
                choices=[
                    ("submitted", "submitted for review"),
                    ("withdrawn", "withdrew from review"),
                    ("overtaken", "edited while in review"),
                    ("sent_back", "asked for changes"),
                    ("approved", "approved"),
                    ("emergency", "published without review"),
                    ("scheduled", "scheduled"),
                    ("unscheduled", "took from the schedule"),
                    ("failed", "could not carry out what was due"),
                    ("restored", "restored"),
                    ("planned", "planned the review of"),
                    ("dismissed", "looked again, and kept"),
                    ("seal_broken", "broke the seal of"),
                    ("published", "published"),
                    ("retired", "retired"),
                ],
                max_length=20,
            ),
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
                ("try_at", models.DateTimeField(help_text="Not before then is it sent, or tried again.")),
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
    ]

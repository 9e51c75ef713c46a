from django.db import migrations, models


class Migration(migrations.Migration):
    """The name of who retired a term is required; the account may go."""

    dependencies = [("glossary", "0005_four_eyes")]
    operations = [
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retired_at__isnull", True), ("retired_by_name", "")),
                    models.Q(("retired_at__isnull", False), models.Q(("retired_by_name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="term_retired_at_with_by",
                violation_error_message="A retired term says when and by whom.",
            ),
        ),
    ]

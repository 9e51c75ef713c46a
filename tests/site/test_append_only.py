"""What is written once stays as it is: the database refuses, and no such model is forgotten."""

import pytest
from django.apps import apps
from django.db import connection

import consent.models
import glossary.models

BASES = (glossary.models.AppendOnly, consent.models.AppendOnly)
# Written once by design. A new model that should be among them is added here and in a migration.
APPEND_ONLY = {
    "consent.AuditRun",
    "consent.Checkpoint",
    "consent.ConsentEvent",
    "consent.ConsentRecord",
    "consent.JournalEntry",
    "consent.LedgerBlock",
    "consent.ClosedDay",
    "consent.DailyChoices",
    "consent.Notice",
    "consent.PrunedBlock",
    "glossary.Approval",
    "glossary.Event",
    "glossary.ReviewComment",
    "glossary.Revision",
    "glossary.TagDescription",
}


def test_the_list_of_append_only_models_is_complete() -> None:
    models = [*apps.get_app_config("glossary").get_models(), *apps.get_app_config("consent").get_models()]
    assert {model._meta.label for model in models if issubclass(model, BASES)} == APPEND_ONLY


@pytest.mark.django_db
@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_every_append_only_table_has_its_triggers(label: str) -> None:
    table = apps.get_model(label)._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgtype FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O'",
                [table],
            )
            # pg_trigger.tgtype is a bit mask: 2 before, 8 delete, 16 update, 32 truncate.
            refused = 0
            for (kind,) in cursor.fetchall():
                refused |= kind if kind & 2 else 0
            assert refused & (8 | 16 | 32) == 8 | 16 | 32
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            statements = " ".join(sql for (sql,) in cursor.fetchall())
            assert "BEFORE DELETE" in statements
            assert "BEFORE UPDATE" in statements

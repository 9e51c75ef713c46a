from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.migrations.frozen.append_only import protect, unprotect

# Table → the column that points to an account.
TABLES = {
    "glossary_revision": "created_by_id",
    "glossary_event": "created_by_id",
    "glossary_reviewcomment": "created_by_id",
    "glossary_approval": "approved_by_id",
    "glossary_tagdescription": "created_by_id",
}
# Everybody who saved a revision since the last approved one: the rule of glossary.actions.reviewing.contributors.
CONTRIBUTED = """
    SELECT 1 FROM glossary_revision approved
    JOIN glossary_revision saved ON saved.term_id = approved.term_id AND saved.number <= approved.number
    WHERE approved.id = NEW.revision_id
      AND saved.created_by_id = NEW.approved_by_id
      AND saved.number > COALESCE((
          SELECT MAX(earlier.number) FROM glossary_approval approval
          JOIN glossary_revision earlier ON earlier.id = approval.revision_id
          WHERE earlier.term_id = approved.term_id AND NOT approval.emergency AND earlier.number < approved.number
      ), 0)
"""
REFUSAL = "glossary_approval: whoever saved a revision since the last approval cannot approve it"
POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION glossary_approval_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.emergency AND EXISTS ({CONTRIBUTED}) THEN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER glossary_approval_four_eyes BEFORE INSERT ON glossary_approval
    FOR EACH ROW EXECUTE FUNCTION glossary_approval_four_eyes();
"""
SQLITE = f"""
CREATE TRIGGER glossary_approval_four_eyes BEFORE INSERT ON glossary_approval
WHEN NOT NEW.emergency AND EXISTS ({CONTRIBUTED})
BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
"""


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table, person in TABLES.items():
        protect(schema_editor, table, person=person)
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE, params=None)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER glossary_approval_four_eyes ON glossary_approval", params=None)
        schema_editor.execute("DROP FUNCTION glossary_approval_four_eyes()", params=None)
    else:
        schema_editor.execute("DROP TRIGGER glossary_approval_four_eyes", params=None)
    for table in TABLES:
        unprotect(schema_editor, table)


class Migration(migrations.Migration):
    """History cannot be changed, and nobody approves what they wrote: the database refuses both."""

    replaces = [("glossary", "0002_append_only"), ("glossary", "0005_four_eyes")]
    dependencies = [("glossary", "0003_published_entries")]
    operations = [migrations.RunPython(forwards, backwards)]

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.append_only import protect, unprotect

TABLES = ["glossary_revision", "glossary_event"]


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        protect(schema_editor, table)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        unprotect(schema_editor, table)


class Migration(migrations.Migration):
    """Frozen revisions and events can't be changed, whoever asks the database to."""

    dependencies = [("glossary", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from glossary.migrations.frozen.search_index import create_index, drop_index


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    create_index(schema_editor)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drop_index(schema_editor)


class Migration(migrations.Migration):
    """The full-text index over search texts, which the database keeps by itself."""

    replaces = [("glossary", "0015_search"), ("glossary", "0020_traces")]
    dependencies = [("glossary", "0004_append_only")]
    operations = [migrations.RunPython(forwards, backwards)]

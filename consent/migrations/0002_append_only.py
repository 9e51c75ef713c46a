from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.append_only import protect, unprotect

TABLES = ["consent_notice", "consent_consentrecord"]


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        protect(schema_editor, table)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        unprotect(schema_editor, table)


class Migration(migrations.Migration):
    """Notices and consent records can't be changed, whoever asks the database to."""

    dependencies = [("consent", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]

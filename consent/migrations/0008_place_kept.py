from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent.migrations.frozen.first_notice import DOCUMENT

NAME = "consent_place"


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    group = apps.get_model("cookie_consent", "CookieGroup").objects.filter(varname="necessary").first()
    if group is None:
        return  # an operator has another category for what the site needs, and declares it there
    [declared] = (each for each in DOCUMENT["categories"][0]["cookies"] if each["name"] == NAME)
    cookie, created = apps.get_model("cookie_consent", "Cookie").objects.get_or_create(
        cookiegroup=group, name=NAME, domain="", defaults={"description": declared["purpose"], "path": "/"}
    )
    if created:
        apps.get_model("consent", "CookieDetails").objects.create(cookie=cookie, days=None, kind="session")


class Migration(migrations.Migration):
    """Declares where a reader was while a choice loads the page anew.

    The first notice of a new site names it. Elsewhere the next notice does.
    """

    dependencies = [("consent", "0007_operators")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

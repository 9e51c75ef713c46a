from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAME = "signed_in"
PURPOSE = "Switches services off for staff who are signed in. Readers never get it."
DAYS = 14


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    CookieGroup = apps.get_model("cookie_consent", "CookieGroup")
    Cookie = apps.get_model("cookie_consent", "Cookie")
    CookieDetails = apps.get_model("consent", "CookieDetails")
    group = CookieGroup.objects.filter(varname="necessary").first()
    if group is None:
        return  # an operator has another category for what the site needs, and declares it there
    cookie, created = Cookie.objects.get_or_create(
        cookiegroup=group, name=NAME, domain="", defaults={"description": PURPOSE, "path": "/"}
    )
    if created:
        CookieDetails.objects.create(cookie=cookie, days=DAYS, kind="cookie")


class Migration(migrations.Migration):
    """Declares the cookie that switches services off for those who are signed in to the admin.

    The first notice of a new site names it. Elsewhere the next notice does; readers never get it.
    """

    dependencies = [("consent", "0013_site_storage")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

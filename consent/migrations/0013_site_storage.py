from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from consent import wording


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    CookieGroup = apps.get_model("cookie_consent", "CookieGroup")
    Cookie = apps.get_model("cookie_consent", "Cookie")
    CookieDetails = apps.get_model("consent", "CookieDetails")
    for key in wording.site_storage():
        group = CookieGroup.objects.filter(varname=key.category).first()
        if group is None:
            continue  # an operator took the category away, and so nothing is kept under it
        cookie, created = Cookie.objects.get_or_create(
            cookiegroup=group, name=key.name, domain="", defaults={"description": key.purpose, "path": "/"}
        )
        if created:
            CookieDetails.objects.create(cookie=cookie, days=key.days, kind="local")


class Migration(migrations.Migration):
    """Declares what the site's own scripts keep.

    The first notice of a new site names it. On a site that has one, visitors learn of it with the next notice that its
    operators publish, and until then nothing is kept.
    """

    dependencies = [("consent", "0012_violations")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

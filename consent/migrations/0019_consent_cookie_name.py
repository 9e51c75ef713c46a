from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BEFORE = "cookie_consent"
NAME = "__Host-consent_choice"


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Cookie = apps.get_model("cookie_consent", "Cookie")
    NoticeText = apps.get_model("consent", "NoticeText")
    for cookie in Cookie.objects.filter(name=BEFORE, domain=""):
        if not Cookie.objects.filter(name=NAME, domain="", cookiegroup=cookie.cookiegroup).exists():
            cookie.name = NAME
            cookie.save(update_fields=["name"])
    for text in NoticeText.objects.all():
        # Translations are kept under the name of the cookie, and hold for the new one.
        names = {_renamed(key): said for key, said in text.names.items()}
        if names != text.names:
            text.names = names
            text.save(update_fields=["names"])


def _renamed(key: str) -> str:
    kind, *parts = key.split("/")
    return f"cookie/{parts[0]}/{NAME}/" if kind == "cookie" and parts[1:] == [BEFORE, ""] else key


class Migration(migrations.Migration):
    """Declares the consent cookie under its new name.

    The first notice of a new site names it so. Elsewhere the next notice does.
    """

    dependencies = [("consent", "0018_check_runs")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]

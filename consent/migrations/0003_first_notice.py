from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from consent import notices, wording


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    CookieGroup = apps.get_model("cookie_consent", "CookieGroup")
    Cookie = apps.get_model("cookie_consent", "Cookie")
    CookieLifetime = apps.get_model("consent", "CookieLifetime")
    for position, category in enumerate(wording.CATEGORIES):
        group, _ = CookieGroup.objects.update_or_create(
            varname=category.varname,
            defaults={
                "name": category.name,
                "description": category.purpose,
                "is_required": category.required,
                "is_deletable": not category.required,
                "ordering": position,
            },
        )
        for declared in category.cookies:
            cookie, _ = Cookie.objects.update_or_create(
                cookiegroup=group,
                name=declared.name,
                domain="",
                defaults={"description": declared.purpose, "path": declared.path},
            )
            CookieLifetime.objects.update_or_create(cookie=cookie, defaults={"days": declared.lifetime_days})
    draft = notices.compose(
        language=wording.LANGUAGE,
        text=wording.TEXT,
        categories=[
            {
                "varname": category.varname,
                "name": category.name,
                "purpose": category.purpose,
                "required": category.required,
                "cookies": [
                    {
                        "name": cookie.name,
                        "purpose": cookie.purpose,
                        "domain": "",
                        "path": cookie.path,
                        "lifetime_days": cookie.lifetime_days,
                    }
                    for cookie in sorted(category.cookies, key=lambda cookie: cookie.name)
                ]
                # The registry has them from 0013 on, where there are kinds.
                + [
                    {
                        "name": key.name,
                        "purpose": key.purpose,
                        "domain": "",
                        "path": "/",
                        "lifetime_days": key.days,
                        "kind": "local",
                    }
                    for key in sorted(wording.site_storage(), key=lambda key: key.name)
                    if key.category == category.varname
                ],
                "services": [],
            }
            for category in wording.CATEGORIES
        ],
    )
    document = notices.freeze(draft, number=1, previous=None, material=True)
    apps.get_model("consent", "Notice").objects.create(
        number=1,
        language=wording.LANGUAGE,
        document=document,
        sha256=notices.sha256(document),
        material=True,
        reason="The first notice of this site.",
        published_at=timezone.now(),
        published_by_name=wording.TEXT["controller"],
    )
    apps.get_model("consent", "Edition").objects.create(pk=1, number=1)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Going back drops the tables behind this; the registry stays, as operators may have added to it.
    apps.get_model("consent", "Edition").objects.all().delete()


class Migration(migrations.Migration):
    """Categories, our own cookies, and the first notice, so that a freshly migrated site is whole."""

    dependencies = [("consent", "0002_append_only"), ("cookie_consent", "0004_cookie_natural_key")]
    operations = [migrations.RunPython(forwards, backwards)]

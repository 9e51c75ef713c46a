from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone

from consent.migrations.frozen.first_notice import DOCUMENT, SHA256, USED_DOCUMENT, USED_SHA256


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for position, category in enumerate(DOCUMENT["categories"]):
        register(apps, category, position)
    # Nobody is asked about a category that nothing uses, but on trial: see the setting CONSENT_TRIAL.
    document, sha256 = (DOCUMENT, SHA256) if settings.CONSENT_TRIAL else (USED_DOCUMENT, USED_SHA256)
    now = timezone.now()
    apps.get_model("consent", "Notice").objects.create(
        number=DOCUMENT["number"],
        language=DOCUMENT["language"],
        document=document,
        sha256=sha256,
        material=True,
        reason="The first notice of this site.",
        published_at=now,
        published_by_name=DOCUMENT["text"]["controller"],
    )
    apps.get_model("consent", "NoticeText").objects.create(
        language=DOCUMENT["language"], words=DOCUMENT["text"], changed_at=now
    )
    apps.get_model("consent", "Edition").objects.create(pk=1, number=1)


def register(apps: Apps, category: dict[str, Any], position: int) -> None:
    """Enter a category into the registry, with what it declares. What is there already under its name is overwritten."""
    group, _ = apps.get_model("cookie_consent", "CookieGroup").objects.update_or_create(
        varname=category["varname"],
        defaults={
            "name": category["name"],
            "description": category["purpose"],
            "is_required": category["required"],
            "is_deletable": not category["required"],
            "ordering": position,
        },
    )
    for declared in category["cookies"]:
        cookie, _ = apps.get_model("cookie_consent", "Cookie").objects.update_or_create(
            cookiegroup=group,
            name=declared["name"],
            domain=declared["domain"],
            defaults={"description": declared["purpose"], "path": declared["path"]},
        )
        apps.get_model("consent", "CookieDetails").objects.update_or_create(
            cookie=cookie, defaults={"days": declared["lifetime_days"], "kind": declared.get("kind", "cookie")}
        )


class Migration(migrations.Migration):
    """Categories, what the site itself keeps, and the first notice, so that a freshly migrated site is whole.

    There is no way back: notices are permanent.
    """

    replaces = [
        ("consent", "0003_first_notice"),
        ("consent", "0013_site_storage"),
        ("consent", "0014_signed_in_cookie"),
        ("consent", "0019_consent_cookie_name"),
    ]
    dependencies = [("consent", "0005_append_only")]
    operations = [migrations.RunPython(forwards)]

import sys

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def name_writers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Service, ConsentEvent = apps.get_model("consent", "Service"), apps.get_model("consent", "ConsentEvent")
    waiting = []
    for service in Service.objects.exclude(start_code="").order_by("pk"):
        events = ConsentEvent.objects.filter(verb="service", details__service=service.slug).order_by("-pk")
        wrote = next((event for event in events if "start_code" in event.details["changed"]), None)
        # Where no event tells, the one who saved the service last: somebody else has to approve it either way.
        service.start_code_by_id = wrote.by_id if wrote else service.changed_by_id
        service.save(update_fields=["start_code_by"])
        if service.status == "on":
            waiting.append(service.name)
    if waiting:
        apps.get_model("consent", "Edition").objects.update(number=F("number") + 1)
        sys.stdout.write(
            f"\n    Not running until somebody else than its writer approves its start code: {', '.join(waiting)}. "
            "See docs/howto/services.md.\n"
        )


def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    # Permissions are otherwise made after all migrations, too late for this one on an empty database.
    config = apps.get_app_config("consent")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    operators = Group.objects.filter(name="Site operators").first()
    if operators is not None:  # else the site has groups of its own
        operators.permissions.add(Permission.objects.get(codename="approve_start_code"))


class Migration(migrations.Migration):
    """Says who wrote the start code that exists. None of it is approved, as nobody but its writer may have read it.

    Site operators may approve what others wrote.
    """

    dependencies = [("consent", "0015_start_code_approvals")]
    operations = [
        migrations.RunPython(name_writers, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]

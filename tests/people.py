"""People who act in tests, and the time at which they do."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.models import Group, User

# The fixed time that tests pass to actions.
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def person(username: str, full_name: str, *groups: str, superuser: bool = False) -> User:
    """Return a new member of staff in the named groups. The password is the user name."""
    first, _, last = full_name.partition(" ")
    user = User.objects.create_user(
        username, password=username, first_name=first, last_name=last, is_staff=True, is_superuser=superuser
    )
    user.groups.set(Group.objects.filter(name__in=groups))
    return user

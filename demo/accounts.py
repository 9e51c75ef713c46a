"""Demonstration accounts: one of each kind, for development only.

Their passwords are made once per installation and kept in ``DATA_DIR/demo-accounts.txt``, readable by its owner alone,
so that every start can print them again for as long as they hold.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, User
from django.db import transaction

FILE_NAME = "demo-accounts.txt"
HEADING = """\
# Demonstration accounts of this installation, made by `manage.py load_demo` while DEBUG is on.
# User name, password, and a fingerprint that shows whether the password has been changed since.
"""
CHANGED = "-"


@dataclass(frozen=True, slots=True)
class Account:
    """A demonstration account; without a group it is the administrator's."""

    username: str
    role: str
    group: str = ""


ACCOUNTS = (
    Account("editor", "Editor", "Clinical editors"),
    Account("reviewer", "Reviewer", "Clinical reviewers"),
    Account("operator", "Operator", "Site operators"),
    Account("admin", "Administrator"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: its password while that holds, and in ``note`` why there is none or what it lacks."""

    account: Account
    password: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Saved:
    password: str
    fingerprint: str


@transaction.atomic
def ensure_accounts(*, folder: Path) -> list[Standing]:
    """Create the demonstration accounts that don't exist, and return how each of them stands.

    An account that exists is never changed: neither its password, nor its groups, nor whether it is active.
    """
    path = folder / FILE_NAME
    before = _read(path)
    names = [account.username for account in ACCOUNTS]
    users = {user.username: user for user in User.objects.filter(username__in=names).prefetch_related("groups")}
    after = dict(before)
    standings = [_stand(account, users.get(account.username), after) for account in ACCOUNTS]
    if after != before:
        _write(path, after)
    return standings


def known_accounts(*, folder: Path) -> list[str]:
    """Return the user names of demonstration accounts that were made here and can still sign in."""
    names = list(_read(folder / FILE_NAME))
    active = User.objects.filter(username__in=names, is_active=True) if names else User.objects.none()
    return sorted(active.values_list("username", flat=True))


def _stand(account: Account, user: User | None, saved: dict[str, _Saved]) -> Standing:
    entry = saved.get(account.username)
    if user is None:
        # A database made anew gets the passwords that its owner already knows.
        password = entry.password if entry and entry.password != CHANGED else new_password()
        user = _create(account, password)
        saved[account.username] = _Saved(password, _fingerprint(user))
        return Standing(account, password, _missing_group(account, user))
    if entry is None:
        return Standing(account, note="already existed, so its password is not known here")
    if not user.is_active:
        return Standing(account, note="is switched off")
    if entry.password != CHANGED and entry.fingerprint != _fingerprint(user):
        # Either the password is another one, or Django stored the same one in a newer way.
        holds = check_password(entry.password, user.password)
        entry = _Saved(entry.password, _fingerprint(user)) if holds else _Saved(CHANGED, CHANGED)
        saved[account.username] = entry
    if entry.password == CHANGED:
        return Standing(account, note="its password has been changed since")
    return Standing(account, entry.password, _missing_group(account, user))


def _create(account: Account, password: str) -> User:
    user = User.objects.create_user(
        account.username,
        password=password,
        # The admin greets people by their first name.
        first_name=f"Demonstration {account.role}",
        is_staff=True,
        is_superuser=not account.group,
    )
    user.groups.set(Group.objects.filter(name=account.group))
    return user


def _missing_group(account: Account, user: User) -> str:
    if not account.group or account.group in {group.name for group in user.groups.all()}:
        return ""
    return f"has no permissions: it is not in the group “{account.group}”"


def new_password() -> str:
    """Return a password of some 44 bits that can be read aloud: syllables, without signs that look alike."""
    syllables = ["".join((secrets.choice("bdfghkmnprstvz"), secrets.choice("aeiou"))) for _ in range(6)]
    words = ("".join(syllables[start : start + 2]) for start in (0, 2, 4))
    return "-".join((*words, "".join(secrets.choice("23456789") for _ in range(2))))


def _fingerprint(user: User) -> str:
    # Of the salted hash in the database, so that a start needn't spend the time that checking a password takes.
    return hashlib.sha256(user.password.encode()).hexdigest()[:32]


def _read(path: Path) -> dict[str, _Saved]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {row[0]: _Saved(row[1], row[2]) for row in rows if len(row) == 3}


def _write(path: Path, accounts: Mapping[str, _Saved]) -> None:
    rows = (f"{name:<10} {saved.password:<20} {saved.fingerprint}\n" for name, saved in accounts.items())
    # Temporary files are the owner's alone from the start (mode 600), which a chmod afterwards would not be.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(HEADING + "".join(rows))
    Path(file.name).replace(path)

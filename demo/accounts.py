"""Demonstration accounts: one of each kind, for development only.

Their passwords are made once per installation and stored in ``DATA_DIR/demo-accounts.txt``, which only its owner can
read, so that every start can print them again until they are changed.
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
    """A demonstration account. The one without a group is the administrator."""

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
class AccountState:
    """The state of an account: its password if it is known, and in ``note`` why it is not or what is missing."""

    account: Account
    password: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Saved:
    password: str
    fingerprint: str


@transaction.atomic
def ensure_accounts(*, folder: Path) -> list[AccountState]:
    """Create the demonstration accounts that don't exist, and return the state of each.

    An existing account is not changed: neither its password, nor its groups, nor whether it is active.
    """
    path = folder / FILE_NAME
    before = _read(path)
    names = [account.username for account in ACCOUNTS]
    users = {user.username: user for user in User.objects.filter(username__in=names).prefetch_related("groups")}
    after = dict(before)
    states = [_state_of(account, users.get(account.username), after) for account in ACCOUNTS]
    if after != before:
        _write(path, after)
    return states


def known_accounts(*, folder: Path) -> list[str]:
    """Return the user names of demonstration accounts that were made here and can still sign in."""
    names = list(_read(folder / FILE_NAME))
    active = User.objects.filter(username__in=names, is_active=True) if names else User.objects.none()
    return sorted(active.values_list("username", flat=True))


def _state_of(account: Account, user: User | None, saved: dict[str, _Saved]) -> AccountState:
    entry = saved.get(account.username)
    if user is None:
        # A new database gets the passwords that its owner already knows.
        password = entry.password if entry and entry.password != CHANGED else new_password()
        user = _create(account, password)
        saved[account.username] = _Saved(password, _fingerprint(user))
        return AccountState(account, password, _missing_group(account, user))
    if entry is None:
        return AccountState(account, note="already existed, so its password is not known here")
    if not user.is_active:
        return AccountState(account, note="is switched off")
    if entry.password != CHANGED and entry.fingerprint != _fingerprint(user):
        # Either the password was changed, or Django has hashed the same one again in a newer way.
        holds = check_password(entry.password, user.password)
        entry = _Saved(entry.password, _fingerprint(user)) if holds else _Saved(CHANGED, CHANGED)
        saved[account.username] = entry
    if entry.password == CHANGED:
        return AccountState(account, note="its password has been changed since")
    return AccountState(account, entry.password, _missing_group(account, user))


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
    # Made from the salted hash in the database, because checking a password would slow each start down.
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
    # Only the owner can read a temporary file from the start (mode 600). With a chmod afterwards, others could before.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(HEADING + "".join(rows))
    Path(file.name).replace(path)

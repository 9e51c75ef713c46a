"""Demonstration accounts: made once, only in development, and never reset."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries, Settings

from demo.glossary import load_demonstration
from tests.people import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def glossary(shared_database: None) -> None:
    """The terms of the demonstration, which no test here is about."""
    load_demonstration(at=NOON)


@pytest.fixture(autouse=True)
def development(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    settings.SITE_URL = "https://glossary.example.org"  # which gets no demonstration services
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


def load() -> str:
    out = io.StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


def shown(output: str) -> dict[str, str]:
    """Return user name → password as printed."""
    return dict(re.findall(r"^  (\w+) +([a-z]+-[a-z]+-[a-z]+-\d\d) ", output, flags=re.MULTILINE))


def test_an_account_of_each_kind_is_made_and_its_password_printed(tmp_path: Path) -> None:
    Group.objects.get_or_create(name="Site operators")
    passwords = shown(load())
    assert list(passwords) == ["editor", "reviewer", "operator", "admin"]
    assert len(set(passwords.values())) == 4
    for name, password in passwords.items():
        user = User.objects.get(username=name)
        assert user.check_password(password)
        assert user.is_staff
        assert user.is_superuser == (name == "admin")
    assert User.objects.get(username="editor").groups.get().name == "Clinical editors"
    assert User.objects.get(username="reviewer").groups.get().name == "Clinical reviewers"
    assert User.objects.get(username="operator").groups.get().name == "Site operators"
    assert (tmp_path / "demo-accounts.txt").stat().st_mode & 0o777 == 0o600


def test_later_starts_print_the_same_passwords_and_check_no_hash(
    settings: Settings, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = shown(load())
    # Without any hasher a password couldn't be checked: telling that it still holds takes none.
    settings.PASSWORD_HASHERS = []
    with django_assert_max_num_queries(12):
        second = shown(load())
    assert second == first


def test_a_changed_password_is_not_shown_and_not_reset(tmp_path: Path) -> None:
    load()
    editor = User.objects.get(username="editor")
    editor.set_password("something of her own")
    editor.save()
    for _ in range(2):
        output = load()
        assert "editor" not in shown(output)
        assert "its password has been changed since" in output
    editor.refresh_from_db()
    assert editor.check_password("something of her own")


def test_a_password_that_is_only_stored_in_a_newer_way_still_holds() -> None:
    first = shown(load())
    User.objects.filter(username="editor").update(password=make_password(first["editor"], hasher="pbkdf2_sha256"))
    assert shown(load()) == first


def test_accounts_that_others_made_or_switched_off_are_left_alone() -> None:
    User.objects.create_user("admin", password="not ours")
    output = load()
    assert "already existed" in output
    assert not User.objects.get(username="admin").is_superuser
    User.objects.filter(username="reviewer").update(is_active=False)
    output = load()
    assert "is switched off" in output
    assert "reviewer" not in shown(output)


def test_a_new_database_gets_the_passwords_that_are_known() -> None:
    first = shown(load())
    User.objects.all().delete()
    assert shown(load()) == first


def test_a_missing_group_is_said_and_nothing_fails() -> None:
    Group.objects.filter(name="Site operators").delete()
    for _ in range(2):
        assert "it is not in the group “Site operators”" in load()
    assert not User.objects.get(username="operator").groups.exists()


def test_without_debug_no_account_is_made_and_the_way_to_one_is_said(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = False
    assert "manage.py createsuperuser" in load()
    assert not User.objects.exists()
    assert not (tmp_path / "demo-accounts.txt").exists()


def test_without_debug_accounts_from_development_are_warned_of(settings: Settings) -> None:
    passwords = shown(load())
    settings.DEBUG = False
    output = load()
    assert "admin, editor, operator, reviewer" in output
    assert not any(password in output for password in passwords.values())

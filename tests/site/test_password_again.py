"""Changes to accounts, groups and permissions ask for the password again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from accounts import password_again
from tests.people import person

pytestmark = pytest.mark.django_db

PASSWORD = "a long password of Ruth's"
NEW = {"username": "mallory", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
ADD = "/admin/auth/user/add/"


@pytest.fixture
def root() -> User:
    user = person("root", "Ruth Oyelaran", superuser=True)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def client(root: User) -> Client:
    """A superuser who signed in a moment ago, with their password."""
    client = Client()
    assert client.login(username="root", password=PASSWORD)
    return client


def give_password(client: Client, password: str = PASSWORD) -> Any:
    return client.post(ADD, {"again-password": password, "again-nothing-kept": "1"})


def test_a_valid_session_alone_makes_no_account(client: Client) -> None:
    answer = client.post(ADD, NEW)
    assert "Enter your password" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert not User.objects.filter(username="mallory").exists()


def test_with_the_password_it_does(client: Client) -> None:
    assert "Enter your password" in client.get(ADD).content.decode()
    assert give_password(client).status_code == 302
    assert 'name="password1"' in client.get(ADD).content.decode()
    assert client.post(ADD, NEW).status_code == 302
    assert User.objects.filter(username="mallory").exists()


def test_what_was_typed_is_not_lost_and_no_password_comes_back(client: Client) -> None:
    answer = client.post(ADD, NEW)
    kept = dict(answer.context["kept"])
    assert kept == {"username": "mallory", "usable_password": "true"}
    assert PASSWORD not in answer.content.decode()
    again = client.post(ADD, {**kept, "again-password": PASSWORD})
    assert again.context["adminform"].form["username"].value() == "mallory"
    group = reverse("admin:auth_group_add")
    client.session.flush()
    client.login(username="root", password=PASSWORD)
    answer = client.post(group, {"name": "Auditors"})
    assert client.post(group, {**dict(answer.context["kept"]), "again-password": PASSWORD}).status_code == 302
    assert Group.objects.filter(name="Auditors").exists()


def test_it_holds_for_a_quarter_of_an_hour(client: Client) -> None:
    give_password(client)
    session = client.session
    session[password_again.GIVEN_AT] -= 15 * 60
    session.save()
    client.post(ADD, NEW)
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/auth/user/{user}/change/", "/admin/auth/user/{user}/delete/", "/admin/auth/user/{user}/password/"),
        *("/admin/auth/group/add/", "/admin/auth/group/{group}/change/", "/admin/auth/group/{group}/delete/"),
        *("/admin/auth/user/", "/admin/auth/group/"),
    ],
)
def test_every_page_that_changes_accounts_asks(client: Client, editor: User, path: str) -> None:
    group = Group.objects.get(name="Clinical editors")
    address = path.format(user=editor.pk, group=group.pk)
    before = User.objects.count(), Group.objects.count()
    data = {"post": "yes", "action": "delete_selected", "_selected_action": [editor.pk, group.pk], "name": "x"}
    assert "Enter your password" in client.post(address, data).content.decode()
    assert (User.objects.count(), Group.objects.count()) == before


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_a_script_is_refused_even_where_the_password_was_just_given(client: Client, sent: dict[str, str]) -> None:
    give_password(client)
    for answer in (client.get(ADD, headers=sent), client.post(ADD, NEW, headers=sent)):
        assert answer.status_code == 403
    assert not User.objects.filter(username="mallory").exists()


def test_a_password_cannot_be_guessed(client: Client) -> None:
    for _ in range(4):
        assert "This is not your password" in give_password(client, "a wrong one").content.decode()
    assert give_password(client, "a wrong one").headers["Location"] == reverse("admin:login")
    assert client.get("/admin/").status_code == 302, "signed out"


def test_those_without_the_right_hear_so_and_are_asked_for_nothing(editor: User) -> None:
    client = Client()
    client.force_login(editor)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, NEW).status_code == 403
    assert Client().get(ADD).status_code == 302

"""Signing in: what the log says of a wrong password, how many there may be, and how many are looked at at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import signing_in
from config import settings as site
from server.outages import Busy
from tests.people import person
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.django_db

PASSWORD = "a long password of Edith's"
WRONG = "hunter2 by mistake"
LOGIN = "/admin/login/"


@pytest.fixture
def editor(editor: User) -> User:
    editor.set_password(PASSWORD)
    editor.save()
    return editor


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the clock on."""

    def move_on(by: timedelta) -> None:
        then = timezone.now() + by
        monkeypatch.setattr(timezone, "now", lambda: then)

    return move_on


def sign_in(username: str, password: str, address: str = "203.0.113.5") -> Any:
    return Client(raise_request_exception=False, REMOTE_ADDR=address).post(
        LOGIN, {"username": username, "password": password}
    )


def test_a_wrong_password_is_logged_without_what_was_typed(editor: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert sign_in("edith", WRONG).status_code == 200
        assert sign_in(WRONG, "edith").status_code == 200
    assert f"A sign-in failed: account {editor.pk}." in caplog.messages
    assert "A sign-in failed: no such account." in caplog.messages
    for secret in (WRONG, "203.0.113", "edith"):
        assert secret not in caplog.text


def test_an_account_with_too_many_wrong_passwords_is_refused_for_a_time_that_is_named(
    editor: User, later: Callable[[timedelta], None]
) -> None:
    for number in range(5):
        # However the name is written, and from wherever.
        assert sign_in(("edith", "Edith", "ＥＤＩＴＨ")[number % 3], WRONG, f"198.51.100.{number}").status_code == 200
    for password in (WRONG, PASSWORD):
        answer = sign_in("edith", password)
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 15 * 60
        text = answer.content.decode()
        assert "too many wrong passwords for this account" in text
        assert "refused for 15 more minutes" in text
        assert "even the right one" in text
        assert "_auth_user_id" not in answer.wsgi_request.session
    later(timedelta(minutes=14, seconds=30))
    assert "refused for 1 more minute," in sign_in("edith", PASSWORD).content.decode()
    later(timedelta(minutes=1))
    assert sign_in("edith", PASSWORD).status_code == 302


def test_an_account_that_does_not_exist_is_counted_like_one_that_does() -> None:
    answers = [sign_in("nobody", WRONG).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_a_network_with_too_many_wrong_passwords_is_refused_and_others_are_not(editor: User) -> None:
    answers = [sign_in(f"nobody-{number}", WRONG, f"2001:db8::{number}").status_code for number in range(31)]
    assert answers == [200] * 30 + [429]
    refused = sign_in("edith", PASSWORD, "2001:db8::ffff")
    assert refused.status_code == 429
    assert "too many wrong passwords from your network" in refused.content.decode()
    assert sign_in("edith", PASSWORD, "2001:db8:1::1").status_code == 302


def test_right_passwords_are_not_counted(editor: User) -> None:
    for _ in range(4):
        sign_in("edith", WRONG)
    for _ in range(40):
        assert sign_in("edith", PASSWORD).status_code == 302


def test_asking_for_the_password_again_counts_too(editor: User) -> None:
    root = person("root", "Ruth Oyelaran", superuser=True)
    root.set_password(PASSWORD)
    root.save()
    clients = [Client() for _ in range(2)]
    for client in clients:
        client.force_login(root)
    form = {"again-password": WRONG, "again-nothing-kept": "1"}
    for number in range(4):
        assert clients[number % 2].post("/admin/auth/user/add/", form).status_code == 200
    assert sign_in("root", WRONG).status_code == 200
    refused = clients[0].post("/admin/auth/user/add/", form | {"again-password": PASSWORD})
    assert refused.status_code == 429
    assert "too many wrong passwords for this account" in refused.content.decode()


def test_changing_the_own_password_counts_too(editor: User) -> None:
    client = Client()
    client.force_login(editor)
    form = {"old_password": WRONG, "new_password1": "a new long password", "new_password2": "a new long password"}
    for _ in range(5):
        assert client.post("/admin/password_change/", form).status_code == 200
    refused = client.post("/admin/password_change/", form | {"old_password": PASSWORD})
    assert refused.status_code == 429
    assert "too many wrong passwords for this account" in refused.content.decode()
    signing_in.limiter.forget()
    assert client.post("/admin/password_change/", form | {"old_password": PASSWORD}).status_code == 302
    assert sign_in("edith", "a new long password").status_code == 302


@pytest.fixture
def hashing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Passwords are hashed as on the site, and each hash takes until it is let go."""
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS
    slow = Slow()
    monkeypatch.setattr(hashers, "pbkdf2", slow)
    return slow


class Slow:
    def __init__(self) -> None:
        self.go_on = Event()
        self._lock = Lock()
        self.now = self.most = 0

    def __call__(self, *args: Any, **kwargs: Any) -> bytes:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go_on.wait(PATIENCE)
        with self._lock:
            self.now -= 1
        return b"hash"


def test_passwords_are_looked_at_one_at_a_time_and_a_few_wait(hashing: Slow) -> None:
    with ThreadPoolExecutor(8) as pool:
        try:
            tries = [pool.submit(hashers.make_password, PASSWORD) for _ in range(8)]
            eventually(lambda: sum(each.done() for each in tries) >= 5, "one works, two wait, five are refused")
            assert hashing.now == 1
            answer = sign_in("nobody", WRONG)
            assert answer.status_code == 503
            assert int(answer["Retry-After"]) > 0
        finally:
            hashing.go_on.set()
    assert sum(isinstance(each.exception(), Busy) for each in tries) >= 5
    assert hashing.most == 1
    # What was not looked at is not counted.
    assert [sign_in("nobody", WRONG).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.slow
def test_hashes_of_before_go_on_working(settings: Settings, at: datetime) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    encoded = hashers.make_password(PASSWORD)
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS
    assert hashers.check_password(PASSWORD, encoded)
    assert not hashers.check_password(WRONG, encoded)

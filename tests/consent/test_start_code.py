"""Start code runs on the origin of the site, so two operators stand behind it: one who wrote it, one who read it."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction
from django.test import Client

from consent.actions import publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import ConsentEvent, Notice, Service
from tests.consent.builders import ANSWERS, OPTIONAL, cookies, opened, service, switch_on
from tests.glossary.term_form import messages_of, signed_in
from tests.people import person

pytestmark = pytest.mark.django_db

CODE = "window.start = 1;"
TRACKER = "https://stats.example.org"


@pytest.fixture
def second(db: None) -> User:
    return person("sade", "Sade Balogun", "Site operators")


@pytest.fixture
def starter(operator: User, at: datetime) -> Service:
    """A script with start code that one operator wrote, published and switched on."""
    starter = save_service(service=service("Starter", start_code=CODE), by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="Start code")
    return switch_on(starter, operator, at)


def rewrite(service: Service, code: str, by: User, at: datetime) -> None:
    """Give a service other start code, with a notice that tells of it, and switch it on again."""
    service.start_code, service.status = code, "announced"
    save_service(service=service, by=by, at=at)
    publish_notice(by=by, at=at, material=False, reason="Other start code")
    switch_on(service, by, at)


def address(service: Service) -> str:
    return f"/admin/consent/service/{service.pk}/start-code/"


def code_address(service: Service) -> str:
    return f"/consent/services/{service.start_code_sha256}.js"


def shown_by(client: Client, service: Service) -> dict[str, str]:
    """Return what the button *Approve start code* would post from the page that is shown now."""
    page = client.get(address(service)).content.decode()
    assert 'value="Approve start code"' in page
    found = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert found
    return {"sha256": found[1]}


def approve(client: Client, service: Service) -> list[str]:
    """Read the start code in the admin and approve it; return what the next page would say."""
    return messages_of(client.post(address(service), shown_by(client, service)))


def runs(service: Service) -> bool:
    """Whether visitors who accepted everything get it: in their policy, and from its address."""
    live = Notice.objects.newest().get(language="en")
    allowed = TRACKER in str(opened(cookies(live, *OPTIONAL), "/glossary/"))
    served = Client().get(code_address(service)).status_code == 200
    on_page = code_address(service) in Client().get("/glossary/").content.decode()
    assert allowed == served == on_page
    return allowed


def test_start_code_that_one_operator_wrote_runs_once_another_approved_it(starter: Service, second: User) -> None:
    assert not runs(starter)
    assert approve(signed_in(second), starter) == ["The start code of “Starter” was approved."]
    assert runs(starter)
    event = ConsentEvent.objects.get(verb="approved")
    assert (event.by, event.details) == (second, {"service": "starter", "sha256": starter.start_code_sha256})


def test_what_was_started_by_nobody_but_its_vendor_needs_no_approval(operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A counter")
    switch_on(counter, operator, at)
    assert current_gate().services == (counter,)


def test_nobody_approves_what_they_wrote(starter: Service, operator: User) -> None:
    olga = signed_in(operator)
    page = olga.get(address(starter)).content.decode()
    assert "another operator has to approve it" in page
    assert 'value="Approve start code"' not in page
    forged = olga.post(address(starter), {"sha256": starter.start_code_sha256})
    assert messages_of(forged) == [
        "You wrote some of the start code of “Starter”, so another operator has to approve it."
    ]
    assert not runs(starter)


def test_nor_does_a_superuser(at: datetime) -> None:
    root = person("root", "Ruth Oyelaran", superuser=True)
    own = save_service(service=service("Own", start_code=CODE), by=root, at=at)
    signed_in(root).post(address(own), {"sha256": own.start_code_sha256})
    own.refresh_from_db()
    assert own.waits_for_approval


def test_who_wrote_it_before_somebody_else_changed_a_blank_is_still_its_writer(
    starter: Service, operator: User, second: User, at: datetime
) -> None:
    rewrite(starter, f"{CODE}\n", second, at)
    for user in (operator, second):
        signed_in(user).post(address(starter), {"sha256": starter.start_code_sha256})
        assert not runs(starter), user
    approve(signed_in(person("tom", "Tom Reed", "Site operators")), starter)
    assert runs(starter)


def test_a_changed_start_code_stops_until_it_is_approved_anew(
    starter: Service, operator: User, second: User, at: datetime
) -> None:
    approve(signed_in(second), starter)
    starter.refresh_from_db()
    starter.purpose, starter.status = "Counts visits, by day.", "announced"
    save_service(service=starter, by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="Its purpose")
    switch_on(starter, operator, at)
    assert runs(starter), "another field than the start code was changed"
    # What a form or a script says of approvals is not asked.
    code = "window.start = 2;"
    starter.start_code_approved_sha256 = hashlib.sha256(code.encode()).hexdigest()
    rewrite(starter, code, second, at)
    assert not runs(starter)
    approve(signed_in(operator), starter)
    assert runs(starter), "the first operator read what the second wrote"


def test_a_text_that_was_changed_in_the_database_alone_does_not_run(starter: Service, second: User) -> None:
    approve(signed_in(second), starter)
    Service.objects.update(start_code="window.start = 3;")
    starter.refresh_from_db()
    assert not runs(starter)


def test_a_stale_page_approves_no_text_that_it_did_not_show(
    starter: Service, operator: User, second: User, at: datetime
) -> None:
    sade = signed_in(second)
    shown = shown_by(sade, starter)
    rewrite(starter, "attack();", operator, at)
    response = sade.post(address(starter), shown, follow=True)
    assert messages_of(response) == ["The start code of “Starter” has changed. Read it again."]
    assert "attack();" in response.content.decode()
    assert not runs(starter)
    for sha256 in ("", "0" * 64):
        sade.post(address(starter), {"sha256": sha256})
    assert not runs(starter)


def test_approving_twice_leaves_one_event(starter: Service, second: User) -> None:
    for _ in range(2):
        signed_in(second).post(address(starter), {"sha256": starter.start_code_sha256})
    assert ConsentEvent.objects.filter(verb="approved").count() == 1


@pytest.mark.parametrize(
    "approval",
    [
        {"start_code_approved_by": "writer"},
        {"start_code_approved_by": "second", "start_code_approved_sha256": ""},
        {"start_code_approved_by": None},
        {"start_code_approved_by": "second", "start_code_approved_at": None},
        {"start_code_approved_by": "second", "start_code_by": None},
        {"start_code_approved_by": "second", "start_code": ""},
    ],
)
def test_the_database_takes_no_approval_by_the_writer_or_in_parts(
    starter: Service, operator: User, second: User, at: datetime, approval: dict[str, Any]
) -> None:
    people: dict[Any, User] = {"writer": operator, "second": second}
    whole = {"start_code_approved_sha256": starter.start_code_sha256, "start_code_approved_at": at}
    changed = {name: people.get(value, value) for name, value in (whole | approval).items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.update(**changed)


# -- At the desk ---------------------------------------------------------------------------------------------------


def told(client: Client, path: str) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_list_and_form_say_that_it_waits_and_offer_the_approval_to_others(
    starter: Service, operator: User, second: User
) -> None:
    waits = "No. Another operator has to approve its start code first."
    for user in (operator, second):
        desk = signed_in(user)
        assert waits in told(desk, "/admin/consent/service/")
        form = told(desk, f"/admin/consent/service/{starter.pk}/change/")
        assert waits in form
        assert f'href="{address(starter)}"' in form
    assert "Olga Nwosu wrote it last" in told(signed_in(second), address(starter))
    approve(signed_in(second), starter)
    form = told(signed_in(operator), f"/admin/consent/service/{starter.pk}/change/")
    assert "Yes, for visitors who accept its category." in form
    assert "Sade Balogun approved the start code" in form
    assert waits not in told(signed_in(operator), "/admin/consent/service/")


def form_of(client: Client, url: str) -> dict[str, Any]:
    """Return what a browser would post from the service's form, untouched, without its rows."""
    form = client.get(url).context["adminform"].form
    return {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}


def test_saving_start_code_says_that_it_waits(starter: Service, operator: User) -> None:
    url = f"/admin/consent/service/{starter.pk}/change/"
    desk = signed_in(operator)
    fields = {"start_code": "window.start = 4;", "status": "announced"}
    saved = desk.post(url, form_of(desk, url) | fields, follow=True)
    assert any("until another operator approves its start code" in message for message in messages_of(saved))


def test_a_preset_brings_start_code_that_another_operator_approves(operator: User, second: User) -> None:
    category = service().category_id
    signed_in(operator).post("/admin/consent/service/presets/matomo/", {**ANSWERS["matomo"], "category": category})
    matomo = Service.objects.get()
    assert matomo.waits_for_approval
    page = told(signed_in(second), address(matomo))
    assert "_paq.push" in page
    assert approve(signed_in(second), matomo) == ["The start code of “Matomo” was approved."]


@pytest.fixture
def without_permission(second: User) -> Client:
    group = second.groups.get()
    group.permissions.remove(Permission.objects.get(codename="approve_start_code"))
    return signed_in(second)


def test_approving_needs_its_permission(starter: Service, without_permission: Client) -> None:
    assert without_permission.get(address(starter)).status_code == 403
    assert without_permission.post(address(starter), {"sha256": starter.start_code_sha256}).status_code == 403
    form = told(without_permission, f"/admin/consent/service/{starter.pk}/change/")
    assert "until another operator approves its start code" in form
    assert address(starter) not in form
    assert not runs(starter)


def test_who_may_only_read_and_approve_can_do_that(starter: Service, db: None) -> None:
    reader = person("ren", "Ren Ito")
    reader.user_permissions.set(Permission.objects.filter(codename__in=["view_service", "approve_start_code"]))
    approve(signed_in(reader), starter)
    assert runs(starter)


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u3164", "\u2028", "\ufe0f", "\x00", "\r"], ids=ascii)
def test_code_that_would_read_as_something_else_is_refused_with_its_line(
    starter: Service, operator: User, hidden: str
) -> None:
    url = f"/admin/consent/service/{starter.pk}/change/"
    desk = signed_in(operator)
    page = desk.post(url, form_of(desk, url) | {"start_code": f"start();\nif (a{hidden}b) go();"})
    text = page.content.decode()
    starter.refresh_from_db()
    assert starter.start_code == CODE
    if hidden != "\x00":  # which no form takes
        assert f"Line 2 has the invisible character U+{ord(hidden):04X}" in text


def test_services_that_have_no_start_code_have_none_to_approve(operator: User, second: User, at: datetime) -> None:
    plain = save_service(service=service(), by=operator, at=at)
    assert signed_in(second).get(address(plain)).status_code == 404
    assert signed_in(second).get("/admin/consent/service/99999/start-code/").status_code == 404


def test_where_nobody_knows_who_wrote_start_code_the_page_says_so(starter: Service, second: User) -> None:
    Service.objects.update(start_code_by=None)
    assert "It is not recorded who wrote" in told(signed_in(second), address(starter))

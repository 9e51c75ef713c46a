"""Presets: what each brings, that nothing typed gets into code, and the way from a preset to a service that is on."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.contrib.auth.models import Group, User
from django.forms import ChoiceField
from django.test import Client

from consent.actions import Declaration, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import ConsentEvent, Service
from consent.services.presets import PRESETS, Preset, preset
from tests.consent.builders import ANSWERS, approve_by_another
from tests.people import person

pytestmark = pytest.mark.django_db
ADD = "/admin/consent/service/presets/"
INJECTIONS = [
    '"); alert(1); ("',
    "'-alert(1)-'",
    "x\n</script><script>alert(1)</script>",
    "1\n",
    "\n1",
    " 1",
    "1 ",
    'https://stats.example.org"onload=alert(1)',
    "https://stats.example.org; script-src *",
    "https://stats.example.org, https://evil.example",
    "https://stats.example.org/\nhttps://evil.example",
    "https://user:pass@stats.example.org",
    "https://stats.example.org/?a=b",
    "https://stats.example.org/#x",
    "http://stats.example.org",
    "javascript:alert(1)",
    "//stats.example.org",
    "https://",
    "https://*.example.org",
    "https://ѕtats.example.org",
    "G-АBC123XYZ0",
    "GTM-ABC1234&l=x",
    "１２３",
    "٣",
    "\u2028",
    "\x00",
    "a" * 5_000,
    "",
]


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def filled(chosen: Preset, *, tells_pages: bool = False) -> Service:
    service = chosen.service(ANSWERS[chosen.slug], tells_pages=tells_pages)
    service.category = CookieGroup.objects.get(varname=chosen.category)
    return service


def words(page: Any) -> str:
    return " ".join(page.content.decode().split())


def by_slug(chosen: Preset) -> str:
    return chosen.slug


def test_the_presets_are_those_that_were_promised() -> None:
    assert [each.slug for each in PRESETS] == list(ANSWERS)


@pytest.mark.parametrize("chosen", PRESETS, ids=by_slug)
def test_a_preset_is_announced_then_named_by_a_notice_and_then_switched_on(
    chosen: Preset, operator: User, at: datetime
) -> None:
    service = save_service(service=filled(chosen), declarations=chosen.declarations, by=operator, at=at)
    assert service.status == "announced"
    assert current_gate().services == ()
    service.status = "on"
    with pytest.raises(Exception, match="doesn't name"):
        save_service(service=service, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="A service")
    text = str(notice.document)
    for told in (service.name, service.purpose, service.privacy_policy, *service.recipients):
        assert told in text
    for declaration in chosen.declarations:
        assert declaration.name in text
    service.status = "on"
    save_service(service=service, by=operator, at=at)
    if service.start_code:
        assert current_gate().services == ()
        approve_by_another(service, at)
    assert [each.name for each in current_gate().services] == [chosen.name]


@pytest.mark.parametrize("chosen", PRESETS, ids=by_slug)
def test_a_preset_says_where_its_facts_are_from_and_what_they_mean(chosen: Preset) -> None:
    assert chosen.sources
    assert all(source.startswith("https://") for source in (*chosen.sources, chosen.privacy_policy))
    assert len(chosen.purpose) > 10
    assert all(each.purpose.endswith(".") for each in chosen.declarations)
    assert CookieGroup.objects.filter(varname=chosen.category, is_required=False).exists()
    # Either it keeps the page to itself, or an operator is told before she adds it.
    assert chosen.hides_pages or chosen.warning


@pytest.mark.parametrize("chosen", [each for each in PRESETS if each.hides_pages], ids=by_slug)
def test_a_preset_that_can_hide_pages_does_unless_told_otherwise(chosen: Preset) -> None:
    hidden, told = filled(chosen), filled(chosen, tells_pages=True)
    assert 'location.origin + "/"' in hidden.start_code
    assert "location.origin" not in told.start_code
    assert "document.title" not in hidden.start_code


QUESTIONS = [(chosen.slug, question.name) for chosen in PRESETS for question in chosen.questions]


@pytest.mark.parametrize("typed", INJECTIONS, ids=lambda typed: ascii(typed)[:30])
def test_nothing_but_the_expected_form_is_taken(typed: str) -> None:
    for slug, name in QUESTIONS:
        chosen = preset(slug)
        assert chosen
        with pytest.raises(ValueError, match="does not look like"):
            chosen.service({**ANSWERS[slug], name: typed})


@pytest.mark.parametrize("slug", sorted({slug for slug, _ in QUESTIONS}))
def test_nothing_that_is_typed_at_the_desk_gets_into_code(slug: str, desk: Client) -> None:
    chosen = preset(slug)
    assert chosen
    question = chosen.questions[0]
    category = CookieGroup.objects.get(varname=chosen.category).pk
    # The others would be seen in no code: that they are refused is asserted above.
    for typed in (typed for typed in INJECTIONS if "alert" in typed or "evil" in typed):
        # A browser's form and Django's drop blanks at the ends: what is left of some of these is as it should be.
        if not question.pattern.fullmatch(typed.strip()):
            desk.post(f"{ADD}{slug}/", {**ANSWERS[slug], question.name: typed, "category": category})
    code = " ".join(Service.objects.values_list("start_code", flat=True))
    assert "alert" not in code
    assert "evil" not in code


def test_a_number_with_blanks_around_is_read_without_them(desk: Client) -> None:
    category = CookieGroup.objects.get(varname="analytics").pk
    answers = {"base": " https://stats.example.org ", "site": " 7\n", "category": category}
    assert desk.post(f"{ADD}matomo/", answers).status_code == 302
    assert '["setSiteId", "7"]' in Service.objects.get().start_code


def test_whose_server_it_is_decides_who_gets_the_data() -> None:
    matomo = preset("matomo")
    assert matomo
    own = matomo.service({"base": "https://stats.example.org", "site": "1"})
    cloud = matomo.service({"base": "https://example.matomo.cloud", "site": "1"})
    forged = matomo.service({"base": "https://evilmatomo.cloud", "site": "1"})
    assert [each.vendor for each in (own, cloud, forged)] == [
        "Ourselves, at stats.example.org",
        "InnoCraft Ltd (Matomo)",
        "Ourselves, at evilmatomo.cloud",
    ]


# -- At the desk ---------------------------------------------------------------------------------------------------


def test_the_page_of_presets_leads_to_each(desk: Client) -> None:
    assert f'href="{ADD}"' in desk.get("/admin/consent/service/").content.decode()
    page = desk.get(ADD).content.decode()
    for chosen in PRESETS:
        assert f'href="{ADD}{chosen.slug}/"' in page
        asked = words(desk.get(f"{ADD}{chosen.slug}/"))
        for question in chosen.questions:
            assert question.label in asked
        for declaration in chosen.declarations:
            assert declaration.name in asked
    assert desk.get(f"{ADD}unheard-of/").status_code == 404


@pytest.mark.parametrize("chosen", PRESETS, ids=by_slug)
def test_a_preset_is_added_at_the_desk_and_leaves_an_event(chosen: Preset, desk: Client) -> None:
    category = CookieGroup.objects.get(varname=chosen.category)
    answer = desk.post(f"{ADD}{chosen.slug}/", {**ANSWERS[chosen.slug], "category": category.pk}, follow=True)
    service = Service.objects.get()
    assert answer.redirect_chain == [(f"/admin/consent/service/{service.pk}/change/", 302)]
    assert "was added, and the next notice will name it." in words(answer)
    assert "The live notice does not contain this yet" in words(answer)
    assert service.category == category
    assert Cookie.objects.filter(details__service=service).count() == len(chosen.declarations)
    event = ConsentEvent.objects.get()
    assert (event.verb, event.by_name, event.details["service"]) == ("service", "Olga Nwosu", service.slug)
    assert service.slug in words(desk.get("/admin/consent/consentevent/"))


def test_a_second_of_the_same_name_is_refused_in_words(desk: Client) -> None:
    data = {**ANSWERS["matomo"], "category": CookieGroup.objects.get(varname="analytics").pk}
    desk.post(f"{ADD}matomo/", data)
    assert "Another service has this name." in words(desk.post(f"{ADD}matomo/", data))
    assert Service.objects.count() == 1


def test_who_may_not_add_services_gets_no_presets(client: Client) -> None:
    vera = person("vera", "Vera Viewer")
    vera.user_permissions.add(*Group.objects.get(name="Site operators").permissions.filter(codename="view_service"))
    client.force_login(vera)
    assert "preset" not in words(client.get("/admin/consent/service/"))
    assert client.get(ADD).status_code == 403
    assert client.post(f"{ADD}youtube/").status_code == 403
    assert not Service.objects.exists()


# -- The form ------------------------------------------------------------------------------------------------------


def rows(*declared: Declaration) -> dict[str, Any]:
    """Return what a browser posts of these rows."""
    data: dict[str, Any] = {"cookies-TOTAL_FORMS": len(declared), "cookies-INITIAL_FORMS": 0}
    for number, each in enumerate(declared):
        fields = {name: getattr(each, name) for name in ("name", "purpose", "kind", "days", "domain", "path")}
        data |= {f"cookies-{number}-{name}": "" if value is None else value for name, value in fields.items()}
    return data


def posted(page: Any) -> dict[str, Any]:
    """Return what a browser would post from the service form, untouched."""
    form = page.context["adminform"].form
    bounds = [*form, *form.rows.management_form, *(bound for row in form.rows for bound in row)]
    values = {bound.html_name: "" if bound.value() is None else bound.value() for bound in bounds}
    for bound in bounds:
        if isinstance(bound.field, ChoiceField) and not bound.value():
            choices: Any = bound.field.choices
            values[bound.html_name] = next(iter(dict(choices)))  # what a list shows when none is chosen
    return {
        name: value.replace("\n", "\r\n") if isinstance(value, str) else value
        for name, value in values.items()
        if value is not False
    }


def change(service: Service) -> str:
    return f"/admin/consent/service/{service.pk}/change/"


@pytest.fixture
def matomo(operator: User, at: datetime) -> Service:
    chosen = preset("matomo")
    assert chosen
    return save_service(service=filled(chosen), declarations=chosen.declarations, by=operator, at=at)


def test_saving_the_form_untouched_changes_nothing(desk: Client, matomo: Service) -> None:
    before = list(Cookie.objects.order_by("pk").values("pk", "name", "description", "domain", "path"))
    assert desk.post(change(matomo), posted(desk.get(change(matomo)))).status_code == 302
    assert list(Cookie.objects.order_by("pk").values("pk", "name", "description", "domain", "path")) == before
    assert ConsentEvent.objects.count() == 1


def test_rows_are_added_changed_and_removed(desk: Client, matomo: Service) -> None:
    data = posted(desk.get(change(matomo)))
    names = {data[f"cookies-{number}-name"]: number for number in range(3)}
    data |= {f"cookies-{names['_pk_ref.*']}-DELETE": "on", f"cookies-{names['_pk_id.*']}-days": "30"}
    data |= {
        "cookies-3-name": "mtm_*",
        "cookies-3-purpose": "Settings.",
        "cookies-3-kind": "local",
        "cookies-3-days": "9",
    }
    assert desk.post(change(matomo), data).status_code == 302
    kept = {each.cookie.name: (each.kind, each.days) for each in matomo.cookies.select_related("cookie")}
    assert kept == {"_pk_id.*": ("cookie", 30), "_pk_ses.*": ("cookie", 1), "mtm_*": ("local", 9)}
    assert ConsentEvent.objects.first().details["changed"] == ["cookies"]  # type: ignore[union-attr]  # there are two


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "a b"}, "Leave out spaces"),
        ({"name": "*"}, "write more than “*”"),
        ({"purpose": ""}, "This field is required."),
        ({"days": 0}, "greater than or equal to 1"),
        ({"kind": "session", "days": 3}, "Session storage is deleted when the browser is closed"),
        ({"domain": "https://x.example/"}, "Enter a host"),
        ({"path": "a;b"}, "Begin the path with"),
    ],
)
def test_a_row_that_says_something_impossible_is_explained(
    desk: Client, matomo: Service, fields: dict[str, Any], reason: str
) -> None:
    data = posted(desk.get(change(matomo)))
    row = {"name": "x", "purpose": "X.", "kind": "cookie", "days": 1, "domain": "", "path": "/"} | fields
    data |= {f"cookies-3-{name}": value for name, value in row.items()}
    page = words(desk.post(change(matomo), data))
    assert reason in page
    assert "Please correct what is declared" in page
    assert matomo.cookies.count() == 3


def test_the_same_row_twice_is_refused(desk: Client, matomo: Service) -> None:
    data = posted(desk.get(change(matomo)))
    data |= {"cookies-3-name": "_pk_id.*", "cookies-3-purpose": "Again.", "cookies-3-kind": "cookie"}
    assert "is declared twice" in words(desk.post(change(matomo), data))


def test_switching_on_is_refused_with_what_the_notice_lacks_and_then_works(
    desk: Client, matomo: Service, operator: User, at: datetime
) -> None:
    data = posted(desk.get(change(matomo))) | {"status": "on"}
    refused = desk.post(change(matomo), data)
    told = str(refused.context["adminform"].form.errors["status"])
    assert "The live notice in English" in told
    assert "name" in told
    matomo.refresh_from_db()
    assert matomo.status == "announced"
    publish_notice(by=operator, at=at, material=True, reason="Statistics")
    assert desk.post(change(matomo), data).status_code == 302
    matomo.refresh_from_db()
    approve_by_another(matomo, at)
    assert "Yes, for visitors who accept its category." in words(desk.get("/admin/consent/service/"))
    # A new cookie of a service that is on is one that nobody agreed to.
    data |= {"cookies-3-name": "_new", "cookies-3-purpose": "New.", "cookies-3-kind": "cookie", "cookies-3-days": "2"}
    told = str(desk.post(change(matomo), data).context["adminform"].form.errors["status"])
    assert "_new" in told
    assert matomo.cookies.count() == 3


def test_a_trial_that_is_refused_leaves_no_trace(desk: Client, matomo: Service) -> None:
    data = posted(desk.get(change(matomo))) | {"status": "on", "vendor": "Somebody else"}
    desk.post(change(matomo), data)
    matomo.refresh_from_db()
    assert matomo.vendor == "Ourselves, at stats.example.org"
    assert ConsentEvent.objects.count() == 1


def test_what_costs_visitors_something_is_said_and_allowed(desk: Client) -> None:
    category = CookieGroup.objects.get(varname="marketing").pk
    page = words(desk.post(f"{ADD}meta-pixel/", {**ANSWERS["meta-pixel"], "category": category}, follow=True))
    assert "It has no integrity hash" in page
    assert "It does not work with Trusted Types" in page
    youtube = words(desk.post(f"{ADD}youtube/", {"category": category}, follow=True))
    assert "It has no integrity hash" not in youtube


def test_a_service_is_read_by_who_may_not_change_it(client: Client, matomo: Service) -> None:
    vera = person("vera", "Vera Viewer")
    vera.user_permissions.add(*Group.objects.get(name="Site operators").permissions.filter(codename="view_service"))
    client.force_login(vera)
    page = words(client.get(change(matomo)))
    assert "<b>_pk_id.*</b> (Cookie, 393 days)" in page
    assert not re.search(r'name="(name|status|cookies-0-name)"', page)
    assert client.post(change(matomo), {"status": "off"}).status_code == 403
    assert client.get("/admin/consent/service/add/").status_code == 403


def test_a_services_cookie_is_changed_with_its_service_only(desk: Client, matomo: Service) -> None:
    cookie = Cookie.objects.get(name="_pk_id.*")
    url = f"/admin/cookie_consent/cookie/{cookie.pk}/"
    assert desk.post(f"{url}change/", {"name": "_pk_id.*", "lifetime_days": 1}).status_code == 403
    assert desk.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    assert "Matomo" in words(desk.get(f"{url}change/"))
    assert "Matomo" in words(desk.get("/admin/cookie_consent/cookie/"))
    assert cookie.details.service == matomo

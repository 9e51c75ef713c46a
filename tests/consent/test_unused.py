"""In production, a category that nothing uses is not asked about, and without any in use there is no banner."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from consent.actions import draft_notice, publish_notice, registry_entries, save_notice_text, save_service
from consent.choice.gate import current_gate
from consent.models import ConsentRecord, Notice, NoticeText
from consent.notice import wording
from consent.notice.notices import sha256
from consent.receipts.evidence import surfaces_of
from siteaudit.sampling import read_declaration
from siteaudit.states import states_for
from tests.consent.builders import OPTIONAL, SAME_ORIGIN, cookies, post, service, translate
from tests.consent.tampering import tamper
from tests.glossary.term_form import signed_in

pytestmark = pytest.mark.django_db
WITH = "We use cookies to make this site work. With your permission we also use them"
NOTHING = "There is nothing to choose: this site runs nothing optional at present."


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.CONSENT_TRIAL = False


def asked(notice: Notice) -> list[str]:
    return [category["varname"] for category in notice.document["categories"] if not category["required"]]


def publish(by: User, at: datetime, *, material: bool = False) -> Notice:
    save_notice_text(language="en", words=wording.TEXT | {"controller": "A Hospital"}, names={}, by=by, at=at)
    return publish_notice(by=by, at=at, material=material, reason="As it is now")


@pytest.fixture
def nothing_optional(operator: User, at: datetime) -> Notice:
    """The live notice once nothing optional is in use any more. The one before asks about every category."""
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    return publish(operator, at)


class AppsAtThatTime:
    """The apps as they are now, for a migration that knows a model by its name of then."""

    @staticmethod
    def get_model(app: str, name: str) -> type[Model]:
        return apps.get_model(app, {"Edition": "ContentVersion"}.get(name, name))


def test_the_first_notice_of_a_new_site_asks_about_what_the_site_itself_keeps_alone() -> None:
    tamper("DELETE FROM consent_notice")
    tamper("DELETE FROM consent_contentversion")
    tamper("DELETE FROM consent_noticetext")
    import_module("consent.migrations.0006_first_notice").forwards(AppsAtThatTime, None)
    first = Notice.objects.get()
    assert asked(first) == ["personalization"]
    assert first.sha256 == sha256(first.document)
    assert draft_notice().changes == []
    assert first.document["text"]["summary"] == f"{WITH} to personalise content."


@pytest.mark.parametrize(
    ("used", "uses"),
    [
        ({"analytics", "personalization", "marketing"}, wording.TEXT["summary"].removeprefix(WITH)),
        ({"marketing"}, " to personalise marketing."),
        ({"personalization", "marketing"}, " to personalise content and marketing."),
        (
            {"analytics", "chat"},
            " to analyse our traffic, which helps us keep up the quality of our free resources, and for Chat.",
        ),
        ({"chat"}, " for Chat."),
    ],
)
def test_the_summary_of_a_new_site_names_only_what_is_asked_about(
    operator: User, at: datetime, used: set[str], uses: str
) -> None:
    CookieGroup.objects.create(varname="chat", name="Chat", description="To talk with us.", ordering=9)
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    for varname in used:
        save_service(service=service(f"For {varname}", varname), by=operator, at=at)
    assert publish(operator, at, material=True).document["text"]["summary"] == f"{WITH}{uses}"


def test_a_summary_that_an_operator_wrote_stays_and_translators_read_what_the_notice_says(
    operator: User, at: datetime, settings: Any
) -> None:
    settings.CONSENT_LANGUAGES = ["en", "de"]
    translate(operator, at)
    desk = signed_in(operator)
    german, english = (NoticeText.objects.get(language=language).pk for language in ("de", "en"))
    told = f"English: {WITH} to personalise content.<"
    assert told in desk.get(f"/admin/consent/noticetext/{german}/change/").content.decode()
    assert "names only the categories" in desk.get(f"/admin/consent/noticetext/{english}/change/").content.decode()
    words = wording.TEXT | {"summary": "We use cookies, and ask about marketing."}
    save_notice_text(language="en", words=words, names={}, by=operator, at=at)
    assert draft_notice().document["text"]["summary"] == "We use cookies, and ask about marketing."


def test_a_category_is_asked_about_once_something_uses_it(client: Client, operator: User, at: datetime) -> None:
    first = Notice.objects.get()
    assert asked(first) == list(OPTIONAL)  # as a site asks that is being tried
    second = publish(operator, at)
    assert asked(second) == ["personalization"]
    page = client.get("/").content.decode()
    assert 'data-consent-category="personalization"' in page
    assert 'data-consent-category="marketing"' not in page
    # Nobody is asked again because less is asked.
    assert current_gate().is_complete(cookies(first))
    assert current_gate().answers(cookies(first, *OPTIONAL)) == {"personalization": True}

    save_service(service=service(), by=operator, at=at)  # announced
    third = publish(operator, at, material=True)
    assert asked(third) == ["analytics", "personalization"]
    # The answer to the new question is missing, also of those who answered it long ago.
    for held in (cookies(first), cookies(first, *OPTIONAL)):
        assert current_gate().answers(held).keys() == {"personalization"}
        assert not current_gate().is_complete(held)


def test_what_is_left_out_asks_nobody_again_although_it_was_called_material(
    operator: User, at: datetime, settings: Any
) -> None:
    settings.CONSENT_TRIAL = True
    first = publish(operator, at)
    settings.CONSENT_TRIAL = False
    assert asked(publish(operator, at, material=True)) == ["personalization"]
    assert current_gate().is_complete(cookies(first))


def test_a_category_that_nothing_uses_keeps_no_notice_from_being_published() -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="")
    assert [entry["varname"] for entry in registry_entries()] == ["necessary", "personalization"]


def test_with_nothing_optional_in_use_there_is_no_banner_and_the_preferences_say_so(
    client: Client, nothing_optional: Notice
) -> None:
    assert asked(nothing_optional) == []
    for path in ("/", "/de/", "/glossary/"):
        page = client.get(path).content.decode()
        assert "data-consent-banner" not in page
        assert "<noscript>" not in page
        assert "data-consent-open" in page  # the way to the preferences
    page = client.get("/cookies/").content.decode()
    assert NOTHING in page
    for untrue in ("With your permission", "You have not answered yet", "Accept all", "Save my choice", "checkbox"):
        assert untrue not in page
    assert "<code>consent_choice</code>" in page  # what the site needs is told all the same
    assert "Es gibt nichts auszuwählen" in client.get("/de/cookies/").content.decode()
    shown = client.get(f"/consent/notices/{nothing_optional.sha256}/").content.decode()
    assert "Accept all" not in shown
    assert "<code>consent_choice</code>" in shown


def test_the_desk_previews_a_notice_that_asks_nothing_without_a_banner(client: Client, operator: User) -> None:
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    client.force_login(operator)
    previews = client.get("/admin/consent/notice/preview/en/").context["previews"]
    assert {preview.surface for preview in previews} == {"preferences"}
    assert all(NOTHING in preview.document for preview in previews)


def test_an_old_consent_opens_nothing_and_is_withdrawn_on_the_preferences_page(
    client: Client, operator: User, at: datetime
) -> None:
    post(client, choice="accept_all")
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    live = publish(operator, at)
    page = client.get("/cookies/").content.decode()
    assert NOTHING in page
    assert "data-consent-withdraw>" in page
    assert "See the receipt of your choice" in page
    response = post(client, choice="reject_all", notice=live.sha256, surface="preferences", next="/cookies/?withdrawn")
    assert response.status_code == 303
    record = ConsentRecord.objects.held_by(client.cookies["consent_receipt"].value).get()
    assert (record.action, record.accepted) == ("withdraw", ["necessary"])
    page = client.get("/cookies/?withdrawn").content.decode()
    assert "Your consent is withdrawn" in page
    assert "data-consent-withdraw>" not in page


def test_an_old_consent_is_withdrawn_by_its_receipt(client: Client, operator: User, at: datetime) -> None:
    post(client, choice="accept_all")
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    publish(operator, at)
    client.post(
        "/consent/receipt/",
        "step=withdraw",
        content_type="application/x-www-form-urlencoded",
        headers=SAME_ORIGIN,
    )
    assert ConsentRecord.objects.latest("pk").action == "withdraw"


def test_choices_on_pages_of_before_are_refused_or_recorded_as_ever(client: Client, nothing_optional: Notice) -> None:
    response = post(client, choice="accept_all")  # under the first notice
    assert response.status_code == 409
    assert NOTHING in response.content.decode()
    assert not ConsentRecord.objects.exists()
    assert post(client, choice="save").status_code == 303
    assert post(client, choice="reject_all", categories=["analytics"]).status_code == 303
    assert not any(current_gate().answers({"consent_choice": client.cookies["consent_choice"].value}).values())


def test_refusing_what_is_not_asked_about_any_more_is_no_error(client: Client, operator: User, at: datetime) -> None:
    live = publish(operator, at)
    answers: Any = {"categories": ["personalization"], "services": "analytics.counter=no"}
    response = post(client, choice="save", notice=live.sha256, **answers)
    assert response.status_code == 303
    assert ConsentRecord.objects.get().answers == {"necessary": True, "personalization": True}
    # Allowing it is, and closes everything.
    assert post(client, choice="save", categories=["analytics"], notice=live.sha256).status_code == 400
    assert not client.cookies["consent_choice"].value


def test_a_notice_that_asks_nothing_is_audited_and_shown_as_evidence(client: Client, nothing_optional: Notice) -> None:
    declaration = read_declaration(lambda path: client.get(path).content.decode())
    assert declaration.sha256 == nothing_optional.sha256
    assert [state.name for state in states_for(declaration)] == ["untouched", "no-javascript", "gpc"]
    assert surfaces_of(nothing_optional) == [("preferences", "/cookies/")]


@pytest.mark.usefixtures("german")
def test_a_translation_keeps_the_names_of_what_is_not_asked_about_now(
    client: Client, operator: User, at: datetime
) -> None:
    Cookie.objects.filter(cookiegroup__is_required=False).delete()
    save_notice_text(language="de", words={}, names={"category/analytics/name": "Statistik"}, by=operator, at=at)
    client.force_login(operator)
    url = f"/admin/consent/noticetext/{NoticeText.objects.get(language='de').pk}/change/"
    form = client.get(url).context["adminform"].form
    assert "names.category/analytics/name" not in form.fields
    addresses = {f"words.{key}": "" for key in wording.ADDRESSES}
    client.post(url, dict.fromkeys(form.fields, "Wort {days} {service}") | addresses)
    assert NoticeText.objects.get(language="de").names["category/analytics/name"] == "Statistik"
    assert draft_notice("de").document["categories"][0]["name"] == "Wort {days} {service}"

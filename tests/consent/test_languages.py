"""Notices in several languages: their words, what keeps one from being published, and whom a change asks again."""

from __future__ import annotations

import re
from datetime import datetime
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from consent.actions import (
    IncompleteNotice,
    OutdatedNotice,
    draft_notice,
    publish_notice,
    record_choice,
    save_notice_text,
)
from consent.choice.gate import cookie_content, current_gate
from consent.models import ConsentRecord, Notice, NoticeText
from consent.notice import notices, wording
from tests.consent.builders import in_german, names_in_german, publish_german, translate

pytestmark = pytest.mark.django_db

OPTIONAL = ("analytics", "personalization", "marketing")


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def cookies(notice: Notice, *accepted: str) -> dict[str, str]:
    """Return the request cookies of a visitor who accepted these categories under ``notice``."""
    content = cookie_content(notice, {varname: varname in accepted for varname in OPTIONAL} | {"necessary": True})
    return {"consent_choice": "|".join(f"{name}={value}" for name, value in content.items())}


def test_the_english_words_are_the_working_copy(operator: User, at: datetime) -> None:
    assert NoticeText.objects.get().words == wording.TEXT
    save_notice_text(language="en", words=wording.TEXT | {"controller": "A Hospital"}, names={}, by=operator, at=at)
    assert [(change.where, change.after) for change in draft_notice().changes] == [("Controller", "A Hospital")]
    live = Notice.objects.live("en")
    assert live
    assert live.document["text"]["controller"] == "Clinical Glossary"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("reject_all", "Reject All"),
        ("accept_all", "Accept"),
        ("summary", "This site uses cookies."),
        ("kept_days", "kept"),
    ],
)
def test_what_programs_look_for_stays_to_the_letter(operator: User, at: datetime, key: str, text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_notice_text(language="en", words=wording.TEXT | {key: text}, names={}, by=operator, at=at)
    assert set(refusal.value.message_dict) == {key}


def test_a_language_that_is_not_switched_on_is_not_seen_anywhere(desk: Client, operator: User, at: datetime) -> None:
    with pytest.raises(ValidationError, match="switched on"):
        translate(operator, at)
    for path in ("/cookies/de/", "/cookies/en/", "/cookies/xx/"):
        assert desk.get(path).status_code == 404
    assert "Languages" not in desk.get("/cookies/").content.decode()
    assert desk.get("/admin/consent/noticetext/add/").status_code == 403
    page = desk.get("/admin/consent/notice/").content.decode()
    assert "Deutsch" not in page
    assert 'data-consent-number="1"' in desk.get("/").content.decode()
    assert "data-consent-number-" not in desk.get("/").content.decode()


@pytest.mark.usefixtures("german")
def test_a_translation_that_lacks_something_is_saved_but_not_published(operator: User, at: datetime) -> None:
    with pytest.raises(IncompleteNotice, match="no text in Deutsch"):
        draft_notice("de")
    names = names_in_german()
    del names["category/analytics/purpose"]
    save_notice_text(language="de", words=in_german(summary=" "), names=names, by=operator, at=at)
    with pytest.raises(IncompleteNotice, match="lacks 2: Summary; Category analytics: purpose"):
        publish_notice(by=operator, at=at, material=True, reason="Half", language="de")
    assert Notice.objects.count() == 1


@pytest.mark.usefixtures("german")
def test_each_language_has_its_own_page_and_its_records_its_language(
    client: Client, operator: User, at: datetime
) -> None:
    assert client.get("/cookies/de/").status_code == 404  # nothing is live in it yet
    notice = publish_german(operator, at)
    assert client.get("/cookies/de/?saved").headers["Location"] == "/de/cookies/?saved"
    page = client.get("/de/cookies/").content.decode()
    assert 'lang="de"' in page
    assert "Analytics (auf Deutsch)" in page
    assert "Reject all (auf Deutsch)" in page
    assert 'href="/cookies/"' in page
    assert 'hreflang="de"' in client.get("/cookies/").content.decode()
    response = client.post(
        "/consent/",
        urlencode(
            {"choice": "accept_all", "notice": notice.sha256, "surface": "preferences", "next": "/de/cookies/?saved"}
        ),
        content_type="application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert response["Location"] == "/de/cookies/?saved"
    assert ConsentRecord.objects.get().language == "de"
    assert "Your choice is saved. (auf Deutsch)" in client.get("/de/cookies/?saved").content.decode()
    # What she answered in German holds on the English pages too, so that nobody asks her twice.
    assert current_gate().is_complete({"consent_choice": client.cookies["consent_choice"].value})
    assert "Your choice is saved." in client.get("/cookies/?saved").content.decode()
    assert "auf Deutsch" in client.get("/consent/receipt/").content.decode()


@pytest.mark.usefixtures("german")
def test_a_material_change_in_one_language_asks_again_those_who_read_it_there(operator: User, at: datetime) -> None:
    english, german = Notice.objects.get(), publish_german(operator, at)
    names = names_in_german() | {"category/analytics/purpose": "Folgt Ihnen überallhin."}
    save_notice_text(language="de", words=in_german(), names=names, by=operator, at=at)
    newer = publish_notice(by=operator, at=at, material=True, reason="Mistranslated", language="de")
    assert [english.number, german.number, newer.number] == [1, 2, 3]
    gate = current_gate()
    assert gate.is_complete(cookies(english, "analytics"))
    assert gate.is_complete(cookies(english))
    assert gate.answers(cookies(german, *OPTIONAL)) == {"personalization": True, "marketing": True}
    assert gate.answers(cookies(german)) == {"personalization": False, "marketing": False}
    assert gate.is_complete(cookies(newer))


@pytest.mark.usefixtures("german")
def test_a_change_of_the_registry_waits_in_every_language(operator: User, at: datetime) -> None:
    publish_german(operator, at)
    CookieGroup.objects.create(varname="embeds", name="Embeds", description="Shows videos.", ordering=9)
    assert draft_notice().changes
    with pytest.raises(IncompleteNotice, match="Category embeds: name; Category embeds: purpose"):
        draft_notice("de")


@pytest.mark.usefixtures("german")
def test_an_answer_in_a_language_that_was_switched_off_is_none(operator: User, at: datetime, settings: Any) -> None:
    german = publish_german(operator, at)
    assert current_gate().is_complete(cookies(german))
    settings.CONSENT_LANGUAGES = ["en"]
    assert current_gate().answers(cookies(german, *OPTIONAL)) == {}
    with pytest.raises(OutdatedNotice):
        record_choice(
            choice="accept_all", categories=(), notice=german.sha256, surface="banner", gpc=False, receipt="", at=at
        )


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("language", ["de", "xx", "", "de.de", "-de"])
def test_a_cookie_cannot_choose_a_language_in_which_it_opens_more(operator: User, at: datetime, language: str) -> None:
    publish_german(operator, at)
    english = Notice.objects.get(number=1)
    forged = cookies(english, *OPTIONAL)["consent_choice"] + f".{language}"
    assert not any(current_gate().answers({"consent_choice": forged}).values())


@pytest.mark.usefixtures("german")
def test_pages_tell_the_client_what_holds_in_each_language(client: Client, operator: User, at: datetime) -> None:
    german = publish_german(operator, at)
    page = client.get("/").content.decode()
    assert f'data-consent-number-de="{german.number}"' in page
    for category in german.document["categories"][1:]:
        assert f'data-consent-version-de="{category["version"]}"' in page


@pytest.mark.usefixtures("german")
def test_a_translation_is_begun_written_compared_and_published_at_the_desk(desk: Client) -> None:
    page = desk.post("/admin/consent/noticetext/add/", {"language": "de"}, follow=True)
    assert "English: We use cookies" in page.content.decode()
    form = page.context["adminform"].form
    data = {name: f"{field.label} auf Deutsch {{days}} {{service}}" for name, field in form.fields.items()}
    data |= {f"words.{key}": "/impressum/" for key in wording.ADDRESSES}
    url = page.request["PATH_INFO"]
    half = {**data, "words.summary": "", "names.category/analytics/name": ""}
    shown = desk.post(url, half, follow=True).content.decode()
    assert "The text in Deutsch lacks 2: Summary; Category analytics: name." in shown
    shown = desk.post(url, data, follow=True).content.decode()
    assert "/admin/consent/notice/publish/de/" in shown
    draft = desk.get("/admin/consent/notice/publish/de/").context["draft"]
    assert "Summary auf Deutsch" in desk.get("/admin/consent/notice/preview/de/").content.decode()
    desk.post("/admin/consent/notice/publish/de/", {"material": "yes", "reason": "Readers", "expected": draft.sha256})
    assert "Summary auf Deutsch" in desk.get("/de/cookies/").content.decode()
    assert not NoticeText.objects.filter(language="de", words={}).exists()


def test_english_words_are_checked_in_the_form_with_the_reason(desk: Client) -> None:
    url = f"/admin/consent/noticetext/{NoticeText.objects.get().pk}/change/"
    data = {f"words.{key}": text for key, text in wording.TEXT.items()}
    page = desk.post(url, data | {"words.reject_all": "No thanks"}).content.decode()
    assert "This must be exactly “Reject all”" in page
    assert NoticeText.objects.get().words["reject_all"] == "Reject all"
    page = desk.post(url, data | {"words.controller": "A Hospital"}, follow=True).content.decode()
    assert "The live notice does not contain this yet" in page
    assert NoticeText.objects.get().words["controller"] == "A Hospital"


def test_the_desk_says_at_once_where_the_live_notice_is_untrue(desk: Client, operator: User, at: datetime) -> None:
    paths = [
        "/admin/",
        *(f"/admin/consent/{name}/" for name in ("notice", "noticetext", "service")),
        *(f"/admin/cookie_consent/{name}/" for name in ("cookie", "cookiegroup")),
    ]
    untrue = "The live notice is out of date"
    for path in paths:
        assert untrue not in desk.get(path).content.decode(), path
    CookieGroup.objects.filter(varname="analytics").update(name="Statistics")
    CookieGroup.objects.filter(varname="marketing").delete()
    for path in paths:
        page = desk.get(path).content.decode()
        assert untrue in page, path
        assert "<li>Category analytics: name</li>" in page
        assert "<li>Category marketing: name</li>" in page
    publish_notice(by=operator, at=at, material=True, reason="Fewer")
    for path in paths:
        assert untrue not in desk.get(path).content.decode(), path


def test_who_may_not_publish_isnt_bothered(client: Client, editor: User) -> None:
    CookieGroup.objects.filter(varname="analytics").update(name="Statistics")
    client.force_login(editor)
    assert "notice" not in client.get("/admin/").content.decode().partition("<main")[2]


def test_publishing_says_whom_it_asks_again(desk: Client) -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="Follows you about.")
    page = desk.get("/admin/consent/notice/publish/").content.decode()
    assert "asked again, only about Analytics." in page
    assert "Wording only. Nobody is asked again." in page
    assert "<ins>" in page


def test_the_preview_shows_the_draft_in_the_public_templates(desk: Client) -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="Follows “you” & others <about>.")
    response = desk.get("/admin/consent/notice/preview/en/")
    documents = [preview.document for preview in response.context["previews"]]
    assert len(documents) == 4
    for document in documents:
        assert "Follows “you” &amp; others &lt;about&gt;." in document
        assert "<script" not in document
        assert not re.search(r"data-consent-banner[^>]* hidden>", document)
    assert response.content.decode().count("&lt;!doctype html&gt;") == 4
    assert Notice.objects.count() == 1


def test_a_receipt_of_before_there_was_a_word_is_shown_whole(client: Client, at: datetime) -> None:
    notice = Notice.objects.get()
    old = {**notice.document, "text": {key: notice.document["text"][key] for key in ("controller", "summary")}}
    assert "unused" not in old["text"]
    newer = Notice.objects.create(
        number=2,
        language="en",
        document={**old, "number": 2},
        sha256=notices.sha256({**old, "number": 2}),
        material=False,
        reason="From an older release",
        published_at=at,
        published_by_name="Somebody",
    )
    assert wording.TEXT["unused"] in client.get(f"/consent/notices/{newer.sha256}/").content.decode()
    assert wording.TEXT["undecided"] in client.get("/cookies/").content.decode()


@pytest.mark.usefixtures("german")
def test_the_command_publishes_a_language(operator: User, at: datetime) -> None:
    translate(operator, at)
    words = ["--material", "--reason", "Readers", "--as", "olga"]
    call_command("publish_notice", "--language", "de", *words, stdout=StringIO())
    assert Notice.objects.live("de")
    with pytest.raises(CommandError, match="switched on"):
        call_command("publish_notice", "--language", "fr", *words, stdout=StringIO())


def test_a_word_of_a_newer_release_is_said_in_english_until_somebody_edits_it(operator: User, at: datetime) -> None:
    words = {key: text for key, text in wording.TEXT.items() if key != "asked_again"}
    NoticeText.objects.update(words=words)
    assert draft_notice().document["text"]["asked_again"] == wording.TEXT["asked_again"]
    save_notice_text(language="en", words=wording.TEXT | {"asked_again": " "}, names={}, by=operator, at=at)
    with pytest.raises(IncompleteNotice, match="lacks 1: Asked again"):
        draft_notice()

"""What notices say of who asks and of the data, and that nobody publishes one under the name of a new site."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from consent.actions import (
    IncompleteNotice,
    draft_notice,
    publish_and_switch_on,
    publish_notice,
    save_notice_text,
    save_service,
    verify_ledger,
)
from consent.models import Notice, NoticeText, Service
from consent.notice import notices, wording
from tests.consent.builders import names_in_german, service, translate

pytestmark = pytest.mark.django_db
PUBLISH = "/admin/consent/notice/publish/"
PLACEHOLDER = "The controller is still “Clinical Glossary”, the placeholder of a new site"
ABOUT = {
    "contact": "privacy@hospital.example\n1 High Street",
    "privacy_policy_address": "https://hospital.example/privacy",
    "imprint_address": "/imprint/",
    "transfers": "To the United States, under the Data Privacy Framework & standard clauses.",
    "retention": "Records of consent for three years.",
}
WORDS = wording.TEXT | {"controller": "A Hospital"}


def write(by: User, at: datetime, **words: str) -> None:
    save_notice_text(language="en", words=WORDS | words, names={}, by=by, at=at)


def publish(by: User, at: datetime) -> Notice:
    return publish_notice(by=by, at=at, material=True, reason="Who we are")


def test_what_an_operator_writes_of_themselves_is_told_wherever_the_notice_is(
    client: Client, operator: User, at: datetime
) -> None:
    client.force_login(operator)
    url = f"/admin/consent/noticetext/{NoticeText.objects.get().pk}/change/"
    assert "a data protection officer" in client.get(url).content.decode()
    client.post(url, {f"words.{key}": text for key, text in (WORDS | ABOUT).items()})
    compared = client.get(PUBLISH).content.decode()
    for where in ("Contact", "Privacy policy address", "Imprint address", "Transfers", "Retention"):
        assert f"<dt>{where}</dt>" in compared
    notice = publish(operator, at)
    document = client.get(f"/consent/notices/{notice.sha256}.json").json()
    assert document["schema"] == "consent-notice/2"
    assert {key: document["text"][key] for key in ABOUT} == ABOUT
    previews = client.get("/admin/consent/notice/preview/en/").context["previews"]
    shown = [preview.document for preview in previews if preview.surface == "preferences"]
    shown += [client.get(path).content.decode() for path in ("/cookies/", f"/consent/notices/{notice.sha256}/")]
    for page in shown:
        assert '<a href="mailto:privacy@hospital.example">' in page
        assert '<a href="https://hospital.example/privacy">' in page
        assert '<a href="/imprint/">' in page
        assert "Data Privacy Framework &amp; standard clauses" in page
        assert "Records of consent for three years." in page
    assert "privacy@hospital.example" in client.get(f"/admin/consent/notice/{notice.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("code", "label"),
    [("de", "Aufbewahrung der Daten"), ("es", "Conservación de los datos"), ("ar", "مدة الاحتفاظ بالبيانات")],
)
def test_its_labels_are_translated(client: Client, operator: User, at: datetime, code: str, label: str) -> None:
    write(operator, at, **ABOUT)
    publish(operator, at)
    assert label in client.get(f"/{code}/cookies/").content.decode()


def test_what_is_left_empty_changes_no_notice(client: Client, operator: User, at: datetime) -> None:
    first = Notice.objects.get()
    assert first.document["schema"] == "consent-notice/1"
    save_notice_text(language="en", words=wording.TEXT | dict.fromkeys(ABOUT, " "), names={}, by=operator, at=at)
    assert draft_notice().changes == []
    assert draft_notice().document["schema"] == "consent-notice/1"
    assert "Imprint" not in client.get("/cookies/").content.decode()
    # Neither does what others say: the notices of before keep their hashes, and verify.
    write(operator, at, **ABOUT)
    publish(operator, at)
    assert notices.sha256(Notice.objects.get(number=1).document) == first.sha256
    assert verify_ledger(at=at).fault is None


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//elsewhere.example", "www.hospital.example", "/a b", "/\\x"]
)
def test_an_address_that_visitors_cannot_follow_is_refused(
    client: Client, operator: User, at: datetime, address: str
) -> None:
    with pytest.raises(ValidationError, match="not an address that visitors can open"):
        write(operator, at, imprint_address=address)
    client.force_login(operator)
    url = f"/admin/consent/noticetext/{NoticeText.objects.get().pk}/change/"
    page = client.post(url, {f"words.{key}": text for key, text in (WORDS | {"imprint_address": address}).items()})
    assert "not an address that visitors can open" in page.content.decode()


@pytest.mark.usefixtures("german")
def test_a_translation_says_what_the_english_notice_says(operator: User, at: datetime) -> None:
    write(operator, at, **ABOUT)
    translate(operator, at)
    with pytest.raises(IncompleteNotice, match="lacks 5: Contact; Privacy policy address"):
        draft_notice("de")
    words = {key: f"{text} (auf Deutsch)" for key, text in wording.TEXT.items()} | ABOUT | {"contact": "Herr Braun"}
    save_notice_text(language="de", words=words, names=names_in_german(), by=operator, at=at)
    assert draft_notice("de").document["text"]["contact"] == "Herr Braun"


def test_in_production_no_notice_is_published_under_the_name_of_a_new_site(
    client: Client, operator: User, at: datetime, settings: Any
) -> None:
    settings.CONSENT_TRIAL = False
    counter = save_service(service=service(), by=operator, at=at)
    client.force_login(operator)
    page = client.get(PUBLISH)
    assert PLACEHOLDER in page.content.decode()
    assert 'href="/admin/consent/noticetext/"' in page.content.decode()
    draft = page.context["draft"]
    answer = client.post(PUBLISH, {"material": "yes", "reason": "Statistics", "expected": draft.sha256})
    assert "Texts of the notice, English" in answer.content.decode()
    told = StringIO()
    call_command("publish_notice", stdout=told)
    assert PLACEHOLDER in told.getvalue()
    with pytest.raises(CommandError, match=PLACEHOLDER):
        call_command("publish_notice", "--material", "--reason", "Statistics", "--as", "olga", stdout=StringIO())
    with pytest.raises(IncompleteNotice, match=PLACEHOLDER):
        publish_and_switch_on(
            services=[counter], by=operator, at=at, material=True, reason="On", expected={"en": draft.sha256}
        )
    assert Notice.objects.count() == 1
    assert Service.objects.get().status == "announced"

    write(operator, at)
    page = client.get(PUBLISH)
    assert PLACEHOLDER not in page.content.decode()
    client.post(PUBLISH, {"material": "yes", "reason": "On", "expected": page.context["draft"].sha256})
    assert Notice.objects.count() == 2


def test_while_a_site_is_being_tried_a_notice_is_published_under_any_name(operator: User, at: datetime) -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="Counts.")
    assert publish(operator, at).document["text"]["controller"] == "Clinical Glossary"

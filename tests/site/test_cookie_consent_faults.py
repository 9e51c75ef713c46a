"""The faults of django-cookie-consent 1.0.0, and what this site does instead: one test for each.

We use its registry and its cookie codec, and nothing else of it (docs/adr/0010). Above each test stands what the part
itself does. What only a browser or several processes can show is in ``tests/browser/test_cookie_consent_faults.py``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from cookie_consent.models import Cookie, CookieGroup, LogItem
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from consent.actions import NothingChanged, declare_cookie, draft_notice, publish_notice, registry_entries
from consent.choice.gate import current_gate
from consent.models import ConsentRecord, CookieDetails, Notice, Service
from tests.consent.builders import ORIGIN, SAME_ORIGIN, cookie_of, open_service, post
from tests.pagestore.asking import TERM, Clock, ask
from tests.people import person
from tests.site.addresses import pages

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]

OPTIONAL = ("analytics", "personalization", "marketing")


def policy(site: WSGIApplication, cookie: str = "", path: str = TERM) -> str:
    return ask(site, path, **{"HTTP_COOKIE": cookie} if cookie else {}).headers["Content-Security-Policy"]


def choose(client: Client, choice: str, *categories: str, **more: Any) -> Any:
    """Answer the live notice."""
    live = Notice.objects.live("en")
    assert live
    return post(client, choice=choice, categories=categories, notice=live.sha256, **more)


def held(client: Client) -> dict[str, str]:
    """Return the request cookies of this visitor."""
    return {"consent_choice": client.cookies["consent_choice"].value}


def header(client: Client) -> str:
    return f"consent_choice={client.cookies['consent_choice'].coded_value}"


# Its filters write one visitor's answers into the page, and no `Vary` keeps caches from handing it to the next.
@pytest.mark.slow
def test_a_page_is_the_same_bytes_for_everybody_and_its_policy_is_the_visitors_own(
    site: WSGIApplication, operator: User, at: datetime
) -> None:
    cookie = open_service(operator, at)
    for path in pages().values():
        without, accepted = ask(site, path), ask(site, path, HTTP_COOKIE=cookie)
        assert without.body == accepted.body, path
        assert ORIGIN in accepted.headers["Content-Security-Policy"], path
        assert ORIGIN not in without.headers["Content-Security-Policy"], path
        for answer in (without, accepted):
            assert "Cookie" in answer.headers["Vary"], path
            assert "private" in answer.headers["Cache-Control"], path
        # Who holds the page under another policy is given it anew, policy and all.
        tag = accepted.headers.get("ETag", '"none"')
        assert ask(site, path, HTTP_IF_NONE_MATCH=tag).status == without.status, path


# Its clean-up middleware deletes refused cookies on whatever page comes next, and caches keep that `Set-Cookie`.
@pytest.mark.slow
def test_no_public_page_sets_or_deletes_a_cookie_and_no_stored_one_holds_any(
    site: WSGIApplication, client: Client, settings: Any
) -> None:
    analytics = CookieGroup.objects.get(varname="analytics")
    declare_cookie(cookie=Cookie(cookiegroup=analytics, name="_stats", description="Counts."), lifetime_days=1)
    choose(client, "reject_all")
    for path in pages().values():
        for cookie in ("", f"_stats=1; sessionid={'x' * 32}", f"_stats=1; {header(client)}"):
            assert "Set-Cookie" not in ask(site, path, HTTP_COOKIE=cookie).headers, path
    for file in Path(settings.DATA_DIR).rglob("*.page"):
        assert b"set-cookie" not in file.read_bytes().lower()


# A choice for a group that doesn't exist is answered with 200.
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_choice_of_a_category_that_the_notice_lacks_is_answered_400_and_names_it(client: Client, accept: str) -> None:
    response = choose(client, "save", "analytics", "nonsense", headers=SAME_ORIGIN | {"Accept": accept})
    assert response.status_code == 400
    assert "nonsense" in response.content.decode()
    assert not response.cookies
    assert not ConsentRecord.objects.exists()


# Its "decline" answers for the groups that are still open, and leaves an accepted one accepted.
@pytest.mark.parametrize(("choice", "categories"), [("reject_all", ()), ("save", ("marketing",)), ("save", ())])
def test_refusing_an_accepted_category_closes_it(
    site: WSGIApplication, client: Client, operator: User, at: datetime, choice: str, categories: tuple[str, ...]
) -> None:
    open_service(operator, at)  # in analytics
    choose(client, "accept_all")
    assert ORIGIN in policy(site, header(client))
    choose(client, choice, *categories)
    assert ORIGIN not in policy(site, header(client))
    assert current_gate().answers(held(client)) == {name: name in categories for name in OPTIONAL}


# It offers no way to withdraw.
def test_every_page_leads_to_the_preferences_and_carries_a_button_that_withdraws(
    site: WSGIApplication, client: Client
) -> None:
    choose(client, "accept_all")
    for path in pages().values():
        answer = ask(site, path)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        text = " ".join(answer.body.decode().split())
        assert '<a href="/cookies/" data-consent-open>' in text, path
        form = re.search(r"<form[^>]+data-consent-withdrawal.*?</form>", text)
        assert form, path
        fields = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form[0]))
    assert post(client, **fields).status_code == 303
    assert [record.action for record in ConsentRecord.objects.all()] == ["withdraw", "accept_all"]


# Rewording a purpose asks nobody again, whatever it says now.
def test_a_material_change_asks_everybody_again_and_a_reworded_one_nobody(
    client: Client, operator: User, at: datetime
) -> None:
    refuser = Client()
    choose(client, "accept_all")
    choose(refuser, "reject_all")
    for description, material in (("Counts visits.", False), ("Counts visits and sells the numbers.", True)):
        CookieGroup.objects.filter(varname="analytics").update(description=description)
        publish_notice(by=operator, at=at, material=material, reason="Another purpose")
        for visitor in (client, refuser):
            assert current_gate().is_complete(held(visitor)) is not material
    assert "analytics" not in current_gate().answers(held(client)) | current_gate().answers(held(refuser))


# Deleting a row and creating it again, as a restored backup or a fixture does, asks everybody again.
def test_a_category_that_is_deleted_and_created_again_asks_nobody(client: Client, operator: User, at: datetime) -> None:
    choose(client, "accept_all")
    group = CookieGroup.objects.get(varname="analytics")
    declare_cookie(cookie=Cookie(cookiegroup=group, name="_stats", description="Counts."), lifetime_days=1)
    publish_notice(by=operator, at=at, material=True, reason="A cookie")
    choose(client, "accept_all")
    before = registry_entries()
    cookies = list(group.cookie_set.all())
    group.delete()
    group.pk, group.created = None, None  # a row of its own
    group.save(force_insert=True)
    for cookie in cookies:
        again = Cookie(cookiegroup=group, name=cookie.name, description=cookie.description, path=cookie.path)
        declare_cookie(cookie=again, lifetime_days=1)
    assert registry_entries() == before
    with pytest.raises(NothingChanged):
        publish_notice(by=operator, at=at, material=True, reason="The same")
    # Nor does a notice that changes something else.
    CookieGroup.objects.filter(varname="marketing").update(description="Advertises on other sites.")
    publish_notice(by=operator, at=at, material=True, reason="Another purpose")
    assert current_gate().answers(held(client)) == {"analytics": True, "personalization": True}


# A required group reads as not accepted.
def test_required_categories_count_as_accepted_and_are_asked_of_nobody(client: Client) -> None:
    answer = choose(client, "reject_all", headers=SAME_ORIGIN | {"Accept": "application/json"}).json()
    assert answer["answers"] == {"necessary": True} | dict.fromkeys(OPTIONAL, False)
    assert ConsentRecord.objects.get().accepted == ["necessary"]
    assert "necessary" not in cookie_of(client)
    assert current_gate().is_complete(held(client))
    assert re.search(r'value="necessary"[^>]+checked disabled', client.get("/cookies/").content.decode())


# `analytics=9999` reads as accepted, as versions are compared with `>=`.
@pytest.mark.parametrize("value", ["9999", "~", "2999-01-01T00:00:00+00:00"])
def test_an_invented_version_opens_nothing_and_is_no_answer(
    site: WSGIApplication, client: Client, operator: User, at: datetime, value: str
) -> None:
    open_service(operator, at)
    client.cookies["consent_choice"] = f"analytics={value}|personalization=-1|marketing=-1|notice=2.x"
    assert ORIGIN not in policy(site, header(client))
    assert "analytics" not in current_gate().answers(held(client))


# Two tabs that answer at the same time each write the cookie that they had read, and one choice is lost.
def test_of_two_tabs_that_answer_at_once_both_are_recorded_and_either_cookie_is_a_whole_answer() -> None:
    one, other = Client(), Client()  # as both requests left the browser before either was answered
    choose(one, "save", "analytics")
    choose(other, "save", "marketing")
    for tab, accepted in ((one, "analytics"), (other, "marketing")):
        assert current_gate().answers(held(tab)) == {name: name == accepted for name in OPTIONAL}
        # Both cookies come in one answer, so that the receipt is that of what the cookie says.
        record = ConsentRecord.objects.held_by(tab.cookies["consent_receipt"].value).get()
        assert record.accepted == sorted(["necessary", accepted])


# Of two `process()` calls on one response, the second takes back what the first had set.
def test_one_answer_of_several_categories_is_one_cookie_that_holds_them_all(client: Client) -> None:
    response = choose(client, "save", "analytics", "marketing")
    assert sorted(response.cookies) == ["consent_choice", "consent_receipt"]
    assert current_gate().answers(held(client)) == {"analytics": True, "personalization": False, "marketing": True}


# Deleting a group deletes its log.
def test_records_and_notices_outlive_the_category_that_they_name(client: Client) -> None:
    choose(client, "accept_all")
    before = ConsentRecord.objects.values().get(), Notice.objects.values().get()
    CookieGroup.objects.get(varname="marketing").delete()
    CookieGroup.objects.all().delete()
    assert (ConsentRecord.objects.values().get(), Notice.objects.values().get()) == before
    assert "marketing" in ConsentRecord.objects.get().accepted


# Rows of its log can be added and deleted in the admin.
def test_nobody_adds_or_deletes_a_choice_in_the_admin(client: Client) -> None:
    assert not admin.site.is_registered(LogItem)
    choose(client, "reject_all")
    record = ConsentRecord.objects.get()
    desk = Client()
    desk.force_login(person("root", "Ruth Root", superuser=True))
    assert desk.get("/admin/cookie_consent/logitem/").status_code == 404
    for address in ("add/", f"{record.pk}/delete/"):
        assert desk.get(f"/admin/consent/consentrecord/{address}").status_code == 403
        assert desk.post(f"/admin/consent/consentrecord/{address}", {"post": "yes"}).status_code == 403
    page = desk.get(f"/admin/consent/consentrecord/{record.pk}/change/").content.decode()
    assert "deletelink" not in page
    assert 'name="_save"' not in page
    assert ConsentRecord.objects.get() == record


# Its views are one include away, log on their own, and are not what our notice speaks of.
@pytest.mark.parametrize("name", ["accept", "decline", "status", "cookie_group_list"])
def test_its_own_views_are_not_served_and_its_log_stays_empty(client: Client, name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"cookie_consent_{name}")
    choose(client, "accept_all")
    assert not LogItem.objects.exists()


# Its status call sets a `csrftoken` for 364 days before there is any choice.
def test_nothing_sets_a_cookie_or_carries_a_token_before_a_choice(client: Client) -> None:
    for path in [*pages().values(), "/cookies/", "/consent/receipt/", "/nowhere/", "/cookies/status/"]:
        response = client.get(path)
        assert not response.cookies, path
        assert b"csrfmiddlewaretoken" not in response.content, path
    assert not client.cookies


# Global Privacy Control is ignored.
def test_global_privacy_control_refuses_marketing_unasked_and_accept_all_leaves_it_refused(
    site: WSGIApplication, client: Client, operator: User, at: datetime, settings: Any
) -> None:
    settings.CONSENT_GPC_CATEGORIES = ["analytics"]  # where the service is
    cookie = open_service(operator, at)
    assert ORIGIN in policy(site, cookie)
    assert ORIGIN not in ask(site, TERM, HTTP_COOKIE=cookie, HTTP_SEC_GPC="1").headers["Content-Security-Policy"]
    answer = ask(site, TERM, HTTP_COOKIE=cookie)
    assert "Sec-GPC" in answer.headers["Vary"]
    choose(client, "accept_all", headers=SAME_ORIGIN | {"Sec-GPC": "1"})
    record = ConsentRecord.objects.held_by(client.cookies["consent_receipt"].value).get()
    assert record.gpc is True
    assert record.accepted == ["marketing", "necessary", "personalization"]
    assert ORIGIN not in policy(site, header(client))


# Its cache of the registry knows nothing of `loaddata`, `bulk_create` and other workers for an hour.
@pytest.mark.parametrize("way", ["loaddata", "bulk_create", "update"])
def test_what_is_written_past_every_action_is_in_the_next_draft_and_opens_nothing(
    client: Client, operator: User, at: datetime, tmp_path: Path, way: str
) -> None:
    draft_notice()
    group = CookieGroup.objects.get(varname="analytics")
    if way == "loaddata":
        fields = {"varname": "embeds", "name": "Embeds", "description": "Shows videos.", "ordering": 9}
        rows = [{"model": "cookie_consent.cookiegroup", "fields": fields | {"created": at.isoformat()}}]
        (tmp_path / "rows.json").write_text(json.dumps(rows))
        call_command("loaddata", tmp_path / "rows.json", verbosity=0)
    elif way == "bulk_create":
        [cookie] = Cookie.objects.bulk_create([Cookie(cookiegroup=group, name="_stats", description="Counts.")])
        CookieDetails.objects.bulk_create([CookieDetails(cookie=cookie, days=1)])
    else:
        CookieGroup.objects.filter(pk=group.pk).update(description="Counts visits, and sells the numbers.")
    assert [change.where.split(":")[0] for change in draft_notice().changes]
    choose(client, "accept_all")
    # What visitors agree to is the live notice, and nobody has published this.
    assert current_gate().answers(held(client)) == dict.fromkeys(OPTIONAL, True)
    assert [entry["varname"] for entry in Notice.objects.get().document["categories"]] == ["necessary", *OPTIONAL]


# As above, for what is open: it would stay open for an hour.
def test_a_service_that_is_switched_off_past_every_action_is_closed_within_a_second(
    site: WSGIApplication, clock: Clock, operator: User, at: datetime
) -> None:
    cookie = open_service(operator, at)
    assert ORIGIN in policy(site, cookie)
    Service.objects.update(status="off")
    clock.now += 1
    assert ORIGIN not in policy(site, cookie)

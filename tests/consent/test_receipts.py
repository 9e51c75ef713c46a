"""The visitor's receipt: what it shows, to whom, and what she can do with it."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import rfc8785
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consent.actions import publish_notice, record_choice, seal_ledger
from consent.choice.gate import current_gate
from consent.models import ConsentRecord, Ending, Notice

pytestmark = pytest.mark.django_db

RECEIPT = "/consent/receipt/"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def choose(client: Client, choice: str = "save", *categories: str) -> str:
    """Have the visitor choose on the banner; return her receipt."""
    notice = Notice.objects.live("en")
    assert notice
    form = {"choice": choice, "categories": categories, "notice": notice.sha256, "surface": "banner", "next": "/"}
    send(client, "/consent/", form)
    receipt: str = client.cookies["consent_receipt"].value
    return receipt


def send(client: Client, path: str, form: dict[str, Any], **headers: str) -> Any:
    return client.post(
        path,
        urlencode(form, doseq=True),
        content_type="application/x-www-form-urlencoded",
        headers={**SAME_ORIGIN, **headers},
    )


def step(client: Client, name: str, **fields: str) -> Any:
    return send(client, RECEIPT, {"step": name, **fields})


def grouped(receipt: str) -> str:
    return " ".join(receipt[start : start + 4] for start in range(0, len(receipt), 4))


def test_it_shows_its_holder_her_answers_and_the_whole_notice(client: Client) -> None:
    receipt = choose(client, "save", "analytics")
    response = client.get(RECEIPT)
    page = response.content.decode()
    assert response.status_code == 200
    assert grouped(receipt) in page
    assert page.count("<strong>accepted</strong>") == 1
    assert page.count("<strong>refused</strong>") == 2
    record = ConsentRecord.objects.get()
    document = record.notice.document
    words = [
        *(document["text"][key] for key in ("summary", "reject_all", "accept_all", "preferences_introduction")),
        *(category[key] for category in document["categories"] for key in ("name", "purpose")),
        *(
            cookie[key].removeprefix("__Host-")  # which is over HTTPS alone
            for category in document["categories"]
            for cookie in category["cookies"]
            for key in ("name", "purpose")
        ),
    ]
    main = page.partition("<main")[2].partition("</main>")[0]
    assert [word for word in words if word not in main] == []
    assert record.leaf in main
    assert record.notice.sha256 in main


def test_the_page_is_kept_by_nobody_and_named_to_nobody(client: Client) -> None:
    choose(client, "accept_all")
    for response in (client.get(RECEIPT), step(client, "show"), client.get(RECEIPT, {"format": "json"})):
        assert response["Cache-Control"] == "no-store"
        # Sends nothing to other sites, and `Origin` with our own forms, which `no-referrer` would blank out.
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Robots-Tag"] == "noindex"


def test_it_shows_the_notice_that_was_read_and_not_the_one_that_came_after(client: Client, operator: User) -> None:
    choose(client, "accept_all")
    old = CookieGroup.objects.get(varname="analytics").description
    CookieGroup.objects.filter(varname="analytics").update(description="Follows you about.")
    publish_notice(by=operator, at=timezone.now(), material=True, reason="Another purpose")
    main = client.get(RECEIPT).content.decode().partition("<main")[2]
    assert old in main
    assert "Follows you about." not in main


def test_a_receipt_that_was_written_down_opens_the_record_in_another_browser(client: Client) -> None:
    receipt = choose(client, "save", "analytics")
    other = Client()
    response = step(other, "show", receipt=f"  {grouped(receipt)} ")
    assert "<strong>accepted</strong>" in response.content.decode()
    assert receipt not in response.request["PATH_INFO"] + response.request["QUERY_STRING"]
    assert not response.cookies
    # An address is no place for a secret: it would stand in histories and logs.
    assert "<strong>accepted</strong>" not in other.get(RECEIPT, {"receipt": receipt}).content.decode()


@pytest.mark.parametrize("name", ["show", "withdraw", "download", "erase"])
def test_unknown_and_malformed_receipts_get_one_answer_at_one_price(client: Client, name: str) -> None:
    receipt = choose(client, "accept_all")
    answers, prices = set(), set()
    for wrong in ("A" * 32, receipt[:-1], receipt[:-1] + "!", "ä" * 32, "x" * 90, receipt.swapcase()):
        other = Client()
        with CaptureQueriesContext(connection) as queries:
            response = step(other, name, receipt=wrong, confirmed="yes")
        prices.add(len(queries))
        body = response.content.decode()
        assert receipt not in body
        answers.add((response.status_code, body.replace(wrong, "")))
        assert not response.cookies
    assert len(answers) == 1
    assert len(prices) == 1
    assert ConsentRecord.objects.count() == 1


def test_the_json_follows_the_dpv_guide(client: Client) -> None:
    receipt = choose(client, "save", "analytics")
    response = client.get(RECEIPT, {"format": "json"})
    assert response["Content-Type"] == "application/ld+json"
    assert response["Content-Disposition"] == 'attachment; filename="consent-receipt.json"'
    document = response.json()
    assert document["@type"] == "dpv:ConsentReceipt"
    assert document["@context"]["dpv"] == "https://w3id.org/dpv#"
    assert document["dpv:hasIdentifier"] == receipt
    assert document["dct:conformsTo"] == {"@id": "http://testserver/consent/receipt/#receipt-1"}
    assert document["dct:publisher"]["dpv:hasName"] == "Clinical Glossary"
    record = ConsentRecord.objects.get()
    assert document["dpv:hasNotice"]["noticeDocument"] == record.notice.document
    assert document["dpv:hasNotice"]["@id"] == f"urn:sha256:{record.notice.sha256}"
    asked = {entry["dpv:hasProcess"]["dct:identifier"]: entry for entry in document["dpv:hasRecordOfActivity"]}
    assert {name: entry["dpv:hasConsentStatus"]["@type"][0] for name, entry in asked.items()} == {
        "analytics": "dpv:ConsentGiven",
        "personalization": "dpv:ConsentRefused",
        "marketing": "dpv:ConsentRefused",
    }
    status = asked["analytics"]["dpv:hasConsentStatus"]
    assert status["dpv:isIndicatedAtTime"] == record.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert status["dpv:hasDuration"]["rdf:value"] == record.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert document["ledgerLeaf"] == record.leaf


@pytest.mark.parametrize("accept", ["application/json", "application/ld+json"])
def test_a_program_gets_the_json_by_its_accept_header(client: Client, accept: str) -> None:
    choose(client, "accept_all")
    assert client.get(RECEIPT, headers={"Accept": accept}).json()["@type"] == "dpv:ConsentReceipt"
    stranger = Client().get(RECEIPT, headers={"Accept": accept})
    assert (stranger.status_code, stranger.json()["error"]) == (404, "no-record")


def test_withdrawing_refuses_everything_optional_and_gives_a_new_receipt(client: Client) -> None:
    receipt = choose(client, "accept_all")
    assert any(current_gate().answers({"consent_choice": client.cookies["consent_choice"].value}).values())
    response = step(client, "withdraw")
    assert (response.status_code, response["Location"]) == (303, RECEIPT)
    newest = ConsentRecord.objects.first()
    assert newest
    assert (newest.action, newest.accepted, ConsentRecord.objects.count()) == ("withdraw", ["necessary"], 2)
    assert client.cookies["consent_receipt"].value != receipt
    gate, cookies = current_gate(), {"consent_choice": client.cookies["consent_choice"].value}
    assert gate.is_complete(cookies)
    assert not any(gate.answers(cookies).values())
    page = client.get(RECEIPT).content.decode()
    assert "Withdrew" in page
    assert 'value="withdraw"' not in page
    assert client.get(RECEIPT, {"format": "json"}).json()["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][
        "@type"
    ][0] == ("dpv:ConsentWithdrawn")


def test_withdrawing_from_paper_leaves_the_choice_of_this_browser_alone(client: Client) -> None:
    receipt = choose(client, "accept_all")
    other = Client()
    choose(other, "save", "analytics")
    before = {name: morsel.value for name, morsel in other.cookies.items()}
    response = step(other, "withdraw", receipt=receipt)
    page = response.content.decode()
    assert "Your consent is withdrawn." in page
    assert "We have no access to it." in page
    assert not response.cookies
    assert {name: morsel.value for name, morsel in other.cookies.items()} == before
    assert ConsentRecord.objects.filter(action="withdraw").count() == 1


def test_withdrawing_twice_or_after_the_end_writes_nothing(client: Client) -> None:
    receipt = choose(client, "reject_all")
    step(client, "withdraw")
    assert ConsentRecord.objects.count() == 1
    old = record_choice(
        choice="accept_all",
        categories=(),
        notice=Notice.objects.get().sha256,
        surface="banner",
        gpc=False,
        receipt="",
        at=timezone.now() - timedelta(days=183),
    )
    assert "over: you are asked again" in step(Client(), "withdraw", receipt=old.receipt).content.decode()
    assert ConsentRecord.objects.count() == 2
    assert receipt == client.cookies["consent_receipt"].value


def test_withdrawing_notes_global_privacy_control(client: Client) -> None:
    choose(client, "accept_all")
    send(client, RECEIPT, {"step": "withdraw"}, **{"Sec-GPC": "1"})
    newest = ConsentRecord.objects.first()
    assert newest
    assert newest.gpc


@pytest.mark.parametrize("name", ["show", "download", "withdraw", "erase"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}])
def test_no_other_site_can_act_with_a_receipt(client: Client, name: str, headers: dict[str, str]) -> None:
    receipt = choose(client, "accept_all")
    response = client.post(
        RECEIPT,
        urlencode({"step": name, "receipt": receipt, "confirmed": "yes"}),
        content_type="application/x-www-form-urlencoded",
        headers=headers,
    )
    assert response.status_code == 403
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{}, {"step": "destroy"}, {"step": "show", "extra": "1"}, {"step": ["show", "withdraw"]}]
)
def test_a_form_that_is_not_one_of_the_page_is_refused(client: Client, fields: dict[str, Any]) -> None:
    choose(client, "accept_all")
    assert send(client, RECEIPT, fields).status_code == 400
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_receipt_is_read_and_posted_and_nothing_else(client: Client, method: str) -> None:
    assert getattr(client, method)(RECEIPT).status_code == 405


def test_nothing_about_receipts_is_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        receipt = choose(client, "accept_all")
        client.get(RECEIPT)
        step(Client(), "show", receipt=receipt)
        step(Client(), "show", receipt="nonsense")
        step(client, "withdraw")
    said = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert receipt not in said
    assert "nonsense" not in said


def test_the_preferences_page_withdraws_in_one_step(client: Client) -> None:
    assert "data-consent-withdraw>" not in client.get("/cookies/").content.decode()
    choose(client, "accept_all")
    assert "data-consent-withdraw>" in client.get("/cookies/").content.decode()


def test_erasing_takes_two_steps_and_leaves_the_visitor_undecided(client: Client) -> None:
    choose(client, "accept_all")
    page = step(client, "erase").content.decode()
    assert "please tick the box first" in page
    assert not ConsentRecord.objects.erased().exists()
    response = step(client, "erase", confirmed="yes")
    page = response.content.decode()
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert "What remains, and why" in page
    record = ConsentRecord.objects.get()
    assert (record.is_erased, record.answers, record.receipt_sha256) == (True, None, None)
    for name, path in (("consent_choice", "/"), ("consent_receipt", "/consent/")):
        morsel = response.cookies[name]
        assert (morsel.value, morsel["max-age"], morsel["path"], morsel["secure"]) == ("", 0, path, True)
    assert not current_gate().answers({"consent_choice": client.cookies["consent_choice"].value})


def test_an_erased_receipt_and_one_that_never_was_get_the_same_answers_at_the_same_price(client: Client) -> None:
    receipt = choose(client, "accept_all")
    step(client, "erase", confirmed="yes")
    for name in ("show", "download", "withdraw", "erase"):
        answers, prices = [], []
        for secret in (receipt, "A" * 32):
            with CaptureQueriesContext(connection) as queries:
                response = step(Client(), name, receipt=secret, confirmed="yes")
            answers.append((response.status_code, response.content.decode().replace(secret, "")))
            prices.append(len(queries))
        assert answers[0] == answers[1]
        assert prices[0] == prices[1]


def test_erasing_answers_the_same_whether_there_was_a_record(client: Client) -> None:
    receipt = choose(client, "accept_all")
    answers = {step(Client(), "erase", receipt=secret, confirmed="yes").content for secret in (receipt, "A" * 32)}
    assert len(answers) == 1
    assert ConsentRecord.objects.get().is_erased


def test_erasing_from_paper_leaves_the_choice_of_this_browser_alone(client: Client) -> None:
    receipt = choose(client, "accept_all")
    other = Client()
    choose(other, "save", "analytics")
    response = step(other, "erase", receipt=receipt, confirmed="yes")
    assert not response.cookies
    assert "We have no access to it." in response.content.decode()
    assert ConsentRecord.objects.erased().count() == 1


def test_a_sealed_record_proves_itself_with_nothing_but_its_receipt(client: Client) -> None:
    for _ in range(5):
        choose(Client(), "accept_all")
    choose(client, "save", "analytics")
    assert "will be sealed" in client.get(RECEIPT).content.decode()
    assert client.get(RECEIPT, {"format": "json"}).json()["ledgerProof"] is None
    seal_ledger(at=timezone.now())
    page = client.get(RECEIPT).content.decode()
    assert "will be sealed" not in page
    document = client.get(RECEIPT, {"format": "json"}).json()
    proof, record = document["ledgerProof"], document["ledgerRecord"]
    assert proof["checkpoint"].splitlines()[0] in page

    core, personal = (rfc8785.dumps(record[part]) for part in ("core", "personal"))
    parts = hashlib.sha256(core).digest() + hashlib.sha256(bytes.fromhex(record["salt"]) + personal).digest()
    leaf = hashlib.sha256(b"\x00consent/v1" + parts).digest()
    assert leaf.hex() == proof["leaf"] == document["ledgerLeaf"]
    # RFC 9162, section 2.1.3.2
    node, index, last = leaf, proof["index"], proof["size"] - 1
    for sibling in map(bytes.fromhex, proof["path"]):
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    assert node.hex() == proof["root"]
    assert record["personal"]["receipt_sha256"] == hashlib.sha256(document["dpv:hasIdentifier"].encode()).hexdigest()
    assert (
        record["core"]["notice"]
        == hashlib.sha256(rfc8785.dumps(document["dpv:hasNotice"]["noticeDocument"])).hexdigest()
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_no_script_and_no_frame_gets_a_receipt_or_does_anything_with_it(
    client: Client, headers: dict[str, str]
) -> None:
    receipt = choose(client, "accept_all")
    for path in (RECEIPT, f"{RECEIPT}?format=json"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 403
        assert receipt not in answer.content.decode()
    for name in ("show", "download", "withdraw", "erase"):
        answer = send(client, RECEIPT, {"step": name, "receipt": receipt, "confirmed": "yes"}, **headers)
        assert answer.status_code == 403
        assert receipt not in answer.content.decode()
    assert ConsentRecord.objects.held_by(receipt).count() == 1
    assert ConsentRecord.objects.count() == 1


def test_a_person_and_a_program_that_is_no_browser_get_it(client: Client) -> None:
    receipt = choose(client, "accept_all")
    visit = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert grouped(receipt) in client.get(RECEIPT, headers=visit).content.decode()
    assert send(client, RECEIPT, {"step": "withdraw"}, **visit).status_code == 303
    assert client.get(RECEIPT, headers={"Accept": "application/json"}).status_code == 200


@pytest.mark.parametrize("how", ["receipt", "banner"])
def test_the_receipt_of_a_withdrawn_consent_says_so_and_leads_to_the_record_that_ended_it(
    client: Client, how: str
) -> None:
    receipt = choose(client, "save", "analytics")
    assert "Your consent is withdrawn" not in step(Client(), "show", receipt=receipt).content.decode()
    if how == "receipt":
        step(client, "withdraw")
    else:
        choose(client, "reject_all")
    ended_by = ConsentRecord.objects.get(action="withdraw")
    page = step(Client(), "show", receipt=receipt).content.decode()
    assert "Your consent is withdrawn." in page
    assert 'href="#ending-heading"' in page
    assert ended_by.leaf in page
    assert f"{ended_by.created_at:%Y-%m-%dT%H:%M:%SZ}" in page
    assert 'value="withdraw"' not in page
    document = json.loads(step(Client(), "download", receipt=receipt).content)
    assert document["withdrawal"]["ledgerLeaf"] == ended_by.leaf
    assert document["withdrawal"]["@id"] == f"urn:sha256:{ended_by.receipt_sha256}"
    said = {each["dct:identifier"].partition("#")[2]: each for each in document["dpv:hasRecordOfActivity"]}
    assert said["analytics"]["dpv:hasConsentStatus"]["@type"][0] == "dpv:ConsentWithdrawn"
    assert said["marketing"]["dpv:hasConsentStatus"]["@type"][0] == "dpv:ConsentRefused"
    # The record of the withdrawal is itself in force.
    assert "withdrawal" not in client.get(RECEIPT, {"format": "json"}).json()


def test_withdrawing_a_withdrawn_consent_writes_nothing(client: Client) -> None:
    receipt = choose(client, "accept_all")
    for _ in range(2):
        step(Client(), "withdraw", receipt=receipt)
    assert ConsentRecord.objects.count() == 2


def test_accepting_anew_after_a_withdrawal_from_paper_is_a_record_of_its_own(client: Client) -> None:
    receipt = choose(client, "accept_all")
    step(Client(), "withdraw", receipt=receipt)
    assert choose(client, "accept_all") != receipt
    assert list(ConsentRecord.objects.order_by("pk").values_list("action", flat=True)) == [
        "accept_all",
        "withdraw",
        "accept_all",
    ]


def test_erasing_either_record_leaves_no_way_from_one_to_the_other(client: Client) -> None:
    receipt = choose(client, "accept_all")
    step(client, "withdraw")
    leaf = ConsentRecord.objects.get(action="withdraw").leaf
    step(client, "erase", confirmed="yes")  # the withdrawal
    page = step(Client(), "show", receipt=receipt).content.decode()
    assert "Your consent is withdrawn." in page
    assert "The record of the withdrawal was erased." in page
    assert leaf not in page
    step(Client(), "erase", receipt=receipt, confirmed="yes")
    assert not Ending.objects.exists()

"""A visitor's receipt as JSON-LD: ISO/IEC TS 27560:2023 in the terms of the Data Privacy Vocabulary (DPV).

The structure is that of the guide "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV" (W3C DPVCG,
final report of 1 August 2024): a receipt wraps a consent record for each thing that was asked. Where it departs from
the guide, and why it therefore names a profile of its own: ``docs/reference/receipt.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from consent.ledger import Choice
from consent.models import ConsentRecord, Ending
from consent.notice.notices import CategoryEntry, ServiceEntry

#: What the anchor behind the receipt's address names: the version of this structure.
PROFILE = "receipt-1"
CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
SURFACES = {
    "banner": "Button in the banner",
    "preferences": "Button on the preferences page or the receipt, or at the foot of a page",
}


def readable(receipt: str) -> str:
    """Return a receipt in groups of four, as somebody writes it down. :func:`typed` reads it back."""
    return " ".join(receipt[start : start + 4] for start in range(0, len(receipt), 4))


def typed(receipt: str) -> str:
    """Return a receipt without the blanks that were typed between its groups."""
    return "".join(receipt.split())[:64]


def as_json(
    record: ConsentRecord,
    *,
    receipt: str,
    proof: Mapping[str, Any] | None,
    site: str,
    at: datetime,
    ending: Ending | None = None,
) -> dict[str, Any]:
    """Return the receipt of a record, ready for JSON.

    ``site`` is the public address without a slash at its end, ``at`` the time at which the receipt is handed out, and
    ``proof`` the ledger's inclusion proof, or ``None`` until the record is sealed. ``ending`` says that the consent was
    withdrawn. Raises
    :class:`consent.models.Erased`.
    """
    # It names things, so it is the same in whatever language the receipt is looked at.
    with translation.override(settings.LANGUAGE_CODE):
        page = f"{site}{reverse('consent:receipt')}"
    choice, notice = record.choice(), record.notice
    document = notice.document
    controller = {
        "@id": f"{site}/",
        "@type": ["dpv:LegalEntity", "dpv:DataController"],
        "dpv:hasName": document["text"]["controller"],
        "schema:url": f"{site}/",
    }
    return {
        "@context": {
            **CONTEXT,
            # Ours, and handed through as they are (JSON-LD 1.1 calls that a JSON literal).
            "noticeDocument": {"@id": f"{page}#notice", "@type": "@json"},
            "ledgerLeaf": {"@id": f"{page}#ledger-leaf"},
            "ledgerRecord": {"@id": f"{page}#ledger-record", "@type": "@json"},
            "withdrawal": {"@id": f"{page}#withdrawal"},
            "ledgerProof": {"@id": f"{page}#ledger-proof", "@type": "@json"},
        },
        "@id": f"urn:sha256:{choice.receipt_sha256}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": {"@id": f"{page}#{PROFILE}"},
        "dct:created": _time(at),
        "dct:publisher": controller,
        "schema:recipient": {"@id": "dpv:DataSubject"},
        # The visitor's only key to their record: anybody who has this file can act for them.
        "dpv:hasIdentifier": receipt,
        "dpv:hasRecordOfActivity": [
            _record_of(category, choice=choice, controller=controller, page=page, ending=ending)
            for category in document["categories"]
            if not category["required"]
        ],
        "dpv:hasNotice": {
            "@id": f"urn:sha256:{notice.sha256}",
            "@type": "dpv:ConsentNotice",
            "dct:identifier": str(notice.number),
            "dct:issued": _time(notice.published_at),
            "dct:language": choice.language,
            "noticeDocument": document,
        },
        "ledgerLeaf": record.leaf,
        # What the leaf is made of: with it, the receipt can be checked by itself.
        "ledgerRecord": {
            "core": json.loads(choice.core()),
            "personal": json.loads(choice.personal()),
            "salt": record.salt,
        },
        "ledgerProof": proof,
    } | ({"withdrawal": _withdrawal(ending)} if ending else {})


def _withdrawal(ending: Ending) -> dict[str, Any]:
    """Return when a consent was withdrawn, and the record that ended it, unless that was erased."""
    withdrawal: dict[str, Any] = {"dct:created": _time(ending.ended_at)}
    if by := ending.ended_by:
        withdrawal |= {"@id": f"urn:sha256:{by.receipt_sha256}", "ledgerLeaf": by.leaf}
    return withdrawal


def _record_of(
    category: CategoryEntry, *, choice: Choice, controller: Mapping[str, Any], page: str, ending: Ending | None
) -> dict[str, Any]:
    varname = category["varname"]
    return {
        "@id": f"urn:sha256:{choice.receipt_sha256}#{varname}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": f"{choice.receipt_sha256}#{varname}",
        "dct:created": _time(choice.created_at),
        "dpv:hasDataSubject": {"@id": f"urn:sha256:{choice.receipt_sha256}#visitor", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": {"@id": controller["@id"]},
        "dpv:hasNotice": {"@id": f"urn:sha256:{choice.notice}"},
        "dpv:hasProcess": _process_of(category, choice=choice, controller=controller, ending=ending),
        "dpv:hasConsentControl": {
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": page,
        },
        "dpv:hasRight": {
            "@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"],
            "dct:title": "Right to withdraw consent",
            "dpv:isExercisedAt": page,
        },
        "dpv:hasConsentStatus": {
            "@type": [_status_of(choice, varname, ending), "dpv:ExpressedConsent"],
            "dpv:isIndicatedAtTime": _time(
                ending.ended_at if ending and choice.answers[varname] else choice.created_at
            ),
            "dpv:isIndicatedBy": {"@id": "dpv:DataSubject"},
            "dpv:hasIndicationMethod": SURFACES[choice.surface],
            "dpv:hasDuration": {"@type": "dpv:UntilTimeDuration", "rdf:value": _time(choice.expires_at)},
        },
    }


def _status_of(choice: Choice, key: str, ending: Ending | None) -> str:
    if choice.answers[key]:
        return "dpv:ConsentWithdrawn" if ending else "dpv:ConsentGiven"
    return "dpv:ConsentWithdrawn" if choice.action == ConsentRecord.Action.WITHDRAW else "dpv:ConsentRefused"


def _process_of(
    category: CategoryEntry, *, choice: Choice, controller: Mapping[str, Any], ending: Ending | None
) -> dict[str, Any]:
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dct:identifier": category["varname"],
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "dct:title": category["name"],
            "dct:description": category["purpose"],
        },
        "dpv:hasLegalBasis": {"@id": "dpv:ExpressedConsent"},
        "dpv:hasRecipient": [{"@id": controller["@id"]}],
    }
    if category["cookies"]:
        process["dpv:hasPersonalData"] = [
            {
                "@type": "dpv:PersonalData",
                "dct:identifier": cookie["name"],
                "dct:description": cookie["purpose"],
                "dpv:hasStorageCondition": _storage_of(cookie["lifetime_days"]),
            }
            for cookie in category["cookies"]
        ]
    if category["services"]:
        process["dpv:hasService"] = [_service_of(category, service, choice, ending) for service in category["services"]]
        process["dpv:hasRecipient"] += [entry["dpv:hasRecipient"] for entry in process["dpv:hasService"]]
    return process


def _service_of(
    category: CategoryEntry, service: ServiceEntry, choice: Choice, ending: Ending | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "@type": "dpv:Service",
        "dct:title": service["name"],
        "dct:description": service["purpose"],
        "dpv:hasRecipient": {
            "@type": ["dpv:Recipient", "dpv:ThirdParty"],
            "dpv:hasName": service["vendor"],
            "schema:url": service["privacy_policy"],
            "dpv:hasAddress": service["recipients"],
        },
    }
    key = f"{category['varname']}.{service.get('slug')}"
    if key in choice.answers:
        entry["dpv:hasConsentStatus"] = {"@type": [_status_of(choice, key, ending), "dpv:ExpressedConsent"]}
    return entry


def _storage_of(days: int | None) -> list[dict[str, Any]]:
    duration = (
        {"@type": "dpv:UntilEventDuration", "rdf:value": "The browser is closed"}
        if days is None
        else {"@type": "dpv:TemporalDuration", "rdf:value": f"P{days}D"}
    )
    return [
        {"@type": "dpv:StorageLocation", "dpv:hasLocation": {"@id": "dpv:WithinDevice"}},
        {"@type": "dpv:StorageDuration", "dpv:hasDuration": duration},
    ]


def _time(at: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The words of the notice as a new site has them. Operators edit them in the admin from then on.

The buttons "Reject all" and "Accept all", and "We use cookies" in the summary, are what agents that answer banners for
their users look for: :func:`refused` has them to the letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

#: The language of the site and of the registry. Notices in others are translations.
LANGUAGE = "en"

#: Everything outside the categories: who asks, and the text of banner and preferences.
TEXT: dict[str, str] = {
    "controller": "Clinical Glossary",
    "summary": (
        "We use cookies to make this site work. With your permission we also use them to personalise content and "
        "marketing, and to analyse our traffic, which helps us keep up the quality of our free resources."
    ),
    "preferences_link": "Manage your preferences",
    "preferences_heading": "Detailed Cookie Preferences",
    "preferences_introduction": (
        "Nothing optional runs until you allow it, and refusing costs you nothing: every page reads the same. "
        "Your choice holds for 182 days, whichever it is, and you can change it here at any time."
    ),
    "accept_all": "Accept all",
    "reject_all": "Reject all",
    "choose": "Choose",
    "save": "Save my choice",
    "always_on": "Always on",
    "no_javascript": (
        "We use cookies only as far as you allow. Without JavaScript nothing optional runs on this site; you can state "
        "your choice here:"
    ),
    "failed": "Your choice could not be saved. Nothing optional was switched on. Please try again.",
    "slow": "Your choice is still being saved. Nothing optional is switched on until it is.",
    "unkept": (
        "Your browser keeps no cookie of this site, so your choice cannot be kept. Nothing optional was switched on."
    ),
    "asked_again": (
        "Something has changed since you answered, and you are asked about that alone. Your other answers stay, unless "
        "you reject all."
    ),
    "saved": "Your choice is saved.",
    "undecided": "You have not answered yet, so nothing optional runs.",
    "accepted": "You accepted",
    "refused": "You refused",
    "refused_all": "You refused everything optional.",
    "receipt_link": "See the receipt of your choice",
    "withdraw": "Withdraw my consent",
    "withdrawn": "Your consent is withdrawn. What was kept on this site with it is erased in your browser.",
    "not_erasable": (
        "What these recipients keep at their own addresses, their cookies there included, we cannot erase. Each says "
        "where you can:"
    ),
    "gpc_honoured": (
        "Opt-out request honoured: your browser asks us not to sell or share your data (Global Privacy Control), so "
        "we don't."
    ),
    "gpc_overrides": (
        "Your browser opts out of this (Global Privacy Control). If you allow it here all the same, that overrides the "
        "opt-out on this site. “Accept all” leaves the opt-out in force."
    ),
    "embed_contacts": "To show it, your browser has to contact",
    "embed_show": "Show this",
    "embed_allow": "Always allow",
    "service_choice": "Decide about {service} alone",
    "as_category": "As the category",
    "allow": "Allow",
    "refuse": "Refuse",
    "local_storage": "local storage",
    "session_storage": "session storage",
    "cookies": "cookies",
    "services": "services",
    "kept_days": "kept {days} days",
    "kept_day": "kept 1 day",
    "kept_until_closed": "kept until the browser is closed",
    "received_by": "received by",
    "privacy_policy": "Privacy policy",
    "unused": "Nothing uses this category at present.",
    "asked_by": "Asked by",
    "all_notices": "All notices",
}
#: What agents that answer banners look for in English.
BUTTONS = {"reject_all": "Reject all", "accept_all": "Accept all"}
OPENING = "We use cookies"


def refused(language: str, words: Mapping[str, str]) -> dict[str, str]:
    """Return which of these words may not be said so, and why: key → reason."""
    reasons = {}
    for key, name, what in (("kept_days", "{days}", "number of days"), ("service_choice", "{service}", "name")):
        if words.get(key) and name not in words[key]:
            reasons[key] = f"Write {name} where the {what} belongs."
    if language != LANGUAGE:
        return reasons
    reasons |= {
        key: f"This must read “{text}” to the letter: programs that refuse banners for their users look for it."
        for key, text in BUTTONS.items()
        if words.get(key, "").strip() != text
    }
    if OPENING not in words.get("summary", ""):
        reasons["summary"] = (
            f"The summary must say “{OPENING}”: programs that refuse banners for their users look for it."
        )
    return reasons


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of our own. ``lifetime_days`` is ``None`` when it goes with the browser session."""

    name: str
    purpose: str
    lifetime_days: int | None
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Category:
    """A category as a freshly migrated site has it."""

    varname: str
    name: str
    purpose: str
    required: bool = False
    cookies: tuple[Cookie, ...] = ()


CATEGORIES = (
    Category(
        "necessary",
        "Necessary",
        "What the site needs to work: it keeps the choice you make here and, for our staff, the signed-in session.",
        required=True,
        cookies=(
            Cookie("__Host-consent_choice", "Remembers which categories you accepted and refused.", 182),
            Cookie("consent_receipt", "Lets you, and nobody else, see the record of your choice.", 182, "/consent/"),
            Cookie("sessionid", "Keeps members of our staff signed in. Readers never get it.", 14),
            Cookie("signed_in", "Switches services off for staff who are signed in. Readers never get it.", 14),
            Cookie("csrftoken", "Protects the forms of our staff. Readers never get it.", 364),
        ),
    ),
    Category(
        "analytics",
        "Analytics",
        "Shows us how visitors use the site, so that we can improve how it works and how quickly it answers.",
    ),
    Category(
        "personalization",
        "Personalisation",
        "Lets us fit content and features of the site to what you have looked at, for a more tailored visit.",
    ),
    Category(
        "marketing",
        "Marketing",
        "Helps to pay for our free resources through marketing and promotions that are matched to you.",
    ),
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What the site's own scripts keep in a browser's local storage, with permission for ``category``."""

    category: str
    name: str
    purpose: str
    days: int


def site_storage() -> tuple[StoredKey, ...]:
    """Return what the setting CONSENT_SITE_STORAGE says of the site around this app."""
    declared: Sequence[Mapping[str, Any]] = settings.CONSENT_SITE_STORAGE
    return tuple(StoredKey(**each) for each in declared)

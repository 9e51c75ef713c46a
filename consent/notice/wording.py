"""The words of the notice, in English. Operators edit their own copy of them in the admin.

A new site begins with those of the first notice, which migrations have frozen. What is here is said where a site has no
words of its own for a key, such as one that came later. To give new sites other words, write a migration.

The buttons "Reject all" and "Accept all", and "We use cookies" in the summary, are what agents that answer banners for
their users look for: :func:`refused` has them to the letter.
"""

import re
from collections.abc import Mapping

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
#: What cookies of a category are used for, in the summary of a new site. What is personalised is said in one.
PERSONALISED = {"personalization": "content", "marketing": "marketing"}
USES = {"analytics": "to analyse our traffic, which helps us keep up the quality of our free resources"}
#: What a notice says of who asks and of the data, as far as the operator has written it, and how to write it. What is
#: empty is left out of the notice.
ABOUT: dict[str, str] = {
    "contact": "Where visitors ask about their data: an email address, a postal address or a data protection officer.",
    "privacy_policy_address": "Your own privacy policy: an address that begins with https://, or with / on this site.",
    "imprint_address": "Your imprint or legal notice: an address that begins with https://, or with / on this site.",
    "transfers": "To which countries or organisations data are transferred, and how they are protected there.",
    "retention": "How long data are kept, or what this depends on. The notice already says how long browsers keep each "
    "cookie.",
}
ADDRESSES = ("privacy_policy_address", "imprint_address")
#: What agents that answer banners look for in English.
BUTTONS = {"reject_all": "Reject all", "accept_all": "Accept all"}
OPENING = "We use cookies"
ADDRESS = re.compile(r"(https?://[^\s/\\]|/(?![/\\]))[^\s\\]*")


def summary_of(said: str, asked: Mapping[str, str]) -> str:
    """Return the summary of a notice that asks about these categories (short name → name).

    What an operator wrote stays as it is. That of a new site names what is asked about, and nothing else.
    """
    if said != TEXT["summary"]:
        return said
    personalised = [what for varname, what in PERSONALISED.items() if varname in asked]
    uses = [f"to personalise {' and '.join(personalised)}"] if personalised else []
    uses += [use for varname, use in USES.items() if varname in asked]
    if others := [name for varname, name in asked.items() if varname not in PERSONALISED | USES]:
        uses.append(f"for {', '.join(others)}")
    base = f"{OPENING} to make this site work."
    return f"{base} With your permission we also use them {', and '.join(uses)}." if uses else base


def refused(language: str, words: Mapping[str, str]) -> dict[str, str]:
    """Return which of these words may not be said so, and why: key → reason."""
    reasons = {}
    for key, name, what in (("kept_days", "{days}", "number of days"), ("service_choice", "{service}", "name")):
        if words.get(key) and name not in words[key]:
            reasons[key] = f"Write {name} where the {what} is to appear."
    for key in ADDRESSES:
        if (address := words.get(key, "").strip()) and not ADDRESS.fullmatch(address):
            reasons[key] = f"{address!r} is not an address that visitors can open. Begin it with https://, or with /."
    if language != LANGUAGE:
        return reasons
    reasons |= {
        key: f"This must be exactly “{text}”: programs that refuse cookies for their users look for these words."
        for key, text in BUTTONS.items()
        if words.get(key, "").strip() != text
    }
    if OPENING not in words.get("summary", ""):
        reasons["summary"] = (
            f"The summary must contain “{OPENING}”: programs that refuse cookies for their users look for these words."
        )
    return reasons

"""The words of the notice, as data. Changing one here changes nothing in public until a notice is published with it.

The buttons "Reject all" and "Accept all", and "We use cookies" in the summary, are what agents that answer banners for
their users look for: keep them to the letter.
"""

from dataclasses import dataclass

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
}


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
            Cookie("cookie_consent", "Remembers which categories you accepted and refused.", 182),
            Cookie("consent_receipt", "Lets you, and nobody else, see the record of your choice.", 182, "/consent/"),
            Cookie("sessionid", "Keeps members of our staff signed in. Readers never get it.", 14),
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

"""Services that sites commonly use, as far as their vendors say how they work: addresses, origins, cookies.

Plain data, in our own words. A preset asks for what differs by site, and fills a :class:`consent.models.Service` with
it; operators change it as they like. Whatever is answered is read strictly, as it gets into addresses and start code.

Note [Pages that aren't told]
    On this site the address and title of a page say what somebody reads about their health. Where the vendor's script
    lets us, it is told neither: only that there was a visit. An operator may decide otherwise for their own
    services, and the audit then finds titles that leave. Vendors that take address and title themselves say so in
    :attr:`Preset.warning`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from consent.actions import Declaration
from consent.models import CookieDetails, Service
from consent.services import fillers

LOCAL = CookieDetails.Kind.LOCAL


@dataclass(frozen=True, slots=True)
class Question:
    """Something that differs by site. ``pattern`` is what an answer must match, whole."""

    name: str
    label: str
    pattern: re.Pattern[str]
    example: str
    help_text: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A service as its vendor describes it. ``fill`` turns answers into further fields of a service.

    ``warning`` is what an operator must know before she adds it; ``sources`` are the vendor's own pages.
    """

    slug: str
    name: str
    vendor: str
    purpose: str
    privacy_policy: str
    category: str
    kind: str
    sources: tuple[str, ...]
    questions: tuple[Question, ...] = ()
    opt_out: str = ""
    warning: str = ""
    hides_pages: bool = False
    fields: Mapping[str, Any] | None = None
    fill: Callable[[Mapping[str, str], bool], dict[str, Any]] | None = None
    declarations: tuple[Declaration, ...] = ()

    def service(self, answers: Mapping[str, str], *, tells_pages: bool = False) -> Service:
        """Return an unsaved service, announced and without its category. Raises ``ValueError`` for a wrong answer."""
        for question in self.questions:
            if not question.pattern.fullmatch(answers.get(question.name, "")):
                given = answers.get(question.name, "")
                raise ValueError(f"{question.label}: {given!r} does not look like {question.example}.")
        filled = self.fill(answers, tells_pages) if self.fill else {}
        filled["start_code"] = filled.get("start_code", "").strip()
        return Service(
            **{
                "name": self.name,
                "vendor": self.vendor,
                "purpose": self.purpose,
                "privacy_policy": self.privacy_policy,
                "opt_out": self.opt_out,
                "kind": self.kind,
                "status": Service.Status.ANNOUNCED,
                **(self.fields or {}),
                **filled,
            }
        )


#: An address without anything that could end a string, an attribute or a policy.
BASE = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9_-]+)*", re.ASCII)
HOST = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)

WHOLE_PAGE = (
    "It reads the address and the title of each page by itself. They reveal which term somebody reads, and so what "
    "concerns their health. The audit fails on that. After adding it, limit it to pages that reveal nothing of this "
    "kind."
)

PRESETS: tuple[Preset, ...] = (
    Preset(
        slug="matomo",
        name="Matomo",
        vendor="InnoCraft Ltd (Matomo)",
        purpose="Counts visits, so that we learn how often the site is used.",
        privacy_policy="https://matomo.org/privacy-policy/",
        category="analytics",
        kind="script",
        # matomo.js and matomo.php; cookies with the lifetimes that are the default.
        sources=(
            "https://developer.matomo.org/guides/tracking-javascript-guide",
            "https://matomo.org/faq/general/faq_146/",
        ),
        questions=(
            Question(
                "base",
                "Address of your Matomo",
                BASE,
                "https://stats.example.org or https://example.matomo.cloud",
                "The address where you sign in, without “index.php” and what follows it.",
            ),
            Question(
                "site", "Site ID", re.compile(r"[1-9][0-9]{0,8}", re.ASCII), "1", "A number, in Matomo’s settings."
            ),
        ),
        hides_pages=True,
        fill=fillers.matomo,
        declarations=(
            Declaration("_pk_id.*", "Tells returning visitors apart, by a number that says nothing else.", 393),
            Declaration("_pk_ses.*", "Holds a visit together, for half an hour.", 1),
            Declaration("_pk_ref.*", "Remembers from which site a visitor first came.", 183),
        ),
    ),
    Preset(
        slug="plausible",
        name="Plausible",
        vendor="Plausible Insights OÜ",
        purpose="Counts visits without cookies, so that we learn how often the site is used.",
        privacy_policy="https://plausible.io/privacy",
        category="analytics",
        kind="script",
        # Keeps nothing in the browser; script.manual.js counts the address that it is told (tracker/src/track.js).
        sources=("https://plausible.io/docs/custom-locations", "https://github.com/plausible/analytics"),
        questions=(
            Question(
                "domain",
                "Domain",
                re.compile(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", re.ASCII),
                "glossary.example.org",
                "The name of your site in Plausible.",
            ),
            Question(
                "base",
                "Address of Plausible",
                HOST,
                "https://plausible.io",
                "Or the address of your own server.",
                default="https://plausible.io",
            ),
        ),
        hides_pages=True,
        fill=fillers.plausible,
    ),
    Preset(
        slug="umami",
        name="Umami",
        vendor="Umami Software, Inc.",
        purpose="Counts visits without cookies, so that we learn how often the site is used.",
        privacy_policy="https://umami.is/privacy",
        category="analytics",
        kind="script",
        # Attributes, among them identity stitching and before-send; the cloud collects at gateway.umami.is.
        sources=("https://umami.is/docs/tracker-configuration", "https://github.com/umami-software/umami"),
        questions=(
            Question(
                "website",
                "Website ID",
                re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII),
                "b59e9c65-ae32-47f1-8400-119fcf4861c4",
                "In Umami, under the website’s settings.",
            ),
            Question(
                "base",
                "Address of Umami",
                BASE,
                "https://cloud.umami.is",
                "Or your own.",
                default="https://cloud.umami.is",
            ),
        ),
        hides_pages=True,
        fill=fillers.umami,
    ),
    Preset(
        slug="google-analytics-4",
        name="Google Analytics",
        vendor="Google Ireland Limited",
        purpose="Counts visits and tells returning visitors apart, so that we learn how the site is used.",
        privacy_policy="https://policies.google.com/privacy",
        opt_out="https://tools.google.com/dlpage/gaoptout",
        category="analytics",
        kind="script",
        # The guide's entries for Google Analytics 4; cookie usage on websites.
        sources=(
            "https://developers.google.com/tag-platform/security/guides/csp",
            "https://support.google.com/analytics/answer/11397207",
        ),
        questions=(
            Question(
                "measurement",
                "Measurement ID",
                re.compile(r"G-[A-Z0-9]{4,14}", re.ASCII),
                "G-ABC123XYZ0",
                "In Google Analytics, under Data streams.",
            ),
        ),
        hides_pages=True,
        fields={
            "script_origins": "https://*.googletagmanager.com",
            "image_origins": "https://*.google-analytics.com https://*.googletagmanager.com",
            "connect_origins": (
                "https://*.google-analytics.com https://*.analytics.google.com https://*.googletagmanager.com"
            ),
            "uses_sinks": True,
            "consent_mode": True,
        },
        fill=fillers.google_analytics,
        declarations=(
            Declaration("_ga", "Tells visitors apart.", 730),
            Declaration("_ga_*", "Holds visits together.", 730),
        ),
    ),
    Preset(
        slug="google-tag-manager",
        name="Google Tag Manager",
        vendor="Google Ireland Limited",
        purpose="Loads further services, which we name here one by one.",
        privacy_policy="https://policies.google.com/privacy",
        category="marketing",
        kind="script",
        # The container's own entries; each tag inside of it needs more.
        sources=("https://developers.google.com/tag-platform/security/guides/csp",),
        questions=(
            Question(
                "container",
                "Container ID",
                re.compile(r"GTM-[A-Z0-9]{4,10}", re.ASCII),
                "GTM-ABC1234",
                "In Tag Manager, next to the container’s name.",
            ),
        ),
        warning=(
            "People who can edit the container decide what runs here, and the notice does not know of "
            "it. Add each tag’s origins and cookies to this service. It is better to add each tag as a "
            "service of its own, without Tag Manager. " + WHOLE_PAGE
        ),
        fields={
            "image_origins": "https://www.googletagmanager.com",
            "connect_origins": "https://www.googletagmanager.com https://www.google.com",
            "uses_sinks": True,
            "consent_mode": True,
        },
        fill=fillers.tag_manager,
    ),
    Preset(
        slug="microsoft-clarity",
        name="Microsoft Clarity",
        vendor="Microsoft Ireland Operations Limited",
        purpose="Records how visitors move on pages, where they click and scroll, so that we make them easier to use.",
        privacy_policy="https://www.microsoft.com/privacy/privacystatement",
        opt_out="https://account.microsoft.com/privacy/ad-settings",
        category="analytics",
        kind="script",
        # Its own page on policies; its list of cookies; the second version of its consent call.
        sources=(
            "https://learn.microsoft.com/clarity/setup-and-installation/clarity-csp",
            "https://learn.microsoft.com/clarity/setup-and-installation/cookie-list",
            "https://learn.microsoft.com/clarity/setup-and-installation/clarity-consent-api-v2",
        ),
        questions=(
            Question(
                "project",
                "Project ID",
                re.compile(r"[a-z0-9]{8,12}", re.ASCII),
                "abcdef1234",
                "In Clarity, under Settings, Overview.",
            ),
        ),
        warning="It records the text of the page, unless you mask it in Clarity. " + WHOLE_PAGE,
        fields={
            "script_origins": "https://*.clarity.ms",
            "connect_origins": "https://*.clarity.ms https://c.bing.com",
            "image_origins": "https://*.clarity.ms https://c.bing.com",
            "uses_sinks": True,
        },
        fill=fillers.clarity,
        declarations=(
            Declaration("_clck", "Tells visitors of this site apart.", 365),
            Declaration("_clsk", "Joins the pages of a visit into one recording.", 1),
            Declaration("CLID", "Tells visitors apart on all sites with Clarity.", 365, domain="www.clarity.ms"),
            Declaration("MUID", "Tells browsers apart on Microsoft’s sites.", 390, domain=".clarity.ms"),
            Declaration("MUID", "Tells browsers apart on Microsoft’s sites.", 390, domain=".bing.com"),
            Declaration("MR", "Says whether the number in MUID is due to be renewed.", 7, domain=".c.clarity.ms"),
            Declaration("SM", "Carries the number in MUID between Microsoft’s sites.", None, domain=".c.clarity.ms"),
            Declaration("ANONCHK", "Says that MUID isn’t used for advertising.", 1, domain=".c.clarity.ms"),
        ),
    ),
    Preset(
        slug="meta-pixel",
        name="Meta Pixel",
        vendor="Meta Platforms Ireland Limited",
        purpose="Tells Meta of visits, so that we can advertise on Facebook and Instagram and see whether it works.",
        privacy_policy="https://www.facebook.com/privacy/policy/",
        opt_out="https://accountscenter.facebook.com/ad_preferences/",
        category="marketing",
        kind="script",
        # The base code, and the paragraph on policies beside it; Meta's policy on cookies.
        sources=(
            "https://developers.facebook.com/docs/meta-pixel/get-started",
            "https://www.facebook.com/privacy/policies/cookies/",
        ),
        questions=(
            Question(
                "pixel",
                "Pixel ID",
                re.compile(r"[1-9][0-9]{13,16}", re.ASCII),
                "123456789012345",
                "In Meta’s Events Manager: 14 to 17 digits.",
            ),
        ),
        warning=(
            "Publishers of health pages have been fined for telling Meta what people read. Under the "
            "Washington My Health My Data Act, sharing needs separate consent. " + WHOLE_PAGE
        ),
        fields={
            "url": "https://connect.facebook.net/en_US/fbevents.js",
            "connect_origins": "https://www.facebook.com",
            "image_origins": "https://www.facebook.com",
            "uses_sinks": True,
        },
        fill=fillers.meta_pixel,
        declarations=(
            Declaration("_fbp", "Tells browsers apart for Meta’s advertising.", 90),
            Declaration("_fbc", "Remembers the advertisement that led here.", 90),
            Declaration("fr", "Tells people apart for Meta’s advertising.", 90, domain=".facebook.com"),
        ),
    ),
    Preset(
        slug="youtube",
        name="YouTube",
        vendor="Google Ireland Limited",
        purpose="Shows videos.",
        privacy_policy="https://policies.google.com/privacy",
        opt_out="https://myactivity.google.com/product/youtube",
        category="marketing",
        kind="embed",
        # Privacy-enhanced mode; Google's list of cookies.
        sources=(
            "https://support.google.com/youtube/answer/171780",
            "https://policies.google.com/technologies/cookies",
        ),
        warning=(
            "Use the privacy-enhanced address of videos, https://www.youtube-nocookie.com/embed/…. No other host of "
            "YouTube is allowed."
        ),
        fields={"frame_origins": "https://www.youtube-nocookie.com"},
        declarations=(
            Declaration("VISITOR_INFO1_LIVE", "Tells viewers apart, once a video plays.", 180, domain=".youtube.com"),
            Declaration("VISITOR_PRIVACY_METADATA", "Remembers a choice about cookies.", 180, domain=".youtube.com"),
            Declaration("YSC", "Holds a viewing together.", None, domain=".youtube.com"),
            Declaration(
                "yt-*",
                "Settings and a number of the player; it has no end of its own.",
                3650,
                kind=LOCAL,
                domain="www.youtube-nocookie.com",
            ),
        ),
    ),
    Preset(
        slug="vimeo",
        name="Vimeo",
        vendor="Vimeo.com, Inc.",
        purpose="Shows videos.",
        privacy_policy="https://vimeo.com/privacy",
        opt_out="https://vimeo.com/cookie_policy",
        category="marketing",
        kind="embed",
        # Cookies of the embedded player, and what ?dnt=1 changes.
        sources=("https://help.vimeo.com/hc/en-us/articles/26080940921361",),
        warning=(
            "Use the address of videos with ?dnt=1 (https://player.vimeo.com/video/…?dnt=1). The player then sets no "
            "cookies except those that detect robots."
        ),
        fields={"frame_origins": "https://player.vimeo.com"},
        declarations=(
            Declaration("vuid", "Tells viewers apart, unless the address says dnt=1.", 730, domain=".vimeo.com"),
            Declaration("player", "Remembers settings of the player.", 365, domain=".vimeo.com"),
            Declaration("flags", "Says what the video’s owner switched on.", 365, domain=".vimeo.com"),
            Declaration("player_clearance", "Tells people from robots.", 7, domain=".vimeo.com"),
            Declaration("cf_clearance", "Tells people from robots.", 365, domain=".vimeo.com"),
            Declaration("__cf_bm", "Tells people from robots.", 1, domain=".vimeo.com"),
            Declaration("_cfuvid", "Keeps too many requests away.", None, domain=".vimeo.com"),
        ),
    ),
)


def preset(slug: str) -> Preset | None:
    """Return the preset of this name, if there is one."""
    return next((each for each in PRESETS if each.slug == slug), None)

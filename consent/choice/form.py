"""The choice form, read strictly: every field once, every value known, or a reason why not."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from cookie_consent.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from consent.choice.gate import RESERVED

CHOICES = ("accept_all", "reject_all", "save")
SURFACES = ("banner", "preferences")
# Room for an answer to every service of a notice: see consent.choice.gate.longest_cookie.
MAX_BODY = 16_384
MAX_NEXT = 2_000
SERVICE = re.compile(r"([-_a-zA-Z0-9]+\.[-_a-zA-Z0-9]+)=(yes|no)")
SHA256 = re.compile(r"[0-9a-f]{64}")


class BadChoice(ValueError):
    """The form cannot be accepted. The message tells the sender why; nothing was recorded."""


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """A choice as it was posted. ``next`` is a path on this site.

    ``services`` are answers to single services (``category.slug`` → accepted), ``gpc`` whether the page saw that the
    browser asks for Global Privacy Control.
    """

    choice: str
    categories: frozenset[str]
    services: Mapping[str, bool]
    notice: str
    surface: str
    next: str
    gpc: bool

    @property
    def refuses_everything(self) -> bool:
        return self.choice == "reject_all" or not (
            self.choice == "accept_all" or self.categories or any(self.services.values())
        )

    def takes_back(self, given: Mapping[str, str]) -> bool:
        """Return whether it refuses anything that the consent cookie, which says ``given``, may have open."""
        if self.choice == "accept_all":
            return False

        def accepts(key: str) -> bool:
            return self.services.get(key, key.partition(".")[0] in self.categories)

        opened = {
            key for key, value in given.items() if key not in RESERVED and value != settings.COOKIE_CONSENT_DECLINE
        }
        closed = {key for key in self.services if key.partition(".")[0] in opened and key not in given}
        return self.refuses_everything or not all(accepts(key) for key in opened | closed)


def read_choice(request: HttpRequest) -> ChoiceForm:
    """Return the posted form. Raises :class:`BadChoice` for anything that isn't exactly one."""
    fields = read_fields(request, "choice", "notice", "surface", "next", "gpc", many=("categories", "services"))
    choice, surface, notice = (fields.get(name, [""])[0] for name in ("choice", "surface", "notice"))
    if choice not in CHOICES:
        raise BadChoice(f"“choice” must be one of {', '.join(CHOICES)}.")
    if surface not in SURFACES:
        raise BadChoice(f"“surface” must be one of {', '.join(SURFACES)}.")
    if not SHA256.fullmatch(notice):
        raise BadChoice("“notice” must be the hash of the notice that was shown: 64 hexadecimal digits.")
    target = fields.get("next", ["/"])[0]
    if not is_local_path(target):
        raise BadChoice("“next” must be a path on this site.")
    if fields.get("gpc", ["1"]) != ["1"]:
        raise BadChoice("“gpc” is 1, or left out.")
    return ChoiceForm(
        choice=choice,
        categories=frozenset(fields.get("categories", [])),
        services=_services(fields.get("services", [])),
        notice=notice,
        surface=surface,
        next=target,
        gpc="gpc" in fields,
    )


def read_fields(request: HttpRequest, *single: str, many: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the posted fields with their values: those that stand once, and those that may stand ``many`` times.

    Raises :class:`BadChoice` for any other field, a repeated value, or a body that isn't a form in UTF-8. A field of
    ``many`` may be empty more than once.
    """
    fields: dict[str, list[str]] = {}
    for name, value in _pairs(request):
        if name not in (*single, *many):
            raise BadChoice(f"The field {name[:40]!r} is not part of this form.")
        if name in fields and (name not in many or (value and value in fields[name])):
            raise BadChoice(f"The field {name!r} is repeated.")
        fields.setdefault(name, [])
        fields[name].append(value)
    return fields


def _services(values: list[str]) -> dict[str, bool]:
    answers = {}
    for value in filter(None, values):
        found = SERVICE.fullmatch(value)
        if not found or found[1] in answers:
            raise BadChoice("“services” holds each service once, such as marketing.videos=yes or =no.")
        answers[found[1]] = found[2] == "yes"
    return answers


def is_local_path(target: str) -> bool:
    """Return whether a browser that is redirected to ``target`` certainly stays on this site."""
    if len(target) > MAX_NEXT or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return False
    for form in (target, unquote(target)):
        # Browsers read `\` as `/` and drop tabs and line ends, so none of these may stand anywhere.
        if "\\" in form or any(unicodedata.category(character)[0] in "CZ" and character != " " for character in form):
            return False
        if not form.startswith("/") or "//" in form.partition("?")[0]:
            return False
    return " " not in target


def is_same_origin(request: HttpRequest) -> bool:
    """Return whether a page of this very site sent the request.

    Browsers tell in ``Sec-Fetch-Site``, older ones (and every browser over plain HTTP) in ``Origin``, and some in
    ``Referer`` only. Pages cannot forge any of them. Without all three nothing is believed.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    sender = request.headers.get("Origin") or request.headers.get("Referer")
    if not sender:
        return False
    try:
        parts = urlsplit(sender)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc) == (request.scheme, request.get_host())


def is_navigation(request: HttpRequest) -> bool:
    """Return whether a browser goes to a page with this request, and no script or frame asks for it.

    Browsers tell in Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), which scripts can't forge. A program that
    isn't a browser says nothing, and is believed.
    """
    return (
        request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and request.headers.get("Sec-Fetch-Dest", "document") == "document"
    )


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type != "application/x-www-form-urlencoded" or charset not in ("utf-8", "utf8"):
        raise BadChoice("A choice comes as application/x-www-form-urlencoded in UTF-8.")
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        raise BadChoice(f"A choice has at most {MAX_BODY} bytes.")
    try:
        return parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
        )
    except ValueError as error:
        raise BadChoice("The form is empty or cannot be read.") from error

"""Services of third parties, and what the browser must allow for them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from consent.models.fields import CheckedLines, CheckedText
from consent.notice.languages import without_language
from consent.services.wildcards import fits

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# The database looks at the beginning only; `origin_of` reads the whole address.
LOOPBACK_PREFIXES = ("http://localhost:", "http://localhost/", "http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]")
INTEGRITY_LENGTH = {"sha256": 32, "sha384": 48, "sha512": 64}
WILDCARD = re.compile(r"https://\*(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){2,}(:[0-9]+)?")
# Under these, anybody can have a name: `*.co.uk` is half a country. Not the whole Public Suffix List, which changes
# weekly: second levels of countries that registries use in common. Hosts of many customers, such as `*.github.io`, are
# not known here.
OPEN_SECOND_LEVEL = re.compile(
    r"https://\*\.(ac|co|com|edu|go|gob|gouv|gov|govt|gv|ltd|mil|ne|net|nhs|nom|or|org|plc|sch)\.[a-z]{2}(:[0-9]+)?"
)
ATTRIBUTE = re.compile(r"(data-[a-z0-9]+(?:-[a-z0-9]+)*)=([^\x00-\x1f\x7f]*)")
ADDRESS = re.compile(r"[\x21\x23-\x26\x28-\x2b\x2d-\x3a\x3d\x3f-\x7e]+")  # no blanks, quotes, `,`, `;`, `<`, `>`


def origin_of(url: str) -> str:
    """Return the origin of a script's address, as a Content-Security-Policy names it.

    Raises ``ValidationError`` for anything but plain ``https`` (or ``http`` on this machine) without user or password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationError(f"{url!r} is not a web address.", code="address") from error
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not secure or not host or "*" in host or "@" in parts.netloc or not ADDRESS.fullmatch(url):
        raise ValidationError(
            f"{url!r} must be an https:// address without spaces, user name or wildcard.", code="address"
        )
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def validate_script_url(url: str) -> None:
    """Refuse an address that a service's script, pixel or embed may not have."""
    origin_of(url)
    if not urlsplit(url).path.strip("/") or "#" in url:
        raise ValidationError("Enter the whole address, with the path after the host and without “#”.", code="address")


def validate_integrity(value: str) -> None:
    """Refuse what isn't one hash of Subresource Integrity, such as ``sha384-…`` in base64."""
    algorithm, _, digest = value.partition("-")
    try:
        length = len(base64.b64decode(digest, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if INTEGRITY_LENGTH.get(algorithm) != length:
        raise ValidationError(
            "Enter one hash such as sha384-…, from the vendor or made with “openssl dgst -sha384 -binary FILE | "
            "openssl base64 -A”.",
            code="integrity",
        )


def validate_origins(value: str) -> None:
    """Refuse anything but origins (``https://host``, ``https://*.host.tld``) separated by blanks."""
    for word in value.split():
        if OPEN_SECOND_LEVEL.fullmatch(word):
            raise ValidationError(f"{word!r} allows any site. Enter a particular host.", code="address")
        if not WILDCARD.fullmatch(word) and origin_of(word) != word.lower():
            raise ValidationError(
                f"{word!r} must have a scheme and a host only, such as https://host or https://*.example.org.",
                code="address",
            )


def validate_attributes(value: str) -> None:
    """Refuse anything but lines such as ``data-site=abc``, each name once."""
    names = []
    for line in value.splitlines():
        found = ATTRIBUTE.fullmatch(line.strip())
        if not found or found[1].startswith("data-consent-"):
            raise ValidationError(f"{line!r} must have the form data-name=value, one on each line.", code="attribute")
        names.append(found[1])
    if len(set(names)) != len(names):
        raise ValidationError("Each attribute can be listed only once.", code="attribute")


def validate_pages(value: str) -> None:
    """Refuse anything but paths of this site, one in each line, with ``*`` for any text."""
    for line in value.splitlines():
        if not line.startswith("/") or not ADDRESS.fullmatch(line.replace("*", "")) or "?" in line or "#" in line:
            raise ValidationError(
                f"{line!r} must be a path of this site such as /glossary/* or /glossary/progesterone/.", code="page"
            )


def _origins(label: str, directive: str, what: str) -> CheckedText:
    return CheckedText(
        label,
        max_length=1000,
        blank=True,
        validators=[validate_origins],
        help_text=f"{what} ({directive}), separated by spaces, such as https://a.example https://*.b.example.",
    )


#: These pages show the visitor's key to their record: no third party may read it.
RECEIPT_PAGE = "/consent/receipt/"
#: Which field of a service opens which directive of the Content-Security-Policy.
DIRECTIVES = {
    "script_origins": "script-src",
    "connect_origins": "connect-src",
    "image_origins": "img-src",
    "frame_origins": "frame-src",
    "style_origins": "style-src",
    "font_origins": "font-src",
    "media_origins": "media-src",
}


class ServiceQuerySet(models.QuerySet["Service"]):
    def switched_on(self) -> ServiceQuerySet:
        """Services that are on, with category and cookies. Whether visitors get one, the live notice decides too."""
        return self.filter(status=Service.Status.ON).with_cookies()

    def announced(self) -> ServiceQuerySet:
        """Services that the next notice names, with their category and cookies."""
        return self.exclude(status=Service.Status.OFF).with_cookies()

    def with_cookies(self) -> ServiceQuerySet:
        """Fetch category, declared cookies and storage keys along."""
        # By name, since the model of what they keep is made after this one.
        cookies = apps.get_model("consent", "CookieDetails").objects.select_related("cookie")
        return self.select_related("category").prefetch_related(Prefetch("cookies", cookies))


class Service(models.Model):
    """Something of a third party that a category of consent opens: a script, a pixel, an embed.

    It runs for a visitor once four things are true: it is switched on, its start code, if it has any, is approved, the
    live notice names it with all its recipients and cookies, and they accepted its category, or itself, under that
    notice.

    Note [Two operators for start code]
        Start code runs on the origin of the site. So it is approved by somebody who did not write it, as exactly the
        text that they read: the approval holds the hash of that text. Saving another text drops the approval, and a
        text that was changed without :func:`consent.actions.save_service` has another hash. See docs/adr/0273.
    """

    class Kind(models.TextChoices):
        SCRIPT = "script", "Script"
        MODULE = "module", "Script (ES module)"
        PIXEL = "pixel", "Pixel (image)"
        EMBED = "embed", "Embed (frame), such as a video"
        CODE = "code", "Start code alone"

    class Status(models.TextChoices):
        OFF = "off", "Off"
        ANNOUNCED = "announced", "Announced: the next notice names it"
        ON = "on", "On"

    name = models.CharField(max_length=100, help_text="As visitors read it in the notice.")
    slug = models.SlugField(
        "short name",
        max_length=40,
        unique=True,
        blank=True,
        help_text="Used in the cookie of visitors who decide about this service alone. Cannot be changed once it "
        "is saved.",
    )
    vendor = models.CharField("recipient", max_length=200, help_text="The company or person that receives the data.")
    purpose = models.TextField(max_length=1000, help_text="What the service is for, in plain words.")
    privacy_policy = models.URLField(
        "privacy policy", max_length=500, help_text="The address of the recipient's own privacy policy."
    )
    opt_out = models.URLField(
        "where to delete",
        max_length=500,
        blank=True,
        help_text="Where visitors can delete, or object to, data that the recipient stores at its own addresses, which "
        "this site cannot delete.",
    )
    category = models.ForeignKey(
        "cookie_consent.CookieGroup",
        on_delete=models.PROTECT,
        limit_choices_to={"is_required": False},
        related_name="services",
    )
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.SCRIPT)
    url = CheckedText(
        "address",
        max_length=500,
        blank=True,
        validators=[validate_script_url],
        help_text="https://… of the script, pixel or frame. Leave empty for start code alone, and for embeds that are "
        "placed in pages.",
    )
    integrity = CheckedText(
        max_length=200,
        blank=True,
        validators=[validate_integrity],
        help_text="Hash of the script (Subresource Integrity). Browsers refuse the script if it does not match. "
        "Without the hash, the vendor's server decides what runs on this site.",
    )
    attributes = CheckedLines(
        max_length=2000,
        blank=True,
        validators=[validate_attributes],
        help_text="Attributes of the script's element: data-name=value, one on each line.",
    )
    start_code = models.TextField(
        "start code",
        max_length=20_000,
        blank=True,
        help_text="JavaScript that runs before the script. It is served from an address of this site, never from "
        "within a page.",
    )
    # See Note [Two operators for start code]. The writer is the last one; events tell of all.
    start_code_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    start_code_approved_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    start_code_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    start_code_approved_at = models.DateTimeField(null=True, editable=False)
    script_origins = _origins("may load scripts from", "script-src", "Further origins of scripts")
    connect_origins = _origins("may send to", "connect-src", "Further origins that it reports to")
    image_origins = _origins("may load images from", "img-src", "Further origins of its images and pixels")
    frame_origins = _origins("may show frames from", "frame-src", "Further origins of frames")
    style_origins = _origins("may load styles from", "style-src", "Origins of its style sheets")
    font_origins = _origins("may load fonts from", "font-src", "Origins of its fonts")
    media_origins = _origins("may play media from", "media-src", "Origins of its sound and video")
    pages = CheckedLines(
        "on which pages",
        max_length=2000,
        blank=True,
        validators=[validate_pages],
        help_text="Paths, one on each line. * stands for any text. Leave empty for every page.",
    )
    uses_sinks = models.BooleanField(
        "cannot work under Trusted Types",
        default=False,
        help_text="The service writes HTML or script addresses into the page. For visitors who allow it, the "
        "browser then no longer uses Trusted Types to protect the page from injected scripts.",
    )
    consent_mode = models.BooleanField(
        "speaks Google’s Consent Mode",
        default=False,
        help_text="Tells the service what the visitor allowed, with Google's seven signals, which are all denied "
        "at first.",
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.OFF)
    changed_at = models.DateTimeField(editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name")]
        # Services are switched off, not deleted: records of the past refer to them.
        default_permissions = ("view", "add", "change")
        permissions = [("approve_start_code", "Can approve start code that others wrote")]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="service_name_once", violation_error_message="Another service has this name."
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(slug="") & ~Q(vendor="") & ~Q(purpose="") & ~Q(privacy_policy=""),
                name="service_says_who_and_why",
                violation_error_message="A service needs a name, a recipient, a purpose and a privacy policy.",
            ),
            models.CheckConstraint(
                condition=Q(url="")
                | Q(
                    Q(url__startswith="https://"),
                    *(Q(url__startswith=prefix) for prefix in LOOPBACK_PREFIXES),
                    _connector=Q.OR,
                ),
                name="service_address_over_https",
                violation_error_message="The address must begin with https.",
            ),
            models.CheckConstraint(
                condition=Q(integrity="")
                | Q(*(Q(integrity__startswith=f"{name}-") for name in INTEGRITY_LENGTH), _connector=Q.OR),
                name="service_integrity_is_a_hash",
                violation_error_message="The integrity hash must begin with sha256-, sha384- or sha512-.",
            ),
            models.CheckConstraint(
                condition=Q(kind="embed")
                | (Q(kind__in=["script", "module", "pixel"]) & ~Q(url=""))
                | (Q(kind="code", url="") & ~Q(start_code="")),
                name="service_has_what_its_kind_needs",
                violation_error_message="A script, module or pixel needs an address. Start code alone has none.",
            ),
            models.CheckConstraint(condition=Q(status__in=["off", "announced", "on"]), name="service_status_known"),
            models.CheckConstraint(
                condition=Q(
                    start_code_approved_sha256="",
                    start_code_approved_by__isnull=True,
                    start_code_approved_at__isnull=True,
                )
                | (
                    Q(
                        start_code_by__isnull=False,
                        start_code_approved_by__isnull=False,
                        start_code_approved_at__isnull=False,
                    )
                    & ~Q(start_code="")
                    & ~Q(start_code_approved_sha256="")
                    & ~Q(start_code_approved_by=models.F("start_code_by"))
                ),
                name="service_start_code_approved_by_another",
                violation_error_message="Start code must be approved by somebody who did not write it.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """The name of the service in a visitor's cookie and record."""
        return f"{self.category.varname}.{self.slug}"

    @cached_property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """CSP directive → origins that the browser must allow for it."""
        own = {
            Service.Kind.SCRIPT: ("script-src", "connect-src", "img-src"),
            Service.Kind.MODULE: ("script-src", "connect-src", "img-src"),
            Service.Kind.PIXEL: ("img-src",),
            Service.Kind.EMBED: ("frame-src",),
            Service.Kind.CODE: (),
        }[Service.Kind(self.kind)]
        found = {}
        for field, directive in DIRECTIVES.items():
            origins = ((origin_of(self.url),) if self.url and directive in own else ()) + tuple(
                getattr(self, field).split()
            )
            if origins:
                found[directive] = tuple(dict.fromkeys(origins))
        return found

    @property
    def recipients(self) -> list[str]:
        """Every origin that learns of a visit when the service runs."""
        return sorted({origin for origins in self.sources.values() for origin in origins})

    @property
    def script_attributes(self) -> dict[str, str]:
        """Attribute → value, for the script's element."""
        found = (ATTRIBUTE.fullmatch(line.strip()) for line in self.attributes.splitlines())
        return {match[1]: match[2] for match in found if match}

    @property
    def start_code_sha256(self) -> str:
        """The hash that names the start code in its address, or ``""`` without start code."""
        return hashlib.sha256(self.start_code.encode()).hexdigest() if self.start_code else ""

    @property
    def waits_for_approval(self) -> bool:
        """Whether it has start code that nobody except its writers has approved, so that the service does not run."""
        return bool(self.start_code) and self.start_code_approved_sha256 != self.start_code_sha256

    def stands_on(self, path: str) -> bool:
        """Return whether the service belongs on the page at ``path``. None does where a visitor's receipt is shown."""
        # A page is the same page in each language.
        plain = without_language(path)
        if plain.startswith(RECEIPT_PAGE):
            return False
        pages = self.pages.split()
        return not pages or any(fits(page, plain) for page in pages)

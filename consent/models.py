"""The data of consent: notices as they were shown, choices as they were made, and the services that they open.

Categories and declared cookies are django-cookie-consent's ``CookieGroup`` and ``Cookie``: the operators' working copy.
Visitors are bound by the live :class:`Notice` only.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# The database looks at the beginning only; `origin_of` reads the whole address.
LOOPBACK_PREFIXES = ("http://localhost:", "http://localhost/", "http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]")
INTEGRITY_LENGTH = {"sha256": 32, "sha384": 48, "sha512": 64}
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
    """Refuse an address that a service's script may not have."""
    origin_of(url)
    if not urlsplit(url).path.strip("/") or "#" in url:
        raise ValidationError("Give the whole address of the script, without “#”.", code="address")


def validate_integrity(value: str) -> None:
    """Refuse what isn't one hash of Subresource Integrity, such as ``sha384-…`` in base64."""
    algorithm, _, digest = value.partition("-")
    try:
        length = len(base64.b64decode(digest, validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if INTEGRITY_LENGTH.get(algorithm) != length:
        raise ValidationError(
            "Give one hash such as sha384-… from the vendor, or made with "
            "“openssl dgst -sha384 -binary FILE | openssl base64 -A”.",
            code="integrity",
        )


def validate_origins(value: str) -> None:
    """Refuse anything but origins (``https://host``) separated by blanks."""
    for word in value.split():
        if origin_of(word) != word.lower():
            raise ValidationError(f"{word!r} must be scheme and host only, such as https://host.", code="address")


class CookieLifetime(models.Model):
    """How long a declared cookie lives: what django-cookie-consent's ``Cookie`` has no field for."""

    cookie = models.OneToOneField("cookie_consent.Cookie", on_delete=models.CASCADE, related_name="lifetime")
    days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty when the cookie goes as the browser is closed."
    )

    class Meta:
        default_permissions = ()  # edited as a part of its cookie
        constraints = [
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=1),
                name="cookie_lifetime_at_least_a_day",
                violation_error_message="A cookie lives for one day at least, or until the browser is closed.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "session"


class ServiceQuerySet(models.QuerySet["Service"]):
    def enabled(self) -> ServiceQuerySet:
        """Services that are switched on. Whether visitors get one, the live notice decides too."""
        return self.filter(enabled=True).select_related("category")


class Service(models.Model):
    """An external script that a category of consent opens.

    It runs for a visitor once three things are true: it is switched on, the live notice names it with all its
    recipients, and she accepted its category under that notice.
    """

    name = models.CharField(max_length=100, help_text="As visitors read it in the notice.")
    vendor = models.CharField("recipient", max_length=200, help_text="The company or person that gets the data.")
    purpose = models.TextField(max_length=1000, help_text="What it is for, in plain words.")
    privacy_policy = models.URLField("privacy policy", max_length=500, help_text="The recipient's own.")
    category = models.ForeignKey(
        "cookie_consent.CookieGroup",
        on_delete=models.PROTECT,
        limit_choices_to={"is_required": False},
        related_name="services",
    )
    url = models.CharField("script", max_length=500, validators=[validate_script_url], help_text="https://…")
    integrity = models.CharField(
        max_length=200,
        validators=[validate_integrity],
        help_text="Hash of the script (Subresource Integrity). A browser refuses the script once it differs.",
    )
    connect_origins = models.CharField(
        "may send to",
        max_length=1000,
        blank=True,
        validators=[validate_origins],
        help_text="Further origins that the script reports to (connect-src), separated by spaces.",
    )
    image_origins = models.CharField(
        "may load images from",
        max_length=1000,
        blank=True,
        validators=[validate_origins],
        help_text="Further origins of its images and pixels (img-src), separated by spaces.",
    )
    enabled = models.BooleanField("switched on", default=True)
    changed_at = models.DateTimeField(editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name")]
        # Services are switched off, not deleted: records of the past refer to them.
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="service_name_once", violation_error_message="Another service has this name."
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(vendor="") & ~Q(purpose="") & ~Q(privacy_policy=""),
                name="service_says_who_and_why",
                violation_error_message="A service says its name, recipient, purpose and privacy policy.",
            ),
            models.CheckConstraint(
                condition=Q(
                    Q(url__startswith="https://"),
                    *(Q(url__startswith=prefix) for prefix in LOOPBACK_PREFIXES),
                    _connector=Q.OR,
                ),
                name="service_script_over_https",
                violation_error_message="A script comes over https.",
            ),
            models.CheckConstraint(
                condition=Q(*(Q(integrity__startswith=f"{name}-") for name in INTEGRITY_LENGTH), _connector=Q.OR),
                name="service_script_has_integrity",
                violation_error_message="A script has an integrity hash (sha256-, sha384- or sha512-).",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """CSP directive → origins that the browser must allow for it."""
        script = (origin_of(self.url),)
        return {
            "script-src": script,
            "connect-src": (*script, *self.connect_origins.split()),
            "img-src": (*script, *self.image_origins.split()),
        }

    @property
    def recipients(self) -> list[str]:
        """Every origin that learns of a visit when the service runs."""
        return sorted({origin for origins in self.sources.values() for origin in origins})


class AppendOnly(models.Model):
    """A row that is written once. Database triggers refuse UPDATE and DELETE (migration ``append_only``)."""

    class Meta:
        abstract = True


class NoticeQuerySet(models.QuerySet["Notice"]):
    def live(self, language: str) -> Notice | None:
        """Return the notice that visitors are asked with now, or ``None`` before the first."""
        return self.filter(language=language).order_by("-number").first()


class Notice(AppendOnly):
    """The exact text that visitors were asked with, frozen and named by its hash. The newest per language is live."""

    number = models.PositiveIntegerField(unique=True)
    language = models.CharField(max_length=10)
    document = models.JSONField(help_text="The notice, whole.")
    sha256 = models.CharField(
        "SHA-256", max_length=64, unique=True, help_text="Hash of the document's canonical form (RFC 8785)."
    )
    material = models.BooleanField(help_text="Whether visitors who had chosen before are asked again.")
    reason = models.CharField(max_length=500)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_by_name = models.CharField(max_length=200)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        default_permissions = ("view",)
        permissions = [("publish_notice", "Can publish a notice")]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1) & ~Q(language="") & ~Q(reason="") & ~Q(published_by_name=""),
                name="notice_says_number_language_reason_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"Notice {self.number} ({self.language})"


class ConsentRecord(AppendOnly):
    """One choice of one visitor. Never holds an address, a user agent or a page."""

    class Action(models.TextChoices):
        ACCEPT_ALL = "accept_all", "Accepted all"
        REJECT_ALL = "reject_all", "Rejected all"
        SAVE = "save", "Chose"
        WITHDRAW = "withdraw", "Withdrew"

    class Surface(models.TextChoices):
        BANNER = "banner", "Banner"
        PREFERENCES = "preferences", "Preferences page"

    receipt = models.CharField(max_length=32, unique=True, help_text="The visitor's key to this record.")
    created_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    action = models.CharField(max_length=10, choices=Action.choices)
    answers = models.JSONField(help_text="Every category of the notice, and whether it was accepted.")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="records")
    language = models.CharField(max_length=10)
    surface = models.CharField(max_length=11, choices=Surface.choices)
    gpc = models.BooleanField("GPC seen", help_text="Whether the browser sent Global Privacy Control.")
    # What proves that the row is as it was written: see consent.ledger.
    salt = models.CharField(max_length=32)
    leaf = models.CharField(max_length=64)
    mac = models.CharField("MAC", max_length=64)

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=["accept_all", "reject_all", "save", "withdraw"]),
                name="consent_record_action_known",
            ),
            models.CheckConstraint(
                condition=Q(surface__in=["banner", "preferences"]), name="consent_record_surface_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="consent_record_expires_after_creation"
            ),
            models.CheckConstraint(
                condition=~Q(receipt="") & ~Q(salt="") & ~Q(leaf="") & ~Q(mac=""),
                name="consent_record_has_receipt_and_proof",
            ),
        ]

    def __str__(self) -> str:
        # Only the beginning: whoever knows the whole receipt can act for the visitor.
        return f"Record {self.receipt[:6]}…"

    @property
    def accepted(self) -> list[str]:
        """The varnames that were accepted, required ones included, in alphabetical order."""
        return sorted(varname for varname, answer in self.answers.items() if answer)


class Edition(models.Model):
    """A single row that counts changes of what public pages and their headers show of consent."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="consent_edition_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)


def name_of(user: User) -> str:
    """Return the name under which a person stands in the history, for ever."""
    return (user.get_full_name() or user.get_username())[:200]

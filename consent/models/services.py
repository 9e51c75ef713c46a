"""External scripts, and what the browser must allow for them."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

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

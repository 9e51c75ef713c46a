"""Choices as they were made."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy

from consent.ledger import Choice, receipt_hash
from consent.models.bases import AppendOnly
from consent.models.notices import Notice

#: What an erasure drops: NULL in a record that was erased, and in no other.
PERSONAL = ("receipt_sha256", "action", "answers", "language", "surface", "gpc", "salt")


def _is_sha256(column: str) -> Exact:
    return Exact(Length(column), 64)


class Erased(Exception):
    """The record has no personal part any more."""


class ConsentRecordQuerySet(models.QuerySet["ConsentRecord"]):
    def held_by(self, receipt: str) -> ConsentRecordQuerySet:
        """The record that this receipt opens; none for an empty or unknown one."""
        return self.filter(receipt_sha256=receipt_hash(receipt)) if receipt else self.none()

    def in_force(self, *, at: datetime) -> ConsentRecordQuerySet:
        """The records that have neither expired nor been withdrawn."""
        return self.filter(expires_at__gt=at, ending__isnull=True)

    def sealed(self) -> ConsentRecordQuerySet:
        """Return the records that stand in the ledger, in its order."""
        return self.filter(index__isnull=False).order_by("index")

    def unsealed(self) -> ConsentRecordQuerySet:
        """Return the records that wait for the sealing job, in the order in which it takes them."""
        return self.filter(index__isnull=True).order_by("pk")

    def erased(self) -> ConsentRecordQuerySet:
        """Return the records whose personal part is gone."""
        return self.exclude(personal_sha256="")


class ConsentRecord(AppendOnly):
    """One choice of one visitor. Never holds an address, a user agent or a page.

    Three things happen to a record, and the database lets through nothing else (migration ``append_only``): it is
    sealed (``index`` and ``seal``), erased (what :data:`PERSONAL` names becomes NULL, and ``personal_sha256`` stands
    for it), and removed with its whole block of 256 once that is pruned.
    """

    class Action(models.TextChoices):
        ACCEPT_ALL = "accept_all", gettext_lazy("Accepted all")
        REJECT_ALL = "reject_all", gettext_lazy("Rejected all")
        SAVE = "save", gettext_lazy("Chose")
        WITHDRAW = "withdraw", gettext_lazy("Withdrew")

    class Surface(models.TextChoices):
        BANNER = "banner", "Banner"
        PREFERENCES = "preferences", "Preferences page"

    # Never the receipt itself: anybody who has it can act for the visitor, and a database has many readers.
    receipt_sha256 = models.CharField(  # noqa: DJ001  (NULL, and not "", is what an erasure leaves)
        "receipt (SHA-256)",
        max_length=64,
        null=True,
        unique=True,
        help_text="Hash of the visitor's key to this record. Only they have the key.",
    )
    created_at = models.DateTimeField(db_index=True)  # statistics, exports and the admin filter by day
    expires_at = models.DateTimeField()
    action = models.CharField(max_length=10, null=True, choices=Action.choices)  # noqa: DJ001  (as above)
    # And each service (`category.slug`) that was decided about by itself: see docs/adr/0130.
    answers = models.JSONField(null=True, help_text="Every category of the notice, and whether it was accepted.")
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="records")
    language = models.CharField(max_length=10, null=True)  # noqa: DJ001  (as above)
    surface = models.CharField(max_length=11, null=True, choices=Surface.choices)  # noqa: DJ001  (as above)
    gpc = models.BooleanField("GPC seen", null=True, help_text="Whether the browser sent Global Privacy Control.")
    # What proves that the row is as it was written: see consent.ledger.
    salt = models.CharField(max_length=32, null=True)  # noqa: DJ001  (as above)
    leaf = models.CharField(max_length=64)
    mac = models.CharField("MAC", max_length=64)
    personal_sha256 = models.CharField(
        "hash of the erased part", max_length=64, default="", help_text="Empty unless the record was erased."
    )
    # Given at sealing and never by the primary key: commits arrive out of order.
    index = models.BigIntegerField(
        null=True, unique=True, help_text="Place in the ledger, from 0. Empty until the record is sealed."
    )
    seal = models.CharField(
        max_length=64, default="", help_text="HMAC of index and leaf. Empty until the record is sealed."
    )

    objects = ConsentRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("export_consentrecord", "Can export consent records")]
        indexes = [
            # What the sealing job asks for every minute: few rows of many.
            models.Index(fields=["id"], condition=Q(index__isnull=True), name="consent_record_unsealed"),
        ]
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
                condition=~Q(receipt_sha256="") & ~Q(salt="") & ~Q(leaf="") & ~Q(mac=""),
                name="consent_record_has_receipt_and_proof",
            ),
            models.CheckConstraint(
                condition=Q(personal_sha256="", **{f"{name}__isnull": False for name in PERSONAL})
                | (Q(**{f"{name}__isnull": True for name in PERSONAL}) & Q(_is_sha256("personal_sha256"))),
                name="consent_record_is_whole_or_erased",
            ),
            models.CheckConstraint(
                condition=Q(index__isnull=True, seal="") | (Q(index__gte=0) & Q(_is_sha256("seal"))),
                name="consent_record_has_index_and_seal_or_neither",
            ),
        ]

    def __str__(self) -> str:
        if self.receipt_sha256 is None:
            return "Erased record" if self.index is None else f"Erased record {self.index}"
        return f"Record {self.receipt_sha256[:8]}…"

    @property
    def is_erased(self) -> bool:
        """Whether the personal part is gone, and only its hash is left."""
        return bool(self.personal_sha256)

    @property
    def accepted(self) -> list[str]:
        """The categories and single services that were accepted, required ones included, in alphabetical order.

        Empty when erased.
        """
        return sorted(varname for varname, answer in (self.answers or {}).items() if answer)

    @property
    def services_apart(self) -> list[tuple[str, bool]]:
        """The services that were decided about by themselves, as the notice calls them, and whether each was accepted.

        Reads the notice. Empty when erased.
        """
        answers = self.answers or {}
        return [
            (service["name"], answers[key])
            for category in self.notice.document["categories"]
            for service in category["services"]
            if (key := f"{category['varname']}.{service.get('slug')}") in answers
        ]

    def choice(self) -> Choice:
        """Return the content of the record, whole. Reads the notice. Raises :class:`Erased`."""
        # The check constraint has it that they are NULL together.
        if (
            self.receipt_sha256 is None
            or self.action is None
            or self.answers is None
            or self.language is None
            or self.surface is None
            or self.gpc is None
        ):
            raise Erased(f"{self} no longer holds a choice.")
        return Choice(
            receipt_sha256=self.receipt_sha256,
            created_at=self.created_at,
            expires_at=self.expires_at,
            action=self.action,
            answers=self.answers,
            notice=self.notice.sha256,
            language=self.language,
            surface=self.surface,
            gpc=self.gpc,
        )


class Ending(models.Model):
    """That a consent was withdrawn, so that its receipt can say so. The record itself stays as it was written.

    It goes with the record that was ended. Where the record that ended it is erased, only the time is left.
    """

    record = models.OneToOneField(ConsentRecord, on_delete=models.CASCADE, related_name="ending")
    ended_by = models.ForeignKey(ConsentRecord, null=True, on_delete=models.SET_NULL, related_name="ended")
    ended_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.record} was withdrawn"

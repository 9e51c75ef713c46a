"""Results of audits of the site."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from django.db import models
from django.db.models import Q

from consent.models.bases import AppendOnly


class Undeclared(TypedDict):
    """A cookie or storage key that no notice names, as the form that declares it takes it.

    ``domain`` is empty for this site's own, ``days`` until the browser is closed; ``by`` is the origin that set it.
    """

    name: str
    kind: str
    domain: str
    days: str
    by: str


class AuditFinding(TypedDict):
    """One thing that is wrong. ``refused_by_browser``: every attempt was stopped, so that nothing left the visitor.

    ``declare`` is what could be declared, where that would mend it. Findings of before don't have it.
    """

    code: str
    title: str
    what: str
    culprit: str
    advice: str
    refused_by_browser: bool
    pages: list[str]
    states: list[str]
    details: list[str]
    declare: NotRequired[Undeclared]


class AuditRun(AppendOnly):
    """A whole audit of this site by ``audit_site``. It passed when it found nothing."""

    at = models.DateTimeField("finished", db_index=True)  # the front page of the admin shows the newest
    seconds = models.PositiveIntegerField("duration", help_text="In seconds.")
    host = models.CharField("site", max_length=260, help_text="With the port, if it is not the usual one.")
    is_copy = models.BooleanField(
        "a copy", help_text="Whether a temporary copy was audited, not the public site at this address."
    )
    notice_sha256 = models.CharField(
        "notice", max_length=64, help_text="Hash of the notice against which the site was checked."
    )
    browser = models.CharField(max_length=100)
    pages = models.PositiveIntegerField(help_text="How many pages were visited in each state.")
    states = models.PositiveIntegerField(help_text="How many states of a visitor’s choice were tested.")
    choices = models.PositiveIntegerField(
        help_text="How many choices the audit made. Those made in a copy are deleted with it."
    )
    found = models.PositiveIntegerField("findings", help_text="How many faults were found.")
    findings = models.JSONField(default=list, help_text="The faults, the most serious first: AuditFinding.")
    left_out = models.JSONField("not tried", default=list, help_text="In words.")

    class Meta:
        verbose_name, verbose_name_plural = "audit", "audits"
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(host="") & Q(pages__gte=1, states__gte=1), name="audit_run_says_what_was_audited"
            ),
        ]

    def __str__(self) -> str:
        return f"Audit of {self.host}: {self.verdict}"

    @property
    def passed(self) -> bool:
        return not self.found

    @property
    def verdict(self) -> str:
        if self.passed:
            return "passed"
        return f"failed, {self.found} finding{'' if self.found == 1 else 's'}"

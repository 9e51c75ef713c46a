"""What visitors' browsers refused under the Content-Security-Policy."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

#: How many different things are told apart. A page that is well has none, and a bad one a handful.
MOST_KINDS = 200
OTHERS = "others"


class ViolationQuerySet(models.QuerySet["Violation"]):
    def unseen(self) -> ViolationQuerySet:
        """What nobody has put away, or what happened again on a later day."""
        return self.filter(Q(seen_date=None) | Q(last_date__gt=F("seen_date")))

    def seen(self) -> ViolationQuerySet:
        """What was put away, and hasn't happened on a later day."""
        return self.filter(last_date__lte=F("seen_date"))


class Violation(models.Model):
    """A kind of thing that browsers refused, and how often they said so. Anybody can send a report.

    Beyond :data:`MOST_KINDS` kinds, everything new is counted in one row whose directive and origin are empty. Never
    holds a page, a path, a sample, an address or a browser.
    """

    directive = models.CharField(max_length=30, blank=True, help_text="The directive of the policy that refused it.")
    blocked = models.CharField(
        max_length=300, blank=True, help_text="Its origin (https://host), or a keyword such as inline."
    )
    count = models.PositiveBigIntegerField("times")
    # Days (UTC) and not times, which would say when somebody was reading.
    first_date = models.DateField("first")
    last_date = models.DateField("last")
    seen_date = models.DateField("seen", null=True, blank=True)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ViolationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "thing refused by browsers", "refused by browsers"
        ordering = ["-last_date", "-count", "directive", "blocked"]
        default_permissions = ("view",)
        permissions = [("dismiss_violation", "Can put away what browsers refused")]
        constraints = [
            models.UniqueConstraint(fields=["directive", "blocked"], name="violation_of_each_kind_once"),
            models.CheckConstraint(
                condition=Q(count__gte=1) & Q(first_date__lte=F("last_date")), name="violation_counts_in_order"
            ),
            models.CheckConstraint(
                condition=(Q(directive="") & Q(blocked="")) | (~Q(directive="") & ~Q(blocked="")),
                name="violation_says_what_and_by_which_rule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked}" if self.directive else OTHERS

    @property
    def is_others(self) -> bool:
        """Whether this row counts all that came when there was no place for another kind."""
        return not self.directive

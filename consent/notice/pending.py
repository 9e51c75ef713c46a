"""What of the operators' working copy the live notices don't say yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from consent import actions
from consent.models import Notice
from consent.notice import languages, wording

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

#: So many differences are named where it is only said that there are some; the comparison shows all.
NAMED = 8


@dataclass(frozen=True, slots=True)
class PendingNotice:
    """A language whose live notice doesn't say what is true now: where it differs, or why it can't be published."""

    language: str
    name: str
    is_live: bool
    differences: tuple[str, ...] = ()
    problem: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        return self.differences[:NAMED]

    @property
    def more(self) -> int:
        return len(self.differences) - len(self.named)

    @property
    def url(self) -> str:
        """Where it is compared and published, or, when something is missing, written."""
        if self.problem and self.language != wording.LANGUAGE:
            return reverse("admin:consent_noticetext_changelist")
        return publish_url(self.language)


def publish_url(language: str) -> str:
    """Return where the notice in a language is compared and published."""
    if language == wording.LANGUAGE:
        return reverse("admin:consent_notice_publish")
    return reverse("admin:consent_notice_publish_in", args=[language])


def pending_notices() -> list[PendingNotice]:
    """Return the languages whose notice has to be published for visitors to read what is true now."""
    found = []
    for language in languages.offered():
        name = languages.name_of(language)
        try:
            draft = actions.draft_notice(language)
        except actions.IncompleteNotice as error:
            is_live = Notice.objects.filter(language=language).exists()
            found.append(PendingNotice(language, name, is_live=is_live, problem=str(error)))
            continue
        if draft.changes:
            differences = tuple(change.where for change in draft.changes)
            found.append(PendingNotice(language, name, is_live=draft.live is not None, differences=differences))
    return found


def pending_notices_for(user: User | AnonymousUser) -> list[PendingNotice]:
    """Return what waits, for those who may publish; nothing for anybody else, without a query."""
    return pending_notices() if user.has_perm("consent.publish_notice") else []

"""Find what has changed in the database, and which finished pages are stale because of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from consent.choice.gate import current_edition
from glossary.models import EVERYTHING, EditionChange
from pagestore.changed_keys import ChangedKeys
from pagestore.finished import Page
from pagestore.freshness import Editions, Freshness, Moment
from pagestore.public_files import remove_changed

logger = logging.getLogger(__name__)

#: On PostgreSQL, workers on all machines listen here.
CHANNEL = "clinical_glossary_pages"
# When a worker remembers changes of so many keys, it forgets the older half: what was finished before that is then
# rendered anew. Some 17 MB.
_MANY_KEYS = 100_000


def announce() -> None:
    """Have every worker look at what has changed. Called after the commit that changed what public pages show."""
    try:
        freshness = _freshness(settings.DATA_DIR)
    except OSError:
        # The change itself is committed. Workers that can read the folder see it when they compare editions.
        logger.exception("Stored pages could not be expired at once.")
        return
    try:
        catch_up(freshness)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")
    except Error:
        expire()
    except OSError:
        logger.exception("Stored pages could not be expired at once.")


def expire() -> None:
    """Make every stored page of this machine stale."""
    editions = None
    with contextlib.suppress(Error):
        editions = editions_in_database()
    try:
        freshness = _freshness(settings.DATA_DIR)
        first = partial(_take_back, freshness.path.parent, freshness.now().editions, editions, None)
        freshness.begin_epoch(editions, first=first)
    except OSError:
        logger.exception("Stored pages could not be expired at once.")


def editions_in_database() -> Editions:
    """Return how often what the glossary and consent show has changed. Two queries; database errors pass through."""
    newest = EditionChange.objects.order_by("-edition").values_list("edition", "name").first()
    return Editions(*(newest or (0, 0)), current_edition())


def catch_up(freshness: Freshness) -> None:
    """Have the shared file say what the database says. Errors of both pass through."""
    freshness.follow()
    while True:
        seen = freshness.now()
        editions = editions_in_database()
        if editions == seen.editions:
            return
        keys = _changed_between(seen.editions, editions)
        is_new_epoch = keys is None or seen.editions.consent != editions.consent
        first = partial(_take_back, freshness.path.parent, seen.editions, editions, keys)
        # Somebody else may have moved on meanwhile, perhaps from a later reading: then all is looked at anew.
        if freshness.move_on(seen, editions, everything=is_new_epoch, first=first):
            return


def _take_back(folder: Path, seen: Editions, now: Editions | None, keys: set[str] | None) -> None:
    """Write down what changed, and remove the files of it that nginx serves. ``None``: everything may have changed."""
    if keys is not None and EVERYTHING in keys:
        keys = None
    is_everything = keys is None or now is None or seen.consent != now.consent
    if now is not None and now[:2] != seen[:2]:
        ChangedKeys(folder).note(since=seen.glossary, edition=now.glossary, keys=keys)
    remove_changed(folder, keys or (), everything=is_everything)


def _changed_between(seen: Editions, now: Editions) -> set[str] | None:
    """Return the keys of what changed in the glossary from one state to another; ``None`` when that isn't known."""
    if not seen.glossary:
        return None
    log = EditionChange.objects.filter(edition__gte=seen.glossary, edition__lte=now.glossary).order_by("edition")
    rows = list(log.values_list("edition", "name", "keys"))
    # A restored backup may be of before what was seen: by one edition, that is no row where none is expected.
    if not rows or len(rows) != now.glossary - seen.glossary + 1 or rows[0][:2] != (seen.glossary, seen.name):
        return None
    return {key for _, _, keys in rows[1:] for key in keys}


class Known:
    """What a worker knows: the moment up to which it has read the log, and what each later edition changed."""

    def __init__(self) -> None:
        self.moment = Moment(-1, -1, Editions())
        self._since = 0
        self._upto = -1
        self._everything_at = 0
        self._changed: dict[str, int] = {}

    def at(self, moment: Moment) -> Known:
        """Return what is known at another moment. Reads what was logged since; database errors pass through."""
        known = Known()
        known.moment = moment
        upto = moment.editions.glossary
        if (
            moment.epoch == self.moment.epoch
            and self._upto >= 0
            and self._upto <= upto
            and len(self._changed) < _MANY_KEYS
        ):
            rows = self._rows(self._upto, upto)
            if len(rows) == upto - self._upto:
                known._since, known._everything_at = self._since, self._everything_at
                known._changed = dict(self._changed)
                known._note(rows, upto)
                return known
        rows = self._newest(upto)
        known._since = rows[0][0] - 1 if rows else upto
        known._note(rows, upto)
        return known

    def again(self) -> Known:
        """Return the same, as something new under which each page is looked at once more."""
        known = Known()
        known.__dict__.update(self.__dict__)
        return known

    def unread(self, moment: Moment) -> Known:
        """Return the same while the log cannot be read: as far as anybody knows, nothing has changed."""
        known = self.again()
        # Only the generation, so that requests go on: what is finished now isn't marked with what wasn't read.
        known.moment = self.moment._replace(generation=moment.generation)
        return known

    def is_fresh(self, page: Page, *, now: float) -> bool:
        """Return whether nothing that a page shows has changed since its rendering began. ``now``: since 1970."""
        edition = page.edition
        return (
            page.epoch == self.moment.epoch
            and self._since <= edition
            and self._everything_at <= edition
            and all(self._changed.get(key, 0) <= edition for key in page.keys)
            and (page.until is None or now < page.until)
        )

    def has_changed(self, page: Page) -> bool:
        """Return whether something that a page shows has changed since its rendering began, or may have.

        Epochs and the calendar don't count: by those, a page is stale that shows what is still true of its subject.
        """
        edition = page.edition
        return (
            self._since > edition
            or self._everything_at > edition
            or any(self._changed.get(key, 0) > edition for key in page.keys)
        )

    @staticmethod
    def _rows(seen: int, upto: int) -> list[tuple[int, Sequence[str]]]:
        rows = EditionChange.objects.filter(edition__gt=seen, edition__lte=upto).order_by("edition")
        return list(rows.values_list("edition", "keys"))

    @staticmethod
    def _newest(upto: int) -> list[tuple[int, Sequence[str]]]:
        """Return the last editions, the oldest first, as far as a worker goes back."""
        log = EditionChange.objects.filter(edition__lte=upto).order_by("-edition").values_list("edition", "keys")
        rows: list[tuple[int, Sequence[str]]] = []
        remembered = 0
        for edition, keys in log.iterator(chunk_size=50):
            remembered += len(keys)
            if rows and remembered > _MANY_KEYS // 2:
                break
            rows.append((edition, keys))
        return rows[::-1]

    def _note(self, rows: Sequence[tuple[int, Sequence[str]]], upto: int) -> None:
        for edition, keys in rows:
            self._changed.update(dict.fromkeys(keys, edition))
            if EVERYTHING in keys:
                self._everything_at = edition
        self._upto = upto


@cache
def _freshness(data_dir: Path) -> Freshness:
    return Freshness(data_dir / "pages")

"""Find what has changed in the database, and which finished pages are stale because of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from consent.choice.gate import current_content_version
from glossary.models import EVERYTHING, ContentChange
from pagestore.changed_keys import ChangedKeys
from pagestore.finished import Page
from pagestore.freshness import ContentVersions, Freshness, Moment
from pagestore.public_files import remove_changed

logger = logging.getLogger(__name__)

#: On PostgreSQL, workers on all machines listen here.
CHANNEL = "clinical_glossary_pages"
# A worker that remembers changes of this many keys (about 17 MB) forgets the older half: pages that were finished
# before then are rendered again.
_MAX_KEYS = 100_000


def announce() -> None:
    """Tell every worker to read what has changed. To be called after the commit of a change to public pages."""
    try:
        freshness = _freshness(settings.DATA_DIR)
    except OSError:
        # The change is committed. Workers that can read the folder notice it when they compare content versions.
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
    versions = None
    with contextlib.suppress(Error):
        versions = versions_in_database()
    try:
        freshness = _freshness(settings.DATA_DIR)
        record = partial(_record_change, freshness.path.parent, freshness.now().versions, versions, None)
        freshness.begin_epoch(versions, before_change=record)
    except OSError:
        logger.exception("Stored pages could not be expired at once.")


def versions_in_database() -> ContentVersions:
    """Return the content versions in the database, by two queries. Database errors pass through."""
    newest = ContentChange.objects.order_by("-version").values_list("version", "name").first()
    return ContentVersions(*(newest or (0, 0)), current_content_version())


def catch_up(freshness: Freshness) -> None:
    """Bring the shared file up to date with the database. Errors of both pass through."""
    freshness.reopen_if_replaced()
    while True:
        seen = freshness.now()
        versions = versions_in_database()
        if versions == seen.versions:
            return
        keys = _changed_between(seen.versions, versions)
        is_new_epoch = keys is None or seen.versions.consent != versions.consent
        record = partial(_record_change, freshness.path.parent, seen.versions, versions, keys)
        # Another process may have advanced the file, perhaps from a later reading. Then compare again.
        if freshness.advance(seen, versions, everything=is_new_epoch, before_change=record):
            return


def _record_change(folder: Path, seen: ContentVersions, now: ContentVersions | None, keys: set[str] | None) -> None:
    """Record what changed, and remove its files that nginx serves. ``None``: everything may have changed."""
    if keys is not None and EVERYTHING in keys:
        keys = None
    is_everything = keys is None or now is None or seen.consent != now.consent
    if now is not None and now[:2] != seen[:2]:
        ChangedKeys(folder).add(since=seen.glossary, version=now.glossary, keys=keys)
    remove_changed(folder, keys or (), everything=is_everything)


def _changed_between(seen: ContentVersions, now: ContentVersions) -> set[str] | None:
    """Return the keys that changed in the glossary from one state to another; ``None`` if they aren't known."""
    if not seen.glossary:
        return None
    log = ContentChange.objects.filter(version__gte=seen.glossary, version__lte=now.glossary).order_by("version")
    rows = list(log.values_list("version", "name", "keys"))
    # In a restored backup, the version that was seen may be missing or have another name.
    if not rows or len(rows) != now.glossary - seen.glossary + 1 or rows[0][:2] != (seen.glossary, seen.name):
        return None
    return {key for _, _, keys in rows[1:] for key in keys}


class KnownChanges:
    """What a worker has read of the log of changes: until which moment, and which version last changed each key."""

    def __init__(self) -> None:
        self.moment = Moment(-1, -1, ContentVersions())
        self._since = 0
        self._upto = -1
        self._everything_at = 0
        self._changed: dict[str, int] = {}

    def updated_to(self, moment: Moment) -> KnownChanges:
        """Return the changes up to another moment: reads what was logged since. Database errors pass through."""
        known = KnownChanges()
        known.moment = moment
        upto = moment.versions.glossary
        if (
            moment.epoch == self.moment.epoch
            and self._upto >= 0
            and self._upto <= upto
            and len(self._changed) < _MAX_KEYS
        ):
            rows = self._rows_between(self._upto, upto)
            if len(rows) == upto - self._upto:
                known._since, known._everything_at = self._since, self._everything_at
                known._changed = dict(self._changed)
                known._add(rows, upto)
                return known
        rows = self._newest_rows(upto)
        known._since = rows[0][0] - 1 if rows else upto
        known._add(rows, upto)
        return known

    def copy(self) -> KnownChanges:
        """Return an equal object. Because it is another one, each page is checked again."""
        known = KnownChanges()
        known.__dict__.update(self.__dict__)
        return known

    def unchanged_at(self, moment: Moment) -> KnownChanges:
        """Return the same changes for a moment whose log cannot be read: no further change is known."""
        known = self.copy()
        # Only the generation, so that requests don't read again. Pages finished now get the version that was read.
        known.moment = self.moment._replace(generation=moment.generation)
        return known

    def is_fresh(self, page: Page, *, now: float) -> bool:
        """Return whether nothing that a page shows has changed since its rendering began. ``now``: as in ``until``."""
        version = page.version
        return (
            page.epoch == self.moment.epoch
            and self._since <= version
            and self._everything_at <= version
            and all(self._changed.get(key, 0) <= version for key in page.keys)
            and (page.until is None or now < page.until)
        )

    def has_changed(self, page: Page) -> bool:
        """Return whether something that a page shows has, or may have, changed since its rendering began.

        Epochs and the calendar don't count: a page that is stale by those alone is still right about its subject.
        """
        version = page.version
        return (
            self._since > version
            or self._everything_at > version
            or any(self._changed.get(key, 0) > version for key in page.keys)
        )

    @staticmethod
    def _rows_between(seen: int, upto: int) -> list[tuple[int, Sequence[str]]]:
        rows = ContentChange.objects.filter(version__gt=seen, version__lte=upto).order_by("version")
        return list(rows.values_list("version", "keys"))

    @staticmethod
    def _newest_rows(upto: int) -> list[tuple[int, Sequence[str]]]:
        """Return the latest changes, the oldest first, as far as a worker remembers them."""
        log = ContentChange.objects.filter(version__lte=upto).order_by("-version").values_list("version", "keys")
        rows: list[tuple[int, Sequence[str]]] = []
        remembered = 0
        for version, keys in log.iterator(chunk_size=50):
            remembered += len(keys)
            if rows and remembered > _MAX_KEYS // 2:
                break
            rows.append((version, keys))
        return rows[::-1]

    def _add(self, rows: Sequence[tuple[int, Sequence[str]]], upto: int) -> None:
        for version, keys in rows:
            self._changed.update(dict.fromkeys(keys, version))
            if EVERYTHING in keys:
                self._everything_at = version
        self._upto = upto


@cache
def _freshness(data_dir: Path) -> Freshness:
    return Freshness(data_dir / "pages")

"""Whether mentions of a term's names become links on other pages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from glossary import dependents
from glossary.actions.events import event_of
from glossary.actions.publishing import public_content_changed
from glossary.models import EntryName, Event, Program, Term, UnlinkedName, account_of, name_of
from glossary.text.names import normalise

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def switch_links(
    *, term: Term, by: User | Program, at: datetime, off: Collection[str] = (), on: Collection[str] = ()
) -> list[str]:
    """Switch links to names of a term off or on, from now on and for every page.

    A name needn't be published yet, nor belong to the term still: the switch waits for it. Names are compared as
    lookups compare them, without case and accents. Returns the names whose switch changed.
    """
    term = Term.objects.for_change().get(pk=term.pk)
    standing = dict(UnlinkedName.objects.filter(term=term).values_list("normalised", "pk"))
    switched_off = {normalise(name): name for name in off}
    switched_on = {normalise(name): name for name in on}
    added = {key: name for key, name in switched_off.items() if key not in standing}
    removed = {key: name for key, name in switched_on.items() if key in standing and key not in switched_off}
    UnlinkedName.objects.filter(pk__in=[standing[key] for key in removed]).delete()
    UnlinkedName.objects.bulk_create(
        UnlinkedName(
            term=term,
            name=name,
            normalised=key,
            created_at=at,
            created_by=account_of(by),
            created_by_name=name_of(by),
        )
        for key, name in added.items()
    )
    changed = [
        *((Event.Verb.UNLINKED, name) for name in added.values()),
        *((Event.Verb.LINKED, name) for name in removed.values()),
    ]
    Event.objects.bulk_create(
        event_of(verb, term, by=by, at=at, reason=name, revision=None, previous_id=None) for verb, name in changed
    )
    # As they are published: which mentions are its own, a name's capitals and kind say.
    names = list(EntryName.objects.filter(entry=term.pk, normalised__in=[*added, *removed]).values_list("name", "kind"))
    if names:
        public_content_changed(lambda: dependents.of_mentions(names), names_of={term.pk})
    return [name for _, name in changed]

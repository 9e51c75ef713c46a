"""The glossary's data: the working copy that editors change, the frozen revisions, and what the public reads."""

from glossary.models.history import AppendOnly, Event, Revision
from glossary.models.names import Program, account_of, initial_of, name_of, normalise
from glossary.models.published import (
    Edition,
    EntryName,
    EntryTag,
    PublishedEntry,
    PublishedEntryQuerySet,
    SlugRedirect,
)
from glossary.models.terms import Child, Insight, Reference, Synonym, Term, TermQuerySet

__all__ = [
    "AppendOnly",
    "Child",
    "Edition",
    "EntryName",
    "EntryTag",
    "Event",
    "Insight",
    "Program",
    "PublishedEntry",
    "PublishedEntryQuerySet",
    "Reference",
    "Revision",
    "SlugRedirect",
    "Synonym",
    "Term",
    "TermQuerySet",
    "account_of",
    "initial_of",
    "name_of",
    "normalise",
]

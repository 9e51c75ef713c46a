"""The glossary's data: the working copy that editors change, the frozen revisions, and what the public reads."""

from glossary.models.concerns import Concern, RetractedWork
from glossary.models.history import AppendOnly, Event, Revision
from glossary.models.letters import Letter
from glossary.models.names import Program, account_of, initial_of, name_of, normalise
from glossary.models.presence import Presence
from glossary.models.published import (
    Edition,
    EntryName,
    EntryTag,
    PublishedEntry,
    PublishedEntryQuerySet,
    SlugRedirect,
)
from glossary.models.reviews import Approval, Credentials, Review, ReviewComment, ScheduledChange
from glossary.models.terms import Child, Insight, Reference, Synonym, Term, TermQuerySet

__all__ = [
    "AppendOnly",
    "Approval",
    "Child",
    "Concern",
    "Credentials",
    "Edition",
    "EntryName",
    "EntryTag",
    "Event",
    "Insight",
    "Letter",
    "Presence",
    "Program",
    "PublishedEntry",
    "PublishedEntryQuerySet",
    "Reference",
    "RetractedWork",
    "Review",
    "ReviewComment",
    "Revision",
    "ScheduledChange",
    "SlugRedirect",
    "Synonym",
    "Term",
    "TermQuerySet",
    "account_of",
    "initial_of",
    "name_of",
    "normalise",
]

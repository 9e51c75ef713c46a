"""The glossary's data: the working copy that editors change, the frozen revisions, and what the public reads."""

from glossary.models.changes import EVERYTHING, ContentChange, DocumentReference
from glossary.models.concerns import Concern, RetractedWork
from glossary.models.emails import OutboundEmail
from glossary.models.history import AppendOnly, Event, Revision
from glossary.models.missing import MissingTerm
from glossary.models.names import Program, account_of, name_of
from glossary.models.presence import Presence
from glossary.models.published import (
    ContentVersion,
    EntryName,
    EntryTag,
    Listing,
    NameChange,
    PublishedEntry,
    PublishedEntryQuerySet,
    SlugRedirect,
    TermSnapshot,
    TopicPair,
)
from glossary.models.reviews import Approval, Credentials, Review, ReviewComment, ScheduledChange
from glossary.models.searching import Matches, SearchText, SpellingPiece
from glossary.models.terms import Child, Insight, Reference, Synonym, Term, TermQuerySet, UnlinkedName, WrittenLink
from glossary.models.topics import MAX_DESCRIPTION, TagDescription
from glossary.models.using import NameUse

__all__ = [
    "EVERYTHING",
    "MAX_DESCRIPTION",
    "AppendOnly",
    "Approval",
    "Child",
    "Concern",
    "ContentChange",
    "ContentVersion",
    "Credentials",
    "DocumentReference",
    "EntryName",
    "EntryTag",
    "Event",
    "Insight",
    "Listing",
    "Matches",
    "MissingTerm",
    "NameChange",
    "NameUse",
    "OutboundEmail",
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
    "SearchText",
    "SlugRedirect",
    "SpellingPiece",
    "Synonym",
    "TagDescription",
    "Term",
    "TermQuerySet",
    "TermSnapshot",
    "TopicPair",
    "UnlinkedName",
    "WrittenLink",
    "account_of",
    "name_of",
]

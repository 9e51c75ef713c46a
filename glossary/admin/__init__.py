"""The editors' side of the stock Django admin: terms, their reviews and history, tags, people and the log.

Revisions, reviews, approvals, published entries and old addresses are not registered: nobody edits them, and they are
read on the pages of their term.
"""

from glossary.admin.events import EventAdmin
from glossary.admin.missing import MissingTermAdmin
from glossary.admin.people import PersonAdmin
from glossary.admin.tags import TagAdmin
from glossary.admin.terms import TermAdmin

__all__ = ["EventAdmin", "MissingTermAdmin", "PersonAdmin", "TagAdmin", "TermAdmin"]

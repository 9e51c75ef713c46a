"""The data of consent: notices as they were shown, choices as they were made, and the services that they open.

Categories and declared cookies are django-cookie-consent's ``CookieGroup`` and ``Cookie``: the operators' working copy.
Visitors are bound by the live :class:`Notice` only.
"""

from consent.models.audits import AuditFinding, AuditRun, Undeclared
from consent.models.bases import AppendOnly, name_of
from consent.models.checks import CheckRun
from consent.models.events import SCHEDULE, VISITOR, ConsentEvent
from consent.models.journal import JournalEntry
from consent.models.ledger import Checkpoint, HeadDelivery, LedgerBlock, PrunedBlock
from consent.models.notices import ContentVersion, Notice, NoticeText
from consent.models.records import PERSONAL, ConsentRecord, Ending, Erased
from consent.models.registry import CookieDetails
from consent.models.services import Service, origin_of
from consent.models.statistics import ClosedDay, DailyChoices
from consent.models.violations import Violation

__all__ = [
    "PERSONAL",
    "SCHEDULE",
    "VISITOR",
    "AppendOnly",
    "AuditFinding",
    "AuditRun",
    "CheckRun",
    "Checkpoint",
    "ClosedDay",
    "ConsentEvent",
    "ConsentRecord",
    "ContentVersion",
    "CookieDetails",
    "DailyChoices",
    "Ending",
    "Erased",
    "HeadDelivery",
    "JournalEntry",
    "LedgerBlock",
    "Notice",
    "NoticeText",
    "PrunedBlock",
    "Service",
    "Undeclared",
    "Violation",
    "name_of",
    "origin_of",
]

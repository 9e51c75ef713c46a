"""Every change to consent data: one function for each action of a visitor or operator.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from consent.actions.auditing import record_audit
from consent.actions.checks import CannotCheck, CheckGoesOn, perform_check, start_check, why_not_check
from consent.actions.choosing import (
    OutdatedNotice,
    Recorded,
    UnknownCategory,
    UnknownNotice,
    UnknownReceipt,
    record_choice,
    withdraw_consent,
)
from consent.actions.erasing import erase_record
from consent.actions.exporting import export_records
from consent.actions.heads import publish_heads
from consent.actions.launching import NotAnnounced, publish_and_switch_on
from consent.actions.pruning import Pruning, prune_records
from consent.actions.publishing import (
    Draft,
    DraftChanged,
    IncompleteNotice,
    NothingChanged,
    draft_notice,
    publish_notice,
    registry_entries,
    why_not_publish,
)
from consent.actions.registry import (
    CannotApprove,
    Declaration,
    StartCodeChanged,
    approve_start_code,
    declare_cookie,
    save_service,
    why_not_approve,
)
from consent.actions.sealing import LedgerDamaged, Sealing, UnknownSigningKey, seal_ledger
from consent.actions.statistics import aggregate_choices
from consent.actions.texts import save_notice_text
from consent.actions.verifying import Verification, verify_ledger
from consent.actions.violations import count_violation, dismiss_violations, forget_violations, prune_violations

__all__ = [
    "CannotApprove",
    "CannotCheck",
    "CheckGoesOn",
    "Declaration",
    "Draft",
    "DraftChanged",
    "IncompleteNotice",
    "LedgerDamaged",
    "NotAnnounced",
    "NothingChanged",
    "OutdatedNotice",
    "Pruning",
    "Recorded",
    "Sealing",
    "StartCodeChanged",
    "UnknownCategory",
    "UnknownNotice",
    "UnknownReceipt",
    "UnknownSigningKey",
    "Verification",
    "aggregate_choices",
    "approve_start_code",
    "count_violation",
    "declare_cookie",
    "dismiss_violations",
    "draft_notice",
    "erase_record",
    "export_records",
    "forget_violations",
    "perform_check",
    "prune_records",
    "prune_violations",
    "publish_and_switch_on",
    "publish_heads",
    "publish_notice",
    "record_audit",
    "record_choice",
    "registry_entries",
    "save_notice_text",
    "save_service",
    "seal_ledger",
    "start_check",
    "verify_ledger",
    "why_not_approve",
    "why_not_check",
    "why_not_publish",
    "withdraw_consent",
]

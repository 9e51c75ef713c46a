"""The state of the ledger, summarised for operators, and which command to run when something is late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from consent.models import Checkpoint, ConsentEvent, ConsentRecord, HeadDelivery

SEALED_WITHIN = timedelta(minutes=10)
VERIFIED_WITHIN = timedelta(days=7)
#: The number of waiting records is told exactly up to here.
MOST_COUNTED = 10_000

SEAL = "manage.py seal_consent_ledger"
VERIFY = "manage.py verify_consent_ledger"


@dataclass(frozen=True, slots=True)
class LedgerWarning:
    """What is wrong, in words, and the command to run."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class LedgerState:
    """The ledger as of now. Nothing here costs more for a longer ledger."""

    newest: Checkpoint | None
    waiting: int
    waiting_since: datetime | None
    deliveries: list[HeadDelivery]
    verified: ConsentEvent | None
    warnings: list[LedgerWarning] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.newest.size if self.newest else 0

    @property
    def waiting_is_bound(self) -> bool:
        """Whether more may be waiting than :attr:`waiting` says."""
        return self.waiting == MOST_COUNTED

    @property
    def was_intact(self) -> bool:
        """Whether the last verification found everything in order."""
        return self.verified is not None and bool(self.verified.details.get("is_whole"))


def ledger_state(*, at: datetime) -> LedgerState:
    """Return how the ledger is doing. Five queries."""
    unsealed = ConsentRecord.objects.unsealed()
    oldest = unsealed.values_list("created_at", flat=True).first()
    state = LedgerState(
        newest=Checkpoint.objects.first(),
        waiting=unsealed[:MOST_COUNTED].count() if oldest else 0,
        waiting_since=oldest,
        deliveries=list(HeadDelivery.objects.select_related("checkpoint")),
        verified=ConsentEvent.objects.filter(verb=ConsentEvent.Verb.VERIFIED).first(),
    )
    state.warnings.extend(_warnings(state, at=at))
    return state


def _warnings(state: LedgerState, *, at: datetime) -> list[LedgerWarning]:
    warnings = []
    if state.waiting_since and at - state.waiting_since > SEALED_WITHIN:
        warnings.append(
            LedgerWarning(
                "Records have been waiting to be sealed for more than 10 minutes. Check that the schedule is running.",
                SEAL,
            )
        )
    warnings += [
        LedgerWarning(f"The newest checkpoint was not published by {delivery.channel}: {delivery.error}", SEAL)
        for delivery in state.deliveries
        if delivery.failures
    ]
    if state.newest and not state.deliveries and at - state.newest.at > SEALED_WITHIN:
        warnings.append(LedgerWarning("No checkpoint has been published outside the database yet.", SEAL))
    if state.verified and not state.was_intact:
        warnings.append(
            LedgerWarning(
                f"The last verification found the ledger damaged: {state.verified.details.get('words')}", VERIFY
            )
        )
    elif state.newest and not state.verified:
        warnings.append(LedgerWarning("The ledger has never been verified.", VERIFY))
    elif state.verified and at - state.verified.at > VERIFIED_WITHIN:
        warnings.append(LedgerWarning("The ledger was last verified more than 7 days ago.", VERIFY))
    return warnings

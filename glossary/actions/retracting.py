"""Retracted works: the list of them, and the terms that cite one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from django.db import transaction
from django.db.models import F, Max

from glossary import dependents
from glossary.actions.batches import BATCH, chunks
from glossary.actions.concerns import raise_each
from glossary.actions.events import event_of
from glossary.actions.publishing import public_content_changed
from glossary.document.faults import Fault
from glossary.document.references import identifiers_of
from glossary.document.retraction_notices import Notice
from glossary.models import (
    Approval,
    Concern,
    Event,
    Program,
    PublishedEntry,
    RetractedWork,
    Revision,
    ScheduledChange,
    Term,
)

# How many of the rows that cannot be read are named: enough to see what is wrong with the list.
FAULTS_KEPT = 50


@dataclass(slots=True)
class RetractionReport:
    """What loading a list did.

    ``faults`` are the first of the rows that could not be read. ``terms`` are those that cite a work of which nobody
    knew when they were approved.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    reinstated: int = 0
    other_notices: int = 0
    unidentified: int = 0
    unreadable: int = 0
    faults: list[Fault] = field(default_factory=list)
    terms: Sequence[Term] = ()


def load_retractions(*, notices: Callable[[], Iterable[Notice | Fault]], by: Program, at: datetime) -> RetractionReport:
    """Bring the list of retracted works up to date, and flag the terms that cite one.

    ``notices`` begins a reading of the list, which is read twice and never held whole: first for reinstatements, which
    take a retraction back. Of several rows about one work the first counts. Loading the same list again changes
    nothing. A term is flagged once for each work; an approval that was given since the work was listed answers it.
    """
    report = RetractionReport()
    reinstated: dict[str, date] = {}
    for notice in notices():
        if isinstance(notice, Notice) and notice.nature == "reinstatement":
            for name in _names(notice):
                reinstated[name] = max(notice.noticed_date or date.max, reinstated.get(name, date.min))
    rows = iter(notices())
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic():
            works = _list_works(list(_retractions(batch, reinstated, report)), report, at=at)
            _pages_citing(works)
    with transaction.atomic():
        works = _take_back(reinstated, at=at)
        report.reinstated = len(works)
        report.terms = _flag_terms(by=by, at=at)
        _pages_citing(works)
    return report


def _pages_citing(works: Sequence[RetractedWork]) -> None:
    """Announce that pages which cite these works have changed. In the transaction that lists them or takes them back:
    a run that is killed afterwards leaves nothing to be told.
    """
    if works:
        names = {name for work in works for name in work.identifiers}
        public_content_changed(lambda: dependents.of_works(names))


def _names(notice: Notice) -> tuple[str, ...]:
    return tuple(filter(None, (notice.doi, notice.pmid and f"PMID {notice.pmid}")))


def _retractions(
    batch: Iterable[Notice | Fault], reinstated: dict[str, date], report: RetractionReport
) -> Iterator[Notice]:
    for notice in batch:
        report.rows += 1
        if isinstance(notice, Fault):
            report.unreadable += 1
            if len(report.faults) < FAULTS_KEPT:
                report.faults.append(notice)
        elif notice.nature != "retraction":
            report.other_notices += 1
        elif not _names(notice):
            report.unidentified += 1
        elif not any(
            name in reinstated and reinstated[name] >= (notice.noticed_date or date.min) for name in _names(notice)
        ):
            yield notice


def _list_works(notices: Sequence[Notice], report: RetractionReport, *, at: datetime) -> list[RetractedWork]:
    """Return the works that are new on the list or described otherwise, also as they were known before."""
    by_key: dict[str, Notice] = {}
    for notice in notices:
        by_key.setdefault(notice.doi or f"PMID {notice.pmid}", notice)
    held: dict[str, RetractedWork] = {}
    for work in RetractedWork.objects.filter(doi__in=[key for key in by_key if not key.startswith("PMID ")]):
        held[work.doi] = work
    pmids = [key.removeprefix("PMID ") for key in by_key if key.startswith("PMID ")]
    for work in RetractedWork.objects.filter(doi="", pmid__in=pmids):
        held[f"PMID {work.pmid}"] = work
    new: list[RetractedWork] = []
    changed: list[RetractedWork] = []
    before: list[RetractedWork] = []
    seen: list[int] = []
    for key, notice in by_key.items():
        found = held.get(key)
        if found is None:
            new.append(
                RetractedWork(
                    doi=notice.doi,
                    pmid=notice.pmid,
                    title=notice.title,
                    reason=notice.reason,
                    retracted_date=notice.noticed_date,
                    listed_at=at,
                    checked_at=at,
                )
            )
        elif found.checked_at != at:
            facts = (notice.pmid, notice.title, notice.reason, notice.noticed_date)
            if facts == (found.pmid, found.title, found.reason, found.retracted_date):
                seen.append(found.pk)
            else:
                before.append(RetractedWork(doi=found.doi, pmid=found.pmid))
                found.pmid, found.title, found.reason, found.retracted_date = facts
                found.checked_at = at
                changed.append(found)
    RetractedWork.objects.bulk_create(new)
    RetractedWork.objects.bulk_update(
        changed, ["pmid", "title", "reason", "retracted_date", "checked_at"], batch_size=100
    )
    RetractedWork.objects.filter(pk__in=seen).update(checked_at=at)
    report.new += len(new)
    report.changed += len(changed)
    report.unchanged += len(seen)
    return [*new, *changed, *before]


def _take_back(reinstated: dict[str, date], *, at: datetime) -> list[RetractedWork]:
    """Drop the works that were reinstated from the list, unless they were retracted again later, and return them."""
    taken: list[RetractedWork] = []
    for names in chunks(sorted(reinstated)):
        works = list(RetractedWork.objects.known_as(names).exclude(checked_at=at))
        gone = [work.pk for work in works]
        details = {name for work in works for name in work.identifiers}
        Concern.objects.open().filter(kind=Concern.Kind.RETRACTED, detail__in=details).update(
            resolved_at=at, resolved_by_name="Retraction list", resolution="The work was reinstated"
        )
        RetractedWork.objects.filter(pk__in=gone).delete()
        taken += works
    return taken


def _flag_terms(*, by: Program, at: datetime) -> list[Term]:
    citing = _citing_terms()
    approved = dict(
        Approval.objects.filter(emergency=False).values_list("term_id").annotate(Max("approved_at")).order_by()
    )
    wanted: list[Concern] = []
    for names in chunks(sorted(citing)):
        works = {name: work for work in RetractedWork.objects.known_as(names) for name in work.identifiers}
        raised = set(
            Concern.objects.filter(kind=Concern.Kind.RETRACTED, detail__in=works).values_list(
                "term_id", "detail", "created_at"
            )
        )
        known = {(term, detail) for term, detail, created_at in raised if created_at >= works[detail].listed_at}
        for name in names:
            work = works.get(name)
            # One concern for a work, under the first of its names that the term cites.
            if work is None:
                continue
            for pk in sorted(citing[name]):
                other_names = [other for other in work.identifiers if pk in citing.get(other, ())]
                answered = pk in approved and approved[pk] >= work.listed_at
                if name == other_names[0] and not answered and (pk, name) not in known:
                    wanted.append(Concern(term_id=pk, kind=Concern.Kind.RETRACTED, detail=name[:500], created_at=at))
    new = raise_each(wanted)
    terms = Term.objects.select_related("head", "entry__revision").in_bulk({concern.term_id for concern in new})
    Event.objects.bulk_create(
        event_of(
            Event.Verb.SEAL_BROKEN,
            terms[concern.term_id],
            by=by,
            at=at,
            reason=f"The term cites a work that was retracted: {concern.detail}",
            revision=_approved_revision(terms[concern.term_id]),
            previous_id=None,
        )
        for concern in new
        if concern.term_id in approved
    )
    return sorted(terms.values(), key=lambda term: term.title)


def _approved_revision(term: Term) -> Revision | None:
    entry: PublishedEntry | None = getattr(term, "entry", None)
    return entry.revision if entry else term.head


def _citing_terms() -> dict[str, set[int]]:
    """Return identifier → terms that cite it: in public, in the newest revision, or in one that is scheduled."""
    citing: dict[str, set[int]] = defaultdict(set)
    for rows in (
        Term.objects.filter(head__isnull=False).values_list("pk", "head__document__references"),
        PublishedEntry.objects.exclude(revision=F("term__head")).values_list("pk", "revision__document__references"),
        ScheduledChange.objects.filter(done_at__isnull=True, revision__isnull=False).values_list(
            "term_id", "revision__document__references"
        ),
    ):
        for pk, references in rows.order_by().iterator(chunk_size=BATCH):
            for name in identifiers_of([{"references": references}]):
                citing[name].add(pk)
    return citing

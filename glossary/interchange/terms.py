"""Import a file of terms: all of it or nothing, with a report of every row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.text import get_text_list

from glossary.actions import Saved, check_documents, documents_of, publish_terms, save_terms
from glossary.actions.batches import BATCH, chunks, silent
from glossary.document.documents import MAX_TITLE, PARTS, TEXTS, DocumentError, TermDocument
from glossary.document.faults import Fault
from glossary.document.markup import lost_elements
from glossary.document.parsing import parse_document
from glossary.interchange.cells import with_kinds
from glossary.interchange.csv_file import read_csv
from glossary.interchange.existing import Existing, FieldChange, is_empty, is_same, merge_row
from glossary.interchange.files import ImportRefused, Record, Records, printable, read_text
from glossary.interchange.json_file import read_json
from glossary.interchange.titles import Titles, slug_of, title_of, titles_in
from glossary.linking.changes import LinkChange, changed_links
from glossary.models import Approval, Program, PublishedEntry, Review, Revision, Term

if TYPE_CHECKING:
    from django.contrib.auth.models import User

READERS = {".json": read_json, ".csv": read_csv}

#: How the note of a revision that an import saved begins.
IMPORTED_FROM = "Imported from "
ALL_FIELDS = frozenset(PARTS)

MAX_PROBLEMS = 8
MAX_MESSAGE = 300

Progress = Callable[[str, int, int], None]
TellLinks = Callable[[Sequence[LinkChange]], None]


@dataclass(frozen=True, slots=True)
class Row:
    """What an import did with one row of its file, or with a dry run would do.

    ``skipped`` says why a term that exists was left alone, and ``changes`` what was changed or would have been.
    ``withheld`` says why it was not published although that was asked for. ``closed_review`` names who had submitted
    the text that was changed.
    """

    row: int
    term: Term
    created: bool = False
    changes: Sequence[FieldChange] = ()
    skipped: str = ""
    withheld: str = ""
    closed_review: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or with a dry run would do: a row for each term, in the order of the file.

    ``published`` and ``left_retired`` are empty unless publishing was asked for, and ``refused`` unless bad rows were
    to be skipped. ``not_kept`` says by row what the HTML of a text had besides words that a term cannot hold, and
    ``remarks`` are the rows that are imported but should be looked at.
    """

    rows: Sequence[Row]
    published: Sequence[Term]
    left_retired: Sequence[Row]
    left_out: Sequence[str]
    refused: Sequence[Fault] = ()
    header: Sequence[str] = ()
    not_kept: Mapping[int, str] = field(default_factory=dict)
    remarks: Sequence[Fault] = ()

    @property
    def created(self) -> list[Row]:
        return [row for row in self.rows if row.created]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.changes and not row.skipped]

    @property
    def unchanged(self) -> list[Row]:
        return [row for row in self.rows if not (row.created or row.changes)]

    @property
    def skipped(self) -> list[Row]:
        return [row for row in self.rows if row.skipped]

    @property
    def withheld(self) -> list[Row]:
        return [row for row in self.rows if row.withheld]

    @property
    def closed_reviews(self) -> list[Row]:
        return [row for row in self.rows if row.closed_review]


def read_terms(path: Path, *, progress: Callable[[int], None] = silent) -> Records:
    """Return the records of a ``.json`` or ``.csv`` file, with the faults of those that could not be read.

    ``progress`` is told how many rows are read.
    Raises :class:`ImportRefused` for a file that cannot be read at all.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportRefused([Fault("must have a name that ends in .json or .csv")])
    return reader(read_text(path), progress=progress)


def import_terms(
    *,
    path: Path,
    by: User | Program,
    at: datetime,
    existing: Existing = Existing.SKIP,
    approved: Collection[str] = (),
    skip_bad: bool = False,
    publish: bool = False,
    reason: str = "",
    dry_run: bool = False,
    progress: Progress = silent,
    tell_links: TellLinks = silent,
) -> Report:
    """Write the terms of the file to the glossary in one transaction, and publish them if asked.

    Terms are matched by slug, or by title where the file gives no slug, and ``existing`` says what becomes of those
    that exist. One that a clinician approved is only changed when its slug is among ``approved``. What is published
    says nothing but what was public before and what the file says: see Note [What an import publishes]. A dry run does
    everything and takes it back.
    Before anything is saved, ``tell_links`` is told which automatic links on public pages change: by what is about to
    be published, or in a dry run by what could be.
    Raises :class:`ImportRefused` with the faults of every row, and then nothing is written. With ``skip_bad`` that
    happens only if no row is good, or if a fault may concern more than its row.
    """
    records = read_terms(path, progress=lambda done: progress("Reading row", done, 0))
    rows_read = len(records.found) + len(records.faults)
    progress("Reading row", rows_read, rows_read)
    note = f"{IMPORTED_FROM}{printable(path.name)}"
    with transaction.atomic():
        titles = titles_in(records.found)
        records.found = titles.with_slugs(_with_kinds(records.found))
        held = _held(records, progress)
        plans, faults = _plans(
            records, held, titles, existing=existing, approved=approved, skip_bad=skip_bad, progress=progress
        )
        withheld = _withheld(plans) if publish or dry_run else {}
        links: list[LinkChange] = []
        causes: dict[int, _Plan] = {}
        if publish or dry_run:
            causes = _going_live(plans, withheld)
            links = changed_links(
                {term: plan.document for term, plan in causes.items()},
                rewritten=_rewritten(causes),
                names_read=partial(progress, "Reading name"),
                progress=partial(progress, "Reading public page"),
            )
            if links:
                tell_links(links)
        losses = _losses(plans)
        saving = [plan for plan in plans if plan.saves]
        reviews = _open_reviews(saving)
        saved = save_terms(
            documents=[plan.document for plan in saving],
            by=by,
            at=at,
            note=note,
            progress=lambda done: progress("Saving term", done, len(saving)),
        )
        outcomes = {outcome.term.slug: outcome for outcome in saved}
        rows = [_row(plan, outcomes.get(plan.document.slug), reviews) for plan in plans]
        published: list[Term] = []
        left_retired: list[Row] = []
        if publish:
            rows = [replace(row, withheld=withheld.get(row.term.pk, "")) for row in rows]
            ready = [row for row in rows if not (row.skipped or row.withheld)]
            left_retired = [row for row in ready if row.term.retired_at is not None]
            published = publish_terms(
                terms=[row.term for row in ready if row.term.retired_at is None],
                by=by,
                at=at,
                reason=reason,
                emergency=True,
                progress=lambda done: progress("Publishing term", done, len(ready)),
                names_read=partial(progress, "Looking for mentions of name"),
            )
        transaction.set_rollback(dry_run)
    return Report(
        rows=rows,
        published=published,
        left_retired=left_retired,
        left_out=records.left_out,
        refused=faults,
        header=records.header,
        not_kept=losses,
        remarks=_remarks(plans, losses, causes, links),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A term that exists, locked, with its working copy and what is public of it."""

    term: Term
    document: TermDocument
    public: Revision | None

    @property
    def is_ahead(self) -> bool:
        """Whether the working copy was saved since it was last published, or never was published."""
        return self.term.head_id != (self.public.pk if self.public else None)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a row comes to: the document to be saved, if anything of it is new."""

    record: Record
    given: TermDocument
    named: frozenset[str]
    document: TermDocument
    held: _Held | None = None
    changes: Sequence[FieldChange] = ()
    skipped: str = ""

    @property
    def saves(self) -> bool:
        return self.held is None or bool(self.changes and not self.skipped)


def _with_kinds(found: Sequence[Record]) -> list[Record]:
    """Return the records, with the kind of synonyms whose kind the file doesn't give."""
    return [
        replace(record, fields={**record.fields, "synonyms": with_kinds(record.fields["synonyms"])})
        if record.fields.get("synonyms")
        else record
        for record in found
    ]


def _held(records: Records, progress: Progress) -> dict[str, _Held]:
    """Return slug → the existing term, locked before it is read so that nothing saved meanwhile is overwritten."""
    found: dict[str, _Held] = {}
    for done, slugs in enumerate(chunks([slug_of(record) for record in records.found])):
        progress("Looking up row", done * BATCH + len(slugs), len(records.found))
        terms = list(Term.objects.for_change().select_related("head").filter(slug__in=slugs))
        entries = PublishedEntry.objects.select_related("revision").filter(term__in=terms)
        public = {entry.term_id: entry.revision for entry in entries}
        found.update(
            (term.slug, _Held(term, document, public.get(term.pk)))
            for term, document in zip(terms, documents_of(terms), strict=True)
        )
    return found


def _plans(
    records: Records,
    held: Mapping[str, _Held],
    titles: Titles,
    *,
    existing: Existing,
    approved: Collection[str],
    skip_bad: bool,
    progress: Progress,
) -> tuple[list[_Plan], list[Fault]]:
    """Return what each record comes to, and the faults of others; or raise with everything that is wrong."""
    faults = list(records.faults)
    if not records.found and not faults:
        raise ImportRefused([Fault("contains no terms")])
    plans: dict[str, _Plan] = {}
    promised: set[str] = set()
    in_file = {slug_of(record) for record in records.found}
    for number, record in enumerate(records.found, start=1):
        slug = slug_of(record)
        try:
            plan = _plan(record, records.columns, held.get(slug), existing=existing)
        except DocumentError as error:
            faults.append(_fault(record, error.problems))
            promised.add(slug)
            continue
        if problem := _title_problem(plan, titles, in_file):
            faults.append(_fault(record, [problem]))
            promised.add(slug)
            continue
        if (first := plans.setdefault(plan.document.slug, plan)) is not plan:
            faults.append(_fault(record, [_same_slug(first, plan)]))
        if number % 500 == 0 or number == len(records.found):
            progress("Checking row", number, len(records.found))
    if unknown := sorted(set(approved) - plans.keys() - promised):
        faults.append(Fault(f"has no row for {', '.join(map(repr, unknown[:MAX_PROBLEMS]))}, named by --approved"))
    good = _without_approved(list(plans.values()), approved)
    while True:
        saving = [plan for plan in good if plan.saves]
        found = check_documents(
            [plan.document for plan in saving],
            promised=frozenset() if skip_bad else promised,
            progress=partial(progress, "Checking address"),
        )
        bad = {saving[position].document.slug: problems for position, problems in found.items()}
        faults.extend(_fault(plan.record, bad[plan.document.slug]) for plan in saving if plan.document.slug in bad)
        good = [plan for plan in good if plan.document.slug not in bad]
        # Without a row that is skipped, others may lead nowhere.
        if not (bad and skip_bad):
            break
    if faults and not (skip_bad and good and all(fault.source is not None for fault in faults)):
        raise ImportRefused(faults, header=records.header)
    return good, sorted(faults, key=lambda fault: fault.row or 0)


def _title_problem(plan: _Plan, titles: Titles, in_file: Collection[str]) -> str:
    """Return what is wrong with the title of a row: several terms have it, or it would be that of a second term."""
    was = plan.held.document.title if plan.held else None
    becomes = plan.document if plan.saves or plan.held is None else plan.held.document
    return titles.problem(plan.record.row, plan.given, becomes=becomes, was=was, in_file=in_file)


def _same_slug(first: _Plan, second: _Plan) -> str:
    one, other = first.given.as_json(), second.given.as_json()
    parts = [part for part in PARTS if part != "slug" and not is_same(part, one[part], other[part])]
    place = f"{second.document.slug!r} is that of row {first.record.row} (“{first.given.title}”) too"
    if not parts:
        return f"slug: {place}, and both are the same: delete one of them"
    differing = get_text_list(parts, "and")
    return f"slug: {place}, and they differ in {differing}: merge them into one row, or give one a different slug"


def _plan(record: Record, columns: frozenset[str] | None, held: _Held | None, *, existing: Existing) -> _Plan:
    """Return what a record comes to by itself. Raises :class:`DocumentError`."""
    fields = record.fields
    named = columns or ALL_FIELDS
    if held is None:
        given = parse_document(fields)
        return _Plan(record, given, named, given)
    if existing is Existing.FILL_EMPTY:
        fields = {name: value for name, value in fields.items() if not is_empty(name, value)}
        named = frozenset(fields)
    # What a file doesn't speak of stays as it is, so it needn't be there.
    kept = {} if "definition" in named else {"definition": held.document.definition}
    given = parse_document({"slug": held.document.slug, **kept, **fields})
    document, changes = merge_row(held.document, given, named=named, existing=existing)
    skipped = ""
    if changes and existing is Existing.SKIP:
        parts = get_text_list([change.field for change in changes], "and")
        skipped = f"the term exists, and differs in {parts}"
    return _Plan(record, given, named, document, held, changes, skipped)


def _without_approved(plans: Sequence[_Plan], approved: Collection[str]) -> list[_Plan]:
    """Return the plans, skipping terms that a clinician approved and that are not named."""
    at_stake = [plan.held.term.pk for plan in plans if plan.held and plan.saves and plan.document.slug not in approved]
    newest: dict[int, Approval] = {}
    for terms in chunks(at_stake):
        approvals = Approval.objects.filter(term__in=terms, emergency=False).order_by("approved_at", "pk")
        newest.update((approval.term_id, approval) for approval in approvals)
    return [
        replace(plan, skipped=_approved_words(newest[plan.held.term.pk], plan))
        if plan.held and plan.saves and plan.held.term.pk in newest
        else plan
        for plan in plans
    ]


def _approved_words(approval: Approval, plan: _Plan) -> str:
    changes = get_text_list([f"{change.field} {change.verb}" for change in plan.changes], "and")
    return (
        f"{approval.approved_by_name} approved it on {approval.approved_at:%Y-%m-%d}; add --approved "
        f"{plan.document.slug} to have {changes}"
    )


def _open_reviews(saving: Sequence[_Plan]) -> dict[int, str]:
    """Return term → who submitted it, for those whose review ends since their text is changed."""
    found: dict[int, str] = {}
    for terms in chunks([plan.held.term.pk for plan in saving if plan.held]):
        found.update(Review.objects.open().filter(term__in=terms).values_list("term_id", "submitted_by_name"))
    return found


def _row(plan: _Plan, outcome: Saved | None, reviews: Mapping[int, str]) -> Row:
    if plan.held is None:
        assert outcome  # noqa: S101  # every new document was saved
        return Row(plan.record.row, outcome.term, created=True)
    # The saved one knows its new head.
    term = outcome.term if outcome else plan.held.term
    return Row(
        plan.record.row,
        term,
        changes=plan.changes,
        skipped=plan.skipped,
        closed_review=reviews.get(term.pk, "") if plan.saves else "",
    )


# Note [What an import publishes]
#
# ``publish_terms`` makes the whole working copy public, and that may hold what somebody has written and nobody
# reviewed. So an import publishes a term only if each part of its newest revision either is public already or is what
# the file says. Where the import changed nothing, its newest revision must come from an import too: a draft that
# somebody wrote is theirs to submit, even if a file says the same.


def _withheld(plans: Sequence[_Plan]) -> dict[int, str]:
    """Return term → the reason why it isn't published, where that would publish what nobody reviewed or imported."""
    drafts = {
        plan.held.term.pk: parts
        for plan in plans
        if plan.held
        and not plan.skipped
        and plan.held.term.retired_at is None
        and (parts := _unpublished(plan, plan.held))
    }
    authors: dict[int, Revision] = {}
    for terms in chunks(list(drafts)):
        revisions = Revision.objects.filter(term__in=terms).exclude(note__startswith=IMPORTED_FROM)
        latest = revisions.order_by("number").only("term_id", "number", "created_by_name")
        authors.update((revision.term_id, revision) for revision in latest)
    return {term: _draft_words(parts, authors.get(term)) for term, parts in drafts.items()}


def _unpublished(plan: _Plan, held: _Held) -> list[str]:
    """Return the parts of a term that would become public although neither the file nor the public page has them."""
    head = held.term.head
    if head is None or not held.is_ahead:
        return []
    public = held.public.document if held.public else {}
    newest, given = plan.document.as_json() if plan.saves else head.document, plan.given.as_json()
    # Only an import vouches for its file: a person's draft that says the same is still a draft.
    from_file = plan.named if plan.changes or head.note.startswith(IMPORTED_FROM) else frozenset()
    return [
        part
        for part in PARTS
        if part != "slug"
        and not is_same(part, newest[part], public.get(part, type(newest[part])()))
        and not (part in from_file and is_same(part, newest[part], given[part]))
    ]


def _going_live(plans: Sequence[_Plan], withheld: Collection[int]) -> dict[int, _Plan]:
    """Return the plans whose documents are published, or would be, by their terms; new terms have negative numbers."""
    return {
        plan.held.term.pk if plan.held else -number: plan
        for number, plan in enumerate(plans, start=1)
        if plan.held is None
        or not (plan.skipped or plan.held.term.retired_at is not None or plan.held.term.pk in withheld)
    }


def _rewritten(causes: Mapping[int, _Plan]) -> set[int]:
    """Return the public terms whose texts are not what is public of them now."""
    return {
        term
        for term, plan in causes.items()
        if plan.held
        and plan.held.public
        and any(getattr(plan.document, text) != plan.held.public.document[text] for text in TEXTS)
    }


def _losses(plans: Sequence[_Plan]) -> dict[int, str]:
    """Return row → what the texts that are saved of it had and cannot hold, besides words."""
    found = {}
    for plan in plans:
        written = TEXTS if plan.held is None else [change.field for change in plan.changes if change.field in TEXTS]
        lost = {text: lost_elements(plan.record.fields.get(text) or "") for text in written} if plan.saves else {}
        if words := "; ".join(f"{text}: {', '.join(elements)}" for text, elements in lost.items() if elements):
            found[plan.record.row] = words
    return found


def _remarks(
    plans: Sequence[_Plan], losses: Mapping[int, str], causes: Mapping[int, _Plan], links: Sequence[LinkChange]
) -> list[Fault]:
    """Return the rows of which something is not kept, and those that change links on public pages, with what it is."""
    said: dict[int, list[str]] = defaultdict(list)
    for row, words in losses.items():
        said[row].append(f"not kept: {words}")
    by_row: dict[int, list[str]] = defaultdict(list)
    for change in links:
        for term in change.because_of:
            by_row[causes[term].record.row].append(str(change))
    for row, changes in by_row.items():
        said[row].append(f"links: {'; '.join(changes)}")
    return [_remark(plan.record, "; ".join(said[plan.record.row])) for plan in plans if plan.record.row in said]


def _remark(record: Record, words: str) -> Fault:
    return Fault(words, record.row, record.line, title_of(record)[:MAX_TITLE], record.source)


def _draft_words(parts: Sequence[str], revision: Revision | None) -> str:
    saved = f", saved by {revision.created_by_name} as revision {revision.number}" if revision else ""
    return f"its working copy has unpublished {get_text_list(list(parts), 'and')}{saved}"


def _fault(record: Record, problems: Sequence[object]) -> Fault:
    # Somebody has to read it: a row of nonsense can be wrong in a million ways, and each of them a megabyte long.
    shown = [str(problem)[:MAX_MESSAGE] for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"and {len(problems) - MAX_PROBLEMS:,} more")
    return Fault("; ".join(shown), record.row, record.line, title_of(record)[:MAX_TITLE], record.source)

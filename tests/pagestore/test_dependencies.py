"""What depends on what: after any change, the store holds what a full rebuild would, and rendered no more than that."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from taggit.models import Tag

from config.languages import prefixes
from glossary import dependents
from glossary.actions import (
    NotPublishable,
    NotPublished,
    describe_tag,
    load_retractions,
    plan_review,
    publish_terms,
    retire_term,
    save_term,
    switch_links,
)
from glossary.dependents import keys
from glossary.document.documents import slug_for
from glossary.document.parsing import parse_document
from glossary.document.retraction_notices import Notice
from glossary.linking.reading import remembered
from glossary.models import EVERYTHING, ContentChange, Event, Program, Term
from pagestore import changes
from pagestore.paths import public_paths
from pagestore.rendering import neutral_request, own_host, run, storable_page_at
from pagestore.serving import PageStore
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.pagestore.asking import Clock, Counting, ask, one_connection
from tests.seeds import seeds

pytestmark = pytest.mark.django_db
Committing = DjangoCaptureOnCommitCallbacks

WORDS = (
    "Amenorrhoea",
    "Basal body",
    "Corpus luteum",
    "Dysmenorrhoea",
    "Estradiol",
    "Luteal phase",
    "Luteal phase defect",
    "Lutein",
    "Luteolysis",
)
NAMES = ("LH", "progesterone test", "yellow body", "menses", "E2", "oestradiol", "hCG", "fornix")
KINDS = ("synonym", "synonym", "abbreviation", "former")
LUTEAL_BODY = {"text": "luteal body", "kind": "synonym"}
TAGS = ("cycle", "hormones", "Hormones of the cycle", "pain")


def every_path(*, histories_of: Container[str] | None = None) -> list[str]:
    """Every public page of two languages, the permanent pages of revisions and citations of these terms included."""
    histories = []
    published = {(event.term.slug, event.revision.number) for event in _published() if event.revision}
    for slug, number in (each for each in published if histories_of is None or each[0] in histories_of):
        histories += [
            reverse("glossary:revisions", args=[slug]),
            reverse("glossary:revision", args=[slug, number]),
            reverse("glossary:cite", args=[slug, number, "bib"]),
        ]
    paths = {path for path in [*public_paths(), *histories] if path.split("/")[1] not in prefixes()}
    paths -= {path for path in paths if path.startswith("/consent/")}  # what stands there isn't edited here
    translated = {f"/de{path}" for path in paths if storable_page_at(f"/de{path}") is not None}
    return sorted(paths | translated)


def _published() -> Sequence[Event]:
    return list(Event.objects.filter(verb="published").select_related("term", "revision"))


@one_connection()
def differing(store: PageStore, paths: Sequence[str]) -> list[str]:
    """Return the paths at which a store has something else than Django says now, with nothing remembered."""
    plain, host = WSGIHandler(), own_host()
    pages = {path: store.page(path) for path in paths}
    forget()
    found = []
    for path, page in pages.items():
        status, _, body = run(plain, neutral_request(path, host=host))
        assert page is not None
        if (page.status, page.bodies[""]) != (status, body):
            found.append(path)
    return found


def forget() -> None:
    """Drop what was kept of pages' parts, and what was remembered of texts."""
    caches["template_fragments"].clear()
    remembered.clear()


class Desk:
    """Somebody who does all sorts of things to a few terms, the same ones for the same seed."""

    def __init__(self, seed: int, *, editor: User, reviewer: User, at: datetime) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (no secret)
        self.editor, self.reviewer, self.at = editor, reviewer, at
        self.number = 0
        self.names: Sequence[str] = NAMES

    def act(self) -> str:
        self.at += timedelta(hours=1)
        verb: Callable[[], Any] = self.chance.choice(
            [
                *(self.add, self.edit, self.edit, self.edit, self.rename, self.retire, self.approve, self.plan),
                *(self.retract, self.switch, self.describe),
            ]
        )
        return self.do(verb)

    def do(self, verb: Callable[[], Any]) -> str:
        with suppress(NotPublishable, NotPublished):
            verb()
        return verb.__name__

    def add(self) -> None:
        self.number += 1
        title = f"{self.chance.choice(WORDS)} {self.number}" if self.chance.random() < 0.5 else self._word()
        self._publish(self._document(title), None)

    def edit(self) -> None:
        if term := self._any():
            self._publish(self._document(term.title, slug=term.slug), term)

    def rename(self) -> None:
        if term := self._any():
            self.number += 1
            self._publish(self._document(f"{self._word()} {self.number}"), term)

    def retire(self) -> None:
        if term := self._any():
            retire_term(term=term, by=self.editor, at=self.at)

    def approve(self) -> None:
        if (term := self._any()) and term.head and (not term.review or term.review.status != "open"):
            save_term(document=self._document(term.title, slug=term.slug), by=self.editor, at=self.at, term=term)
            approve(term=term, by=self.reviewer, at=self.at, publish=True)

    def plan(self) -> None:
        if term := self._any():
            months = self.chance.randint(1, 12)
            plan_review(term=term, owner=self.editor, review_months=months, by=self.editor, at=self.at)

    def retract(self) -> None:
        nature = self.chance.choice(["retraction", "retraction", "reinstatement"])
        notice = Notice(
            nature=nature,
            doi=f"10.1000/{self.chance.randint(1, 3)}",
            pmid="",
            title="On eggs",
            reason=f"Error {self.number}",
            noticed_date=self.at.date(),
        )
        load_retractions(notices=lambda: [notice], by=Program("Retractions"), at=self.at)

    def switch(self) -> None:
        if term := self._any():
            name = self.chance.choice([term.title, *NAMES]).upper()
            switch_links(term=term, by=self.editor, at=self.at, **{self.chance.choice(["off", "on"]): [name]})

    def describe(self) -> None:
        tags = list(Tag.objects.order_by("pk"))
        if tags:
            text = f"What belongs together, says edit {self.number}."
            describe_tag(tag=self.chance.choice(tags), text=text, by=self.editor, at=self.at)

    def change_many(self) -> None:
        """Change a dozen of the first terms at once: in all, or in nothing but their names, or move them a little."""
        terms: list[Term] = []
        verb = self.chance.choice(["edit", "name", "move"])
        for one in self.chance.sample(list(Term.objects.select_related("head").order_by("pk")[:14]), 11):
            assert one.head
            self.number += 1
            kept = one.head.document
            changed: dict[str, Any] = {"synonyms": self._synonyms()}
            if verb == "move":
                changed = {
                    "title": self.chance.choice(
                        [one.title, f"{one.title[0]}{self.chance.choice(WORDS)[1:]} {self.number}"]
                    )
                }
            content = self._document(one.title, slug=one.slug) if verb == "edit" else parse_document(kept | changed)
            terms.append(save_term(document=content, by=self.editor, at=self.at, term=one).term)
        if verb == "edit":
            self.number += 1
            content = self._document(f"{self._word()} {self.number}")
            terms.append(save_term(document=content, by=self.editor, at=self.at).term)
        publish_terms(terms=terms, by=Program("Import"), at=self.at, emergency=True, reason="Test")

    def _synonyms(self) -> list[dict[str, str]]:
        names = self.chance.sample(self.names, self.chance.randint(0, 2))
        return [{"text": name, "kind": self.chance.choice(KINDS)} for name in names]

    def _word(self) -> str:
        return self.chance.choice(WORDS)

    def _any(self) -> Term | None:
        terms = list(Term.objects.order_by("pk"))
        return self.chance.choice(terms) if terms else None

    def _publish(self, content: Any, term: Term | None) -> None:
        if term is None and Term.objects.filter(slug=content.slug).exists():
            return
        term = save_term(document=content, by=self.editor, at=self.at, term=term).term
        publish_unreviewed(term=term, by=self.editor, at=self.at)

    def _document(self, title: str, **fields: Any) -> Any:
        chance = self.chance
        slugs = list(Term.objects.order_by("pk").values_list("slug", flat=True))
        some = chance.sample(slugs, min(len(slugs), chance.randint(0, 2)))
        texts = chance.sample([*WORDS, *self.names], 3)
        fields |= {
            "definition": f"<p>{title} is not {texts[0]}, says edit {chance.randint(0, 9)}.</p>",
            "mechanism": f"<p>By {texts[1]}s, and by {texts[2].lower()}, in the fornices.</p>",
            "tags": chance.sample(TAGS, chance.randint(0, 2)),
            "synonyms": self._synonyms(),
            "related": [slug for slug in some if slug not in (fields.get("slug"), slug_for(title))],
            "insights": [{"text": "Worth knowing.", "term": slug, "url": ""} for slug in some[:1]],
            "references": [
                {"citation": "On eggs.", "doi": f"10.1000/{chance.randint(1, 3)}", "pmid": "", "url": ""},
            ],
        }
        return document(title, **fields)


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three terms a page, so that a few make lists of several pages."""
    monkeypatch.setattr(keys, "PAGE_SIZE", 3)


@pytest.mark.usefixtures("short_lists")
@pytest.mark.slow
@pytest.mark.database
@pytest.mark.parametrize("seed", seeds(1))
def test_after_any_change_the_store_equals_a_full_rebuild(
    seed: int,
    django: Counting,
    clock: Clock,
    settings: Settings,
    editor: User,
    reviewer: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    desk = Desk(seed, editor=editor, reviewer=reviewer, at=at)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            desk.add()
    store = PageStore(django, folder=settings.DATA_DIR / "pages", clock=clock, quickly=True)
    done = []
    for _ in range(6):
        with django_capture_on_commit_callbacks(execute=True):
            done.append(desk.act())
        store.refresh()
        assert differing(store, every_path()) == [], done


@pytest.mark.usefixtures("short_lists")
@pytest.mark.slow
@pytest.mark.parametrize("many_places", [50, 0])
@pytest.mark.parametrize("seed", seeds(1))
def test_after_a_change_of_many_terms_the_store_equals_a_full_rebuild(
    seed: int,
    many_places: int,
    django: Counting,
    clock: Clock,
    settings: Settings,
    editor: User,
    reviewer: User,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    monkeypatch.setattr(dependents.lists, "MANY_PLACES", many_places)
    desk = Desk(seed, editor=editor, reviewer=reviewer, at=at)
    # So many that most are one term's alone, and mentions of them are links.
    desk.names = [f"marker {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    with django_capture_on_commit_callbacks(execute=True):
        while Term.objects.count() < 18:
            desk.add()
    store = PageStore(django, folder=settings.DATA_DIR / "pages", clock=clock, quickly=True)

    def paths() -> list[str]:
        return [path for path in every_path() if not path.startswith("/de/") and "/revisions/" not in path]

    assert differing(store, paths()) == []
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            assert desk.do(desk.change_many) == "change_many"
        assert EVERYTHING not in ContentChange.objects.latest("version").keys
        store.refresh()
        assert differing(store, paths()) == []


# What every publication renders, whether it shows there or not.
OVERVIEWS = {"/", "/glossary/", "/glossary/feed/", "/sitemap.xml"}


@pytest.mark.slow
@pytest.mark.usefixtures("short_lists")
def test_one_publication_among_many_renders_what_it_changed_and_nothing_else(
    django: Counting,
    settings: Settings,
    editor: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    def publish(title: str, term: Term | None = None, **fields: Any) -> Term:
        nonlocal at
        at += timedelta(hours=1)
        with django_capture_on_commit_callbacks(execute=True):
            term = save_term(document=document(title, **fields), by=editor, at=at, term=term).term
            publish_unreviewed(term=term, by=editor, at=at)
        return term

    target = publish("Mm", tags=["cycle"])
    for letter in "abcdefghijklmnopqrstuvwxy":
        publish(f"{letter.upper()} term", tags=["cycle", "alphabet"] if letter in "abmtuvwx" else [])
    for number in range(9):
        publish(f"M{number}", tags=["cycle", "numbers"])
    publish("Related", related=["mm"])
    publish("Insightful", insights=[{"text": "Worth knowing.", "term": "mm", "url": ""}])
    publish("Mentioning", mechanism="<p>As the luteal body does.</p>")
    publish("Mentioning in capitals", mechanism="<p>As the LUB does.</p>")
    publish("Mentioning by title", mechanism="<p>As mn plus does.</p>")
    store = PageStore(django, folder=settings.DATA_DIR / "pages", quickly=True)

    def pages() -> dict[str, bytes]:
        # Of the forty terms, those that lead to the one that changes, and one that does not.
        some = ("mm", "mn-plus", "m3-plus", "related", "mentioning", "a-term")
        paths = [path for path in every_path(histories_of=some) if not path.startswith("/de/")]
        answers = {path: ask(store, path) for path in {*paths, *known}}
        return {path: answer.body for path, answer in answers.items() if answer.status == 200}

    known: dict[str, bytes] = {}
    known = pages()

    def rendered_beside(change: Callable[[], object]) -> tuple[set[str], set[str]]:
        """Return what a change renders that looks as before, and what it changed beside the term and the overviews."""
        nonlocal known
        django.requests.clear()
        change()
        now = pages()
        rendered = {request["PATH_INFO"] for request in django.requests}
        changed = {path for path in known.keys() | now.keys() if known.get(path) != now.get(path)}
        known = now
        assert rendered >= changed
        own = {path for path in rendered if path.startswith(("/glossary/mm/", "/glossary/mn-plus/", "/glossary/aaa/"))}
        return rendered - changed - own - OVERVIEWS, changed - own - OVERVIEWS

    def edit(title: str = "Mm", **fields: Any) -> tuple[set[str], set[str]]:
        return rendered_beside(lambda: publish(title, target, slug="mm", **fields))

    in_vain, changed = rendered_beside(lambda: None)
    assert (in_vain, changed) == (set(), set())
    content: dict[str, Any] = {"tags": ["cycle"], "mechanism": "<p>By light.</p>"}
    assert edit(**content) == (set(), set()), "nobody else shows the mechanism"
    content["definition"] = "<p>Something else.</p>"
    in_vain, changed = edit(**content)
    assert not in_vain
    # Mm is the fourteenth under M and of the topic, whose first page says when the topic changed.
    assert changed == {"/glossary/letter/m/5/", "/glossary/tags/cycle/", "/glossary/tags/cycle/5/"}
    content["synonyms"] = [LUTEAL_BODY, {"text": "lub", "kind": "synonym"}]
    assert edit(**content) == (set(), {"/glossary/mentioning/"}), "“LUB” isn't “lub”"
    content["synonyms"] = [LUTEAL_BODY, {"text": "LUB", "kind": "abbreviation"}]
    assert edit(**content) == (set(), {"/glossary/mentioning-in-capitals/"})
    in_vain, changed = edit("Mn plus", **content)
    assert not in_vain
    assert {"/glossary/mentioning-by-title/", "/glossary/insightful/", "/glossary/mentioning/"} < changed
    in_vain, changed = edit("M3 plus", **content)
    assert not in_vain
    # From the fourteenth place to the sixth, and everything between them by one.
    assert {path for path in changed if "/letter/" in path} == {f"/glossary/letter/m/{page}/" for page in (2, 3, 4, 5)}
    assert differing(store, [path for path in known if path.startswith(("/glossary/letter/", "/glossary/tags/"))]) == []
    content["tags"] = ["cycle", "numbers"]
    in_vain, changed = edit("M3 plus", **content)
    assert not in_vain
    assert "/glossary/tags/alphabet/" not in changed
    assert not any(path.startswith("/glossary/letter/") for path in changed)
    in_vain, changed = rendered_beside(lambda: publish("Aaa"))
    assert (in_vain, changed) == (set(), {"/glossary/a-term/", "/glossary/b-term/", "/glossary/letter/a/"})
    in_vain, changed = rendered_beside(lambda: publish("Zz"))
    assert not in_vain
    assert "/glossary/letter/a/" in changed, "there is a Z to go to"

    def retire() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            retire_term(term=target, by=editor, at=at)

    in_vain, changed = rendered_beside(retire)
    assert not in_vain
    assert {"/glossary/related/", "/glossary/mentioning/", "/glossary/tags/numbers/"} < changed


def test_a_change_of_many_terms_is_a_change_of_everything(
    django: Counting,
    settings: Settings,
    editor: User,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    monkeypatch.setattr(dependents, "MANY_TERMS", 4)
    terms = [save_term(document=document(f"Term {n}"), by=editor, at=at).term for n in range(5)]
    with django_capture_on_commit_callbacks(execute=True):
        publish_terms(terms=terms, by=Program("Import"), at=at, emergency=True, reason="Test")
    assert ContentChange.objects.get().keys == [EVERYTHING]
    store = PageStore(django, folder=settings.DATA_DIR / "pages")
    paths = ["/glossary/tags/", "/glossary/term-3/", "/robots.txt"]
    for _ in range(2):
        assert [ask(store, path).status for path in paths] == [200, 200, 200]
    assert len(django.requests) == 3
    with django_capture_on_commit_callbacks(execute=True):
        for term in terms:
            save_term(document=document(term.title, tags=["new"]), by=editor, at=at, term=term)
        terms = list(Term.objects.all())
        publish_terms(terms=terms, by=Program("Import"), at=at, emergency=True, reason="Test")
    assert [ask(store, path).status for path in paths] == [200, 200, 200]
    assert len(django.requests) == 6


def test_a_machine_that_missed_what_the_log_has_forgotten_renders_everything_anew(
    worker: Callable[[], PageStore], django: Counting, clock: Clock, term: Term, editor: User, at: datetime
) -> None:
    store = worker()
    ask(store, "/robots.txt")
    publish_unreviewed(term=save_term(document=document("Other"), by=editor, at=at).term, by=editor, at=at)
    ContentChange.objects.order_by("version")[0].delete()
    clock.now += 1.1
    ask(store, "/robots.txt")
    assert len(django.requests) == 2


def test_a_worker_that_forgets_old_changes_renders_anew_what_is_older(
    worker: Callable[[], PageStore],
    django: Counting,
    term: Term,
    editor: User,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    store = worker()
    ask(store, "/robots.txt")
    for number in range(4):
        with django_capture_on_commit_callbacks(execute=True):
            save_term(document=document(mechanism=f"<p>By {number}.</p>"), by=editor, at=at, term=term)
            publish_unreviewed(term=term, by=editor, at=at)
        assert f"By {number}.".encode() in ask(store).body
    django.requests.clear()
    for path in ("/robots.txt", "/glossary/luteal-phase/"):
        ask(worker(), path)
    assert django.requests == [], "nothing has changed for them"
    # Each of the changes has three keys, so that two of them are remembered.
    monkeypatch.setattr(changes, "_MAX_KEYS", 14)
    for path in ("/robots.txt", "/glossary/luteal-phase/"):
        ask(worker(), path)
    assert [request["PATH_INFO"] for request in django.requests] == ["/robots.txt"]


@pytest.mark.parametrize("older_by", [0, 1, 2])
def test_a_restored_backup_is_noticed_whatever_its_count_of_editions(
    worker: Callable[[], PageStore],
    django: Counting,
    clock: Clock,
    term: Term,
    editor: User,
    at: datetime,
    older_by: int,
) -> None:
    publish_unreviewed(term=save_term(document=document("Ovary"), by=editor, at=at).term, by=editor, at=at)
    publish_unreviewed(term=save_term(document=document("Uterus"), by=editor, at=at).term, by=editor, at=at)
    store = worker()
    ask(store, "/robots.txt")
    newest = ContentChange.objects.latest("version").version
    ContentChange.objects.filter(version__gt=newest - older_by).delete()
    ContentChange.objects.update(name=1)
    clock.now += 1.1
    ask(store, "/robots.txt")
    assert len(django.requests) == 2


def test_a_page_is_rendered_anew_when_its_review_is_overdue(
    django: Counting, clock: Clock, settings: Settings, editor: User, reviewer: User, at: datetime
) -> None:
    approved = save_term(document=document(), by=editor, at=at).term
    approve(term=approved, by=reviewer, at=at, publish=True)
    today = timezone.now()
    Term.objects.update(next_review_date=today.date())
    calendar = Clock(today.timestamp())
    store = PageStore(django, folder=settings.DATA_DIR / "pages", clock=clock, calendar=calendar)
    other = PageStore(django, folder=settings.DATA_DIR / "pages", clock=clock, calendar=calendar)
    page = "/glossary/luteal-phase/"
    revision = "/glossary/luteal-phase/revisions/1/"
    for path in (page, revision, "/"):
        ask(store, path)
    assert len(django.requests) == 3
    ask(other, page)
    assert len(django.requests) == 3
    calendar.now += 86_400
    clock.now += 1.1
    for path in (page, revision, "/"):
        ask(store, path)
    assert [request["PATH_INFO"] for request in django.requests[3:]] == [page, revision]
    # This clock is ahead of Django's, for which it is still today: so the page says again until when it is good.
    assert ask(other, page).status == 200

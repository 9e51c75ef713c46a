"""Lists that readers browse: letters of every script, topics and what stands beside them, at any size."""

import random
import re
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from glossary.actions import listing, publish_terms, recount_lists, retire_term, save_term, save_terms
from glossary.dependents import keys
from glossary.models import Listing, Program, PublishedEntry, Term, TermSnapshot, TopicPair
from glossary.public import lists
from glossary.public.views import crawling
from glossary.text.names import initial_of, sort_key_of
from tests.glossary.builders import document, publish, publish_unreviewed, text_of
from tests.glossary.term_form import signed_in

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"

pytestmark = pytest.mark.django_db


def test_lists_are_given_snapshots_of_terms_and_nothing_else(client: Client, editor: User, at: datetime) -> None:
    term = save_term(document=document(tags=["Cycle"]), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    home = client.get("/").context["recent"]
    ((_, index),) = client.get("/glossary/").context["groups"]
    letter = client.get(f"/glossary/letter/{home[0].title[0].lower()}/").context["list"].entries
    topic = client.get("/glossary/tags/cycle/").context["list"].entries
    for shown in (home, index, letter, topic):
        assert [type(each) for each in shown] == [TermSnapshot]


@pytest.mark.parametrize(
    ("title", "initial"),
    [
        ("Alpha", "A"),
        ("Äther", "A"),
        ("Ørsted’s sign", "O"),
        ("Łuteal", "L"),
        ("æsthetic", "A"),
        ("ßeta", "S"),
        ("“Brain fog”", "B"),
        ("(R)-warfarin", "R"),
        ("5-alpha reductase", "0-9"),
        ("½ dose", "0-9"),
        ("٣ doses", "0-9"),
        ("β-carotene", "Greek"),
        ("Ωmega", "Greek"),
        ("эстроген", "Cyrillic"),
        ("استروجين", "Arabic"),
        ("אסטרוגן", "Hebrew"),
        ("雌激素", "Han"),
        ("エストロゲン", "Kana"),
        ("에스트로겐", "Hangul"),
        ("ᠡ", "Other"),
        ("+++", "#"),
    ],
)
def test_a_title_is_filed_under_its_letter_or_its_script(title: str, initial: str) -> None:
    assert initial_of(title) == initial


def test_marks_and_signs_in_front_do_not_change_the_order() -> None:
    titles = ["Østradiol", "“Oestradiol”", "Ovary", "Olive", "zinc", "β-carotene", "5-HT"]
    assert sorted(titles, key=sort_key_of) == [
        *("5-HT", "“Oestradiol”", "Olive", "Østradiol", "Ovary", "zinc", "β-carotene"),
    ]


@pytest.mark.slow
@pytest.mark.database
def test_lists_are_sorted_as_people_count(client: Client, editor: User, at: datetime) -> None:
    titles = [f"Ataxia {number}" for number in ("1", "2", "10", "10a", "11.2", "11.10", "1234567890123")]
    titles += ["Ataxia alpha", "22q11.2 deletion", "100 days"]
    publish(*(document(title, tags=["Type 10", "Type 9"]) for title in reversed(titles)), by=editor, at=at)
    in_order = [*titles[-2:], *titles[:-2]]
    shown = r'class="entries__title" href="[^"]+">([^<]+)<'
    letters = [*re.findall(shown, text_of(client, "/glossary/letter/0-9/"))]
    letters += re.findall(shown, text_of(client, "/glossary/letter/a/"))
    assert letters == in_order
    index = text_of(client, "/glossary/")
    assert sorted(titles, key=lambda title: index.index(f">{title}<")) == titles
    assert re.findall(shown, text_of(client, "/glossary/tags/type-9/")) == in_order
    topics = text_of(client, "/glossary/tags/")
    assert topics.index(">Type 9<") < topics.index(">Type 10<")
    desk = signed_in(editor)
    for query, order in (({}, in_order), ({"o": "1"}, in_order), ({"o": "-1"}, in_order[::-1])):
        listed = desk.get(reverse("admin:glossary_term_changelist"), query).context["cl"].result_list
        assert [term.title for term in listed] == order
    # Digits of any script count, and the letter is that of the title.
    assert sort_key_of("Ataxia ٢") == sort_key_of("ataxia 02")
    assert initial_of("9 and 10") == "0-9"


def test_each_page_of_a_letter_leads_to_every_other(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    publish(*(document(f"Ataxia {number}", tags=["x"]) for number in range(7)), by=editor, at=at)
    for path in ("/glossary/letter/a/", "/glossary/letter/a/3/", "/glossary/tags/x/2/"):
        first = re.sub(r"\d+/$", "", path)
        page = text_of(client, path)
        links = re.findall(r'class="pages__number" href="([^"]+)" aria-label="(Page \d of 4)"( aria-current)?', page)
        assert [url for url, *_ in links] == [first, *(f"{first}{number}/" for number in (2, 3, 4))]
        assert [url for url, _, current in links if current] == [path]


def test_each_letter_has_its_address_and_each_address_its_letter(client: Client, editor: User, at: datetime) -> None:
    titles = ["Alpha", "5-alpha reductase", "β-carotene", "эстроген", "雌激素"]
    slugs = ["alpha", "5-alpha-reductase", "beta-carotene", "estrogen", "hormone"]
    publish(*(document(title, slug=slug) for title, slug in zip(titles, slugs, strict=True)), by=editor, at=at)
    index = text_of(client, "/glossary/")
    for segment, title in zip(("a", "0-9", "greek", "cyrillic", "han"), titles, strict=True):
        assert f'href="/glossary/letter/{segment}/"' in index
        page = text_of(client, f"/glossary/letter/{segment}/")
        assert [title] == re.findall(r'class="entries__title" href="[^"]+">([^<]+)<', page)
    # A script that nothing is written in has no place among the letters.
    assert "/glossary/letter/arabic/" not in index
    assert "No term under Arabic letters is published yet" in text_of(client, "/glossary/letter/arabic/")
    for path in ("/glossary/letter/Greek/", "/glossary/letter/latin/", "/glossary/letter/%CE%B2/"):
        text_of(client, path, 404)


def test_both_databases_sort_by_code_points(editor: User, at: datetime) -> None:
    titles = ["a b", "a-b", "ab", "A_b", "β", "б", "Z", "9"]
    publish(*(document(title, slug=f"term-{n}") for n, title in enumerate(titles)), by=editor, at=at)
    found = list(PublishedEntry.objects.values_list("title", flat=True))
    assert found == sorted(titles, key=lambda title: (sort_key_of(title), f"term-{titles.index(title)}"))


def kept() -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """Return what is known of lists, and of topics that stand together."""
    counts = {(listing.kind, listing.key): listing.count for listing in Listing.objects.filter(count__gt=0)}
    return counts, {(pair.slug, pair.other): pair.count for pair in TopicPair.objects.all()}


@pytest.mark.slow
@pytest.mark.database
def test_after_any_edits_lists_know_what_counting_would_find(editor: User, at: datetime) -> None:
    chance = random.Random(6)  # noqa: S311  # edits, not secrets
    topics = ["Alpha", "Beta", "Gamma", "Delta", "Épsilon"]
    slugs = [f"term-{n}" for n in range(8)]
    for step in range(60):
        at += timedelta(minutes=1)
        slug = chance.choice(slugs)
        term = Term.objects.filter(slug=slug).first()
        if term is not None and chance.random() < 0.3 and Term.objects.published().filter(pk=term.pk).exists():
            retire_term(term=term, by=editor, at=at)
            continue
        title = chance.choice("AÄBβ5雌") + f" {step}"
        tags = chance.sample(topics, chance.randrange(4))
        saved = save_term(document=document(title, slug=slug, tags=tags), by=editor, at=at, term=term)
        publish_unreviewed(term=saved.term, by=editor, at=at)
    before = kept()
    assert before[1]
    Listing.objects.update(count=999)
    TopicPair.objects.all().delete()
    recount_lists(at=at)
    assert kept() == before


def test_a_list_changes_when_something_that_it_shows_does(client: Client, editor: User, at: datetime) -> None:
    def changed(path: str) -> str:
        found = re.search(rf"{path}</loc><lastmod>([^<]+)</lastmod>", text_of(client, "/sitemap.xml"))
        return found[1] if found else ""

    [alpha, _] = publish(document("Alpha", tags=["Greek"]), document("Beta", tags=["Greek"]), by=editor, at=at)
    first = "2026-03-02T12:00:00+00:00"
    paths = ("/glossary/letter/a/", "/glossary/letter/b/", "/glossary/tags/greek/", "/glossary/tags/")
    assert {changed(path) for path in paths} == {first}
    # The mechanism is in no list, so only the term's own page changed.
    later = at + timedelta(days=1)
    save_term(document=document("Alpha", mechanism="<p>New.</p>", tags=["Greek"]), by=editor, at=later, term=alpha)
    publish_unreviewed(term=alpha, by=editor, at=later)
    assert {changed(path) for path in paths} == {first}
    assert changed("/glossary/alpha/") == "2026-03-03T12:00:00+00:00"
    last = at + timedelta(days=2)
    retire_term(term=alpha, by=editor, at=last)
    assert changed("/glossary/letter/a/") == ""
    assert changed("/glossary/letter/b/") == first
    assert changed("/glossary/tags/greek/") == changed("/glossary/tags/") == "2026-03-04T12:00:00+00:00"


def test_sitemaps_keep_to_the_protocol(
    client: Client, editor: User, at: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: str, root: str, element: str) -> list[str]:
        """Return the addresses of a sitemap, after looking at all that its schema asks (sitemap.xsd, siteindex.xsd)."""
        response = client.get(path)
        assert (response.status_code, response["Content-Type"]) == (200, "application/xml; charset=utf-8")
        top = ET.fromstring(response.content)  # noqa: S314  # our own
        assert top.tag == f"{SITEMAP}{root}"
        assert 0 < len(top) <= 50_000
        found = []
        for item in top:
            assert item.tag == f"{SITEMAP}{element}"
            assert [child.tag for child in item] == [f"{SITEMAP}loc", f"{SITEMAP}lastmod"]
            location, changed = (child.text or "" for child in item)
            assert location.startswith(f"{settings.SITE_URL}/")
            assert location.isascii()
            assert 12 <= len(location) < 2_048
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+]00:00", changed)
            found.append(location)
        assert len(set(found)) == len(found)
        return found

    publish(document("Alpha & <Omega>", tags=["R & D"]), document("β", slug="beta"), by=editor, at=at)
    whole = read("/sitemap.xml", "urlset", "url")
    monkeypatch.setattr(listing, "PART_SIZE", 1)
    monkeypatch.setattr(crawling, "PART_SIZE", 1)
    recount_lists(at=at)
    parts = [part.removeprefix(settings.SITE_URL) for part in read("/sitemap.xml", "sitemapindex", "sitemap")]
    assert sorted(whole) == sorted(address for part in parts for address in read(part, "urlset", "url"))


def test_the_sitemap_of_an_empty_glossary_names_its_home(client: Client, settings: Any) -> None:
    assert re.findall("<url>.*</url>", text_of(client, "/sitemap.xml")) == [
        f"<url><loc>{settings.SITE_URL}/</loc></url>"
    ]


def test_a_topic_leads_to_those_beside_it(client: Client, editor: User, at: datetime) -> None:
    publish(
        document("One", tags=["Hormones", "Sleep", "Skin"]),
        document("Two", tags=["Hormones", "Sleep"]),
        document("Three", tags=["Bones"]),
        by=editor,
        at=at,
    )
    page = " ".join(text_of(client, "/glossary/tags/hormones/").split())
    related = re.findall(
        r'href="/glossary/tags/(\w+)/"><span>[^<]+</span>.*?(\d)<span class="visually-hidden"> term', page
    )
    assert related == [("sleep", "2"), ("skin", "1")]
    assert "share terms with" not in text_of(client, "/glossary/tags/bones/")


def test_many_topics_are_divided_by_letter(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = ["Bones", "Brain", "Blood", "Skin", "βeta"]
    publish(document("One", tags=tags), document("Two", tags=["Skin"]), by=editor, at=at)
    whole = text_of(client, "/glossary/tags/")
    assert re.findall(r'class="entries__title" href="/glossary/tags/([^/]+)/"', whole) == [
        *("blood", "bones", "brain", "skin", "betaeta"),
    ]
    monkeypatch.setattr(lists, "WHOLE_OVERVIEW", 2)
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    divided = text_of(client, "/glossary/tags/")
    assert 'href="/glossary/tags/letter/b/"' in divided
    assert re.findall(r'class="entries__title" href="/glossary/tags/([^/]+)/"', divided)[0] == "skin"
    first, second = (text_of(client, f"/glossary/tags/letter/b/{part}") for part in ("", "2/"))
    assert 'href="/glossary/tags/letter/b/2/" rel="next"' in first
    assert 'href="/glossary/tags/letter/b/" rel="prev"' in second
    assert "/glossary/tags/brain/" in second
    assert client.get("/glossary/tags/letter/b/1/")["Location"] == "/glossary/tags/letter/b/"
    for path in ("b/3/", "c/", "b/0/"):
        text_of(client, f"/glossary/tags/letter/{path}", 404)


def test_pages_of_a_list_hold_each_entry_once_even_where_titles_are_alike(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    publish(*(document("Alpha", slug=f"alpha-{n}", tags=["Greek"]) for n in range(5)), by=editor, at=at)
    for base in ("/glossary/letter/a/", "/glossary/tags/greek/"):
        pages = [text_of(client, f"{base}{part}") for part in ("", "2/", "3/")]
        found = [re.findall(r'class="entries__title" href="/glossary/(alpha-\d)/"', page) for page in pages]
        assert found == [["alpha-0", "alpha-1"], ["alpha-2", "alpha-3"], ["alpha-4"]]


@pytest.mark.slow
@pytest.mark.database
def test_lists_take_as_many_queries_at_any_size(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grow(count: int) -> None:
        titles = [f"Alpha {n:04}" for n in range(count)]
        new = [document(title, tags=["Greek", f"topic {n % 40}"]) for n, title in enumerate(titles)]
        terms = [saved.term for saved in save_terms(documents=new, by=editor, at=at)]
        publish_terms(terms=terms, by=Program("Test"), at=at, emergency=True, reason="Test")

    monkeypatch.setattr(keys, "PAGE_SIZE", 5)
    paths = ("/glossary/letter/a/3/", "/glossary/tags/greek/3/", "/glossary/", "/", "/sitemap.xml")
    found: dict[str, list[int]] = {path: [] for path in paths}
    for count in (15, 30, 120):
        grow(count)
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                text_of(client, path)
            found[path].append(len(captured))
            # Nothing is counted, nor are all entries brought, to show a page.
            if not path.startswith("/sitemap"):
                assert not [query for query in captured if "COUNT(" in query["sql"]]
    assert all(counts == [counts[0]] * 3 and counts[0] <= 9 for counts in found.values()), found

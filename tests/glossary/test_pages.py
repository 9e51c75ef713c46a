"""What the public reads: home, lists, a term's page, search, robots and sitemap."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from glossary.actions import listing, recount_lists, retire_term, save_term
from glossary.dependents import keys
from glossary.document.documents import DocumentError
from glossary.models import Term
from glossary.public.views import crawling
from tests.glossary.builders import document, publish, publish_unreviewed, text_of

pytestmark = pytest.mark.django_db


def test_a_term_page_shows_its_parts_in_the_order_of_a_reference(client: Client, full: Term) -> None:
    page = text_of(client, "/glossary/progesterone-support/")
    parts = [
        '<h1 class="term__title" id="title">Progesterone support</h1>',
        "<dt>Also called</dt>",
        "<dd>luteal support</dd>",
        "<dt>Abbreviation</dt>",
        "<dt>Formerly</dt>",
        "<p>Giving <strong>progesterone</strong>.</p>",
        '<h2 id="origin">Origin</h2>',
        '<h2 id="mechanism">Mechanism</h2>',
        '<h2 id="insights">Related insights</h2>',
        'href="/glossary/luteal-phase/">Luteal phase</a>',
        'href="https://www.example.org/study?a=1&amp;b=2">www.example.org</a>',
        '<h2 id="related">Related terms</h2>',
        '<h2 id="references">References</h2>',
        'href="https://doi.org/10.1001/jama.288.3.321">https://doi.org/10.1001/jama.288.3.321</a>',
        'href="https://pubmed.ncbi.nlm.nih.gov/1/">https://pubmed.ncbi.nlm.nih.gov/1/</a>',
        'href="/glossary/tags/hormone-therapy/">hormone therapy</a>',
        '<time datetime="2026-03-02">2 March 2026</time>',
        "It is educational and not medical advice",
    ]
    positions = [page.find(part) for part in parts]
    assert -1 not in positions, parts[positions.index(-1)]
    assert positions == sorted(positions)


def test_what_is_not_public_is_not_linked(client: Client, full: Term) -> None:
    page = text_of(client, "/glossary/progesterone-support/")
    assert "Leads to a draft." in page
    assert "/glossary/draft/" not in page


def test_links_follow_a_term_to_its_new_address(client: Client, full: Term, editor: User, at: datetime) -> None:
    luteal = Term.objects.get(slug="luteal-phase")
    save_term(document=document("Secretory phase"), by=editor, at=at, term=luteal)
    publish_unreviewed(term=luteal, by=editor, at=at)
    page = text_of(client, "/glossary/progesterone-support/")
    assert page.count('href="/glossary/secretory-phase/"') >= 2
    assert "/glossary/luteal-phase/" not in page
    moved = client.get("/glossary/luteal-phase/")
    assert (moved.status_code, moved["Location"]) == (301, "/glossary/secretory-phase/")


def test_the_public_reads_the_published_revision_and_not_the_working_copy(
    client: Client, full: Term, editor: User, at: datetime
) -> None:
    save_term(document=document("Renamed in secret", definition="<p>Unpublished.</p>"), by=editor, at=at, term=full)
    page = text_of(client, "/glossary/progesterone-support/")
    assert "Unpublished" not in page
    assert "Renamed" not in text_of(client, "/glossary/") + text_of(client, "/") + text_of(client, "/search/?q=renamed")
    text_of(client, "/glossary/renamed-in-secret/", 404)


def test_empty_sections_are_not_shown(client: Client, editor: User, at: datetime) -> None:
    publish(document("Bare", origin="", mechanism=""), by=editor, at=at)
    page = text_of(client, "/glossary/bare/")
    for heading in ("Origin", "Mechanism", "Related insights", "Related terms", "References", "Topics</h2>"):
        assert f">{heading}" not in page or heading == "Topics</h2>"
    assert 'class="names"' not in page


def test_structured_data_cannot_close_its_element(client: Client, editor: User, at: datetime) -> None:
    publish(document("Fake </script><script>alert(1)</script>", slug="fake"), by=editor, at=at)
    page = text_of(client, "/glossary/fake/")
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, flags=re.DOTALL)
    assert "Fake </script><script>alert(1)</script>" in {node.get("name") for node in json.loads(data)["@graph"]}
    assert "<script>alert" not in page


def test_a_retired_term_is_gone_and_says_so(client: Client, full: Term, editor: User, at: datetime) -> None:
    retire_term(term=full, by=editor, at=at)
    assert "This term was retired" in text_of(client, "/glossary/progesterone-support/", 410)
    assert "progesterone-support" not in text_of(client, "/sitemap.xml")


@pytest.mark.parametrize("slug", ["letter", "tags", "feed"])
def test_slugs_of_other_pages_are_refused(slug: str) -> None:
    with pytest.raises(DocumentError, match="is the address of another page"):
        document("Something", slug=slug)


def test_the_index_counts_terms_by_letter(client: Client, editor: User, at: datetime) -> None:
    publish(*map(document, ["Alpha", "Äther", "beta", "5-alpha reductase", "Ωmega"]), by=editor, at=at)
    page = " ".join(text_of(client, "/glossary/").split())
    for letter, segment, count in (("A", "a", 2), ("B", "b", 1), ("0–9", "0-9", 1), ("Α–Ω", "greek", 1)):
        cell = re.search(rf'href="/glossary/letter/{segment}/">(.*?)</a>', page)
        assert cell
        assert letter in cell[1]
        assert f"</span>{count}<span" in cell[1]
    assert page.index("Alpha") < page.index("Äther") < page.index("beta")


def test_letters_list_their_terms_and_unknown_letters_are_not_found(client: Client, editor: User, at: datetime) -> None:
    publish(document("Alpha"), document("5-alpha reductase"), by=editor, at=at)
    assert "5-alpha reductase" in text_of(client, "/glossary/letter/0-9/")
    listed = text_of(client, "/glossary/letter/a/")
    assert "/glossary/alpha/" in listed
    assert "5-alpha" not in listed
    assert "No term under Q is published yet" in text_of(client, "/glossary/letter/q/")
    for path in ("/glossary/letter/", "/glossary/letter/aa/", "/glossary/letter/a/2/", "/glossary/letter/a/0/"):
        text_of(client, path, 404)


def test_long_lists_are_divided_into_pages(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "PAGE_SIZE", 2)
    publish(*(document(f"Alpha {n}", tags=["Greek"]) for n in range(5)), by=editor, at=at)
    for base in ("/glossary/letter/a/", "/glossary/tags/greek/"):
        pages = [text_of(client, path) for path in (base, f"{base}2/", f"{base}3/")]
        assert [sorted(set(re.findall(r"/glossary/(alpha-\d)/", page))) for page in pages] == [
            ["alpha-0", "alpha-1"],
            ["alpha-2", "alpha-3"],
            ["alpha-4"],
        ]
        assert f'href="{base}2/" rel="next"' in pages[0]
        assert f'href="{base}" rel="prev"' in pages[1]
        assert client.get(f"{base}1/")["Location"] == base
        text_of(client, f"{base}4/", 404)


def test_tags_are_those_of_published_documents(client: Client, full: Term, editor: User, at: datetime) -> None:
    save_term(document=document("Draft", tags=["secret"]), by=editor, at=at, term=Term.objects.get(slug="draft"))
    page = text_of(client, "/glossary/tags/")
    assert "hormone therapy" in page
    assert "secret" not in page
    assert "Progesterone support" in text_of(client, "/glossary/tags/hormone-therapy/")
    text_of(client, "/glossary/tags/secret/", 404)


def titles(page: str) -> list[str]:
    found = re.findall(r'class="entries__title" href="[^"]+">(.+?)</a>', page)
    return [title.replace("<mark>", "").replace("</mark>", "") for title in found]


def test_search_puts_the_exact_title_first_then_synonym_prefix_and_text(
    client: Client, editor: User, at: datetime
) -> None:
    publish(
        document("Cycle disorders"),
        document("Aa mentions it", definition="<p>Part of the Cycle.</p>"),
        document("Menstruation", synonyms=[{"text": "cycle"}]),
        document("Cycle"),
        document("Bicycle"),
        by=editor,
        at=at,
    )
    found = text_of(client, "/search/?q=%20CYCLE ")
    assert titles(found) == ["Cycle", "Menstruation", "Cycle disorders", "Aa mentions it"]
    assert "also called <b><mark>cycle</mark></b>" in found


def test_search_offers_names_that_are_spelled_alike(client: Client, editor: User, at: datetime) -> None:
    publish(document("Menopause"), by=editor, at=at)
    page = text_of(client, "/search/?q=menapause")
    assert "No term for “menapause”" in page
    assert 'href="/search/?q=Menopause">Menopause</a>' in page


@pytest.mark.parametrize(
    "query",
    ["%00", "a%00b", "%ff%fe", "%25", "_", "%5C", "%27%22%3Cscript%3E", "%ED%A0%80", "x" * 5000, "%CC%81", "+" * 50],
)
def test_search_takes_anything_a_browser_can_send(client: Client, full: Term, query: str) -> None:
    page = text_of(client, f"/search/?q={query}")
    assert "<script>" not in page.replace('<script type="application/ld+json">', "")
    assert "\x00" not in page


def test_search_without_a_query_explains_itself(client: Client, full: Term) -> None:
    assert "Type a term as you read or heard it" in text_of(client, "/search/")
    assert 'name="robots" content="noindex"' in text_of(client, "/search/?q=luteal")


def test_the_sitemap_lists_every_public_page_with_its_last_change(client: Client, full: Term) -> None:
    page = text_of(client, "/sitemap.xml")
    assert "/glossary/progesterone-support/</loc><lastmod>2026-03-02T12:00:00+00:00</lastmod>" in page
    assert "/glossary/draft/" not in page
    for address in re.findall(r"<loc>https?://[^/]+([^<]*)</loc>", page):
        text_of(client, address)
    assert "Sitemap: http" in text_of(client, "/robots.txt")


def test_a_sitemap_too_long_for_one_file_is_divided(
    client: Client, full: Term, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_SIZE", 1)
    monkeypatch.setattr(crawling, "PART_SIZE", 1)
    recount_lists(at=full.entry.published_at)
    parts = re.findall(r"<loc>https?://[^/]+(/sitemap-\d+\.xml)</loc><lastmod>2026", text_of(client, "/sitemap.xml"))
    keys = Term.objects.published().order_by("pk").values_list("pk", flat=True)
    assert parts == ["/sitemap-0.xml", *(f"/sitemap-{key}.xml" for key in keys)]
    everything = "".join(text_of(client, part) for part in parts)
    for path in ("/glossary/", "/glossary/progesterone-support/", "/glossary/luteal-phase/"):
        assert f"{path}</loc>" in everything
    text_of(client, f"/sitemap-{max(keys) + 1}.xml", 404)


def test_pages_say_where_they_belong(client: Client, full: Term, settings: Any) -> None:
    page = text_of(client, "/glossary/progesterone-support/")
    address = f"{settings.SITE_URL}/glossary/progesterone-support/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:url" content="{address}">' in page
    assert '<meta name="description" content="Giving progesterone.">' in page


@pytest.mark.slow
@pytest.mark.database
def test_queries_do_not_grow_with_the_glossary(client: Client, editor: User, at: datetime) -> None:
    def write(count: int, at: datetime) -> None:
        slugs = [f"alpha-{n}" for n in range(count)]
        documents = [
            document(
                slug.replace("-", " ").title(),
                insights=[{"text": "Look.", "term": other} for other in slugs],
                related=[other for other in slugs if other != slug],
                references=[{"citation": f"Work {n}"} for n in range(count)],
                tags=["Greek", *(f"tag {n}" for n in range(count))],
            )
            for slug in slugs
        ]
        publish(*documents, by=editor, at=at)

    def queries() -> dict[str, int]:
        found = {}
        for path in (
            *("/", "/glossary/", "/glossary/letter/a/", "/glossary/tags/", "/glossary/tags/greek/"),
            *("/glossary/alpha-0/", "/search/?q=alpha", "/sitemap.xml"),
        ):
            with CaptureQueriesContext(connection) as captured:
                text_of(client, path)
            found[path] = len(captured)
        return found

    write(2, at)
    few = queries()
    write(12, at + timedelta(hours=1))
    assert queries() == few
    assert max(few.values()) <= 14, few

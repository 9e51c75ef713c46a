"""Links in HTML: only in its text, nothing else changed."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

import pytest

from glossary.document.markup import clean_html, plain_text
from glossary.linking import Card, KnownName, Names, fragment_of

NAMES = ("growth", "growth factor", "B", "vitamin B", "hormone", "A & B complex", "AT&T receptor", "x<y ratio")
KNOWN = Names(KnownName(number, text, "title") for number, text in enumerate(NAMES, start=1))
CARDS = {
    number: Card(text, f"/glossary/term-{number}/", "What it is.", f"term-{number}")
    for number, text in enumerate(NAMES, start=1)
}


def linked(source: str, *, own: tuple[int, ...] = ()) -> str:
    return fragment_of(source, KNOWN, own=own).linked(CARDS)[0]


def links(source: str, *, own: tuple[int, ...] = ()) -> list[str]:
    return re.findall(r'<a class="term-link"[^>]*>(.*?)</a>', linked(source, own=own))


def test_a_link_names_its_target_and_its_card() -> None:
    assert linked("<p>A hormone.</p>") == (
        '<p>A <a class="term-link" href="/glossary/term-5/" data-card="term-5">hormone</a>.</p>'
    )


def test_a_term_is_linked_once_in_a_text() -> None:
    assert links("<p>A hormone and hormones.</p><ul><li>Growth, hormone, growth</li></ul>") == ["hormone", "Growth"]


@pytest.mark.parametrize("tag", ["a", "code", "pre", "kbd", "h2", "h3", "button"])
def test_nothing_is_linked_inside_a_link_a_heading_or_code(tag: str) -> None:
    assert links(f"<{tag}>a <em>hormone</em> </{tag}>") == []
    assert links(f"<{tag}>a hormone</{tag}><p>growth <{tag}>growth</{tag}></p>") == ["growth"]


def test_what_the_author_has_linked_is_not_linked_again() -> None:
    by_hand = '<p><a href="https://www.example.org/glossary/term-5/">This</a> is a hormone of growth.</p>'
    assert links(by_hand) == ["growth"]


def test_the_terms_own_names_are_not_linked_nor_what_is_inside_them() -> None:
    assert links("<p>The growth factor and growth.</p>", own=(2,)) == ["growth"]
    assert links("<p>The growth factor and growth.</p>", own=(1,)) == ["growth factor"]


def test_a_word_goes_on_behind_a_tag_inside_it() -> None:
    assert links("<p>vitamin B<sub>12</sub>, <em>pro</em>hormone, hormone<strong>s</strong>x</p>") == []
    assert links("<p>vitamin B <sub>12</sub>, <em>pro</em> hormone</p><p>x<br>growth</p>") == [
        "vitamin B",
        "hormone",
        "growth",
    ]


def test_signs_that_html_writes_as_references_are_read_and_kept() -> None:
    source = clean_html(
        "<p>The A &amp; B complex, an AT&amp;T receptor &lt;b&gt;, x&lt;y ratio&nbsp;of growth\u00a0factors</p>"
    )
    assert links(source) == ["A &amp; B complex", "AT&amp;T receptor", "x&lt;y ratio", "growth&nbsp;factors"]
    assert re.sub(r"</?a[^>]*>", "", linked(source)) == source


def test_a_term_without_a_card_is_not_linked() -> None:
    text, used = fragment_of("<p>A hormone of growth</p>", KNOWN).linked({1: CARDS[1]})
    assert used == {1}
    assert "hormone of <a" in text


class Nesting(HTMLParser):
    """Whether every element is closed by its own end. Fails at a link inside a link."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.is_whole = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag != "a" or "a" not in self.open
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.is_whole &= self.open[-1:] == [tag]
        if tag in self.open:
            self.open.remove(tag)


def nests(source: str) -> bool:
    nesting = Nesting()
    nesting.feed(source)
    nesting.close()
    return nesting.is_whole and not nesting.open


def some_html(chance: random.Random) -> str:
    """Return nonsense of names, words, signs and markup."""
    pieces = [
        *("growth", "growth factor", "hormones", "vitamin B", "A & B complex", "x<y ratio", "cell", "12", "é", "’s"),
        *(" ", " ", ", ", "-", ".", "&", "<", ">", '"', "\u00a0", "&amp;", "&lt;p&gt;", "&#x41;", "</", "<!--"),
        *(
            f"<{slash}{tag}>"
            for tag in ("p", "em", "strong", "sub", "ul", "li", "a", "code", "h2")
            for slash in ("", "/")
        ),
        *('<a href="https://e.org/?a=growth&b=hormone">', '<a href="https://e.org/?q=%22>growth">', "<br>", "<script>"),
    ]
    return "".join(chance.choices(pieces, k=chance.randint(1, 60)))


def test_links_change_nothing_but_links() -> None:
    sources = [clean_html(some_html(random.Random(seed))) for seed in range(400)]  # noqa: S311  # the same each time
    for source in sources:
        made = linked(source)
        assert re.sub(r'<a class="term-link"[^>]*>(.*?)</a>', r"\1", made) == source
        assert plain_text(made) == plain_text(source)
        assert nests(made) == nests(source)
    # Else this would show nothing.
    assert sum(len(links(source)) for source in sources) > 100
    assert sum(map(nests, sources)) > 300

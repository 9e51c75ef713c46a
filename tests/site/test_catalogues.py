"""Every text of the public pages in every language: marked where it is written, and translated whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import translation
from django.utils.dates import MONTHS

from consent.models import Notice
from tests.browser.pages import PAGES, TERMS
from tests.consent.builders import post
from tests.site.catalogues import (
    LANGUAGES,
    LOCALE,
    Catalogue,
    compile_to,
    compiled,
    in_language,
    marked_texts,
    messages_of,
    read,
)

PLACEHOLDER = re.compile(r"%\(\w+\)s")
MARKUP = re.compile(r"</?\w+[^>]*>")
FILES = {code: LOCALE / code / "LC_MESSAGES" / "django.po" for code in LANGUAGES}


@pytest.fixture(params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    return read(FILES[request.param])


def test_each_catalogue_holds_what_is_marked_and_nothing_else(catalogue: Catalogue) -> None:
    texts = {entry.text for entry in catalogue.entries}
    # Run `make messages`, and translate what is new.
    assert sorted(marked_texts() - texts) == []
    assert sorted(texts - marked_texts()) == []


def test_each_text_is_translated_in_every_plural_form(catalogue: Catalogue) -> None:
    for entry in catalogue.entries:
        assert not entry.fuzzy, entry.text
        assert len(entry.said) == (catalogue.forms if entry.text.many else 1), entry.text
        assert all(said.strip() for said in entry.said), entry.text


def test_arabic_has_six_plural_forms() -> None:
    assert read(FILES["ar"]).forms == 6


def test_translations_hold_what_the_text_holds(catalogue: Catalogue) -> None:
    for entry in catalogue.entries:
        text = entry.text
        wanted = set(PLACEHOLDER.findall(text.one + text.many))
        for said in entry.said:
            found = set(PLACEHOLDER.findall(said))
            assert found <= wanted, said
            # A form for one number alone may say it in words.
            assert wanted - found <= ({"%(counter)s"} if text.many else set()), said
            assert said.startswith((" ", "\n")) == text.one.startswith((" ", "\n")), said
            # Some stand in attributes, where markup and quotes would end them.
            assert '"' not in MARKUP.sub("", said), said
            tags = [re.sub(r' (lang|dir)="[\w-]+"', "", tag) for tag in MARKUP.findall(said)]
            assert [tag for tag in tags if tag not in ("<bdi>", "</bdi>")] == MARKUP.findall(text.one), said


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_served_is_what_was_translated(code: str) -> None:
    # Compiled catalogues are committed, so that the site runs without gettext's programs. Run `make messages`.
    assert compiled(FILES[code].with_suffix(".mo")) == messages_of(read(FILES[code]))


# What stands in pages in any language: names, forms of data, and parts of the address of a notice.
NOT_WORDS = {"BibTeX", "RIS", "UTC", "SHA", "JSON", "Aa", "Cg", "English", "Deutsch", "Español", "Clinical", "Glossary"}


@pytest.fixture
def nothing_rendered() -> Iterator[None]:
    """No part of a page kept from another catalogue than that of the test, nor afterwards from this one."""
    caches["template_fragments"].clear()
    yield
    caches["template_fragments"].clear()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("nothing_rendered")
def test_no_page_has_a_text_that_is_not_marked(client: Client, settings: Any, tmp_path: Path) -> None:
    # German, with every letter replaced by another that no text of ours has. What is still readable is not marked.
    strange = str.maketrans({letter: chr(ord(letter) - ord("A") + ord("Ａ")) for letter in ascii_letters})
    pieces = re.compile(f"{PLACEHOLDER.pattern}|{MARKUP.pattern}")

    def disguise(text: str) -> str:
        kept = pieces.findall(text)
        return "".join(
            piece.translate(strange) + rest for piece, rest in zip(pieces.split(text), [*kept, ""], strict=True)
        )

    catalogue = read(FILES["de"])
    for entry in catalogue.entries:
        entry.said = [disguise(text) for text in (entry.text.one, entry.text.many) if text]
    compile_to(tmp_path / "de" / "LC_MESSAGES" / "django.mo", messages_of(catalogue))
    settings.LOCALE_PATHS = [tmp_path]
    exec(TERMS, {})  # noqa: S102  (ours: terms in every state)
    post(client, choice="accept_all")
    with translation.override("de"):
        months = {str(month) for month in MONTHS.values()}  # Django's
    # Attributes and titles can't say that a part of them is in English: the names of terms, topics and people.
    written = set(re.findall(r"\w+", TERMS.replace("\\n", " ") + "Detailed Cookie Preferences"))
    found = {}
    for path in (*PAGES.values(), "/consent/receipt/", f"/consent/notices/{Notice.objects.get().sha256}/"):
        page = Words(client.get(in_language(path, "de")).content.decode())
        assert page.seen, path
        readable = words_in(page.seen) | (words_in(page.named) - written)
        if unmarked := sorted(readable - NOT_WORDS - months - set(re.findall(r"\w+", path))):
            found[path] = unmarked
    assert found == {}


def words_in(texts: list[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"\b[A-Za-z]{2,}\b", text)}


class Words(HTMLParser):
    """What a page says to somebody who reads or hears it, but for what says that it is in English."""

    VOID = frozenset(("meta", "link", "input", "br", "img"))
    UNSEEN = frozenset(("script", "style", "template", "code", "pre"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.named: list[str] = []
        self.inside = ""
        self.within: list[bool] = [True]
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        language = given.get("lang")
        is_ours = self.within[-1] and tag not in self.UNSEEN if language is None else language == "de" and tag != "a"
        if tag not in self.VOID:
            self.within.append(is_ours)
        self.inside = tag
        if is_ours:
            names = ("aria-label", "title", "placeholder", "alt")
            self.named += [value for name in names if (value := given.get(name))]
            if given.get("name") == "description":
                self.named.append(given.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.within.pop()
        self.inside = ""

    def handle_data(self, data: str) -> None:
        # Addresses and hashes are no words.
        if self.within[-1] and not re.search(r"://|^\s*[0-9a-f]{12,}\s*$", data):
            (self.named if self.inside == "title" else self.seen).append(data)

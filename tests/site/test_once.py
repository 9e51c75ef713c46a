"""What is rendered once is rendered again whenever anything that goes into it is another, and only then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar, NamedTuple

import pytest
from django.template import Context, TemplateSyntaxError, engines
from django.template.base import Template
from django.utils import translation
from django.utils.safestring import mark_safe

from glossary.models import PublishedEntry
from glossary.templatetags import once


@dataclass(frozen=True, slots=True)
class Shown:
    """Something to be shown that counts how often it is."""

    text: str
    parts: tuple[Any, ...] = ()
    count: ClassVar[list[str]] = []

    def counted(self) -> str:
        self.count.append(self.text)
        return self.text


class Pair(NamedTuple):
    first: str
    second: str


def template(inside: str, values: str = "shown=shown") -> Template:
    made = engines["django"].from_string(f"{{% load i18n once %}}{{% once {values} %}}{inside}{{% endonce %}}")
    return made.template  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    Shown.count.clear()


def test_the_same_values_are_rendered_once() -> None:
    part = template("{{ shown.counted }}")
    for text in ("a", "b", "a", "a", "b"):
        assert part.render(Context({"shown": Shown(text)})) == text
    assert Shown.count == ["a", "b"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<b>", mark_safe("<b>")),
        (1, True),
        (1, "1"),
        (0, ""),
        (None, ""),
        (("<b>",), (mark_safe("<b>"),)),
        (("a", "b"), Pair("a", "b")),
        (Shown("x", ("<b>",)), Shown("x", (mark_safe("<b>"),))),
        (
            datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
            datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1))),
        ),
        (date(2026, 3, 1), date(2026, 3, 2)),
    ],
)
def test_values_that_only_seem_alike_are_told_apart(one: Any, other: Any) -> None:
    assert once.plain(one) != once.plain(other)


def test_safe_and_unsafe_text_are_each_shown_as_they_are() -> None:
    part = template("{{ shown }}")
    safe = mark_safe("<b>bold</b>")
    assert part.render(Context({"shown": safe})) == "<b>bold</b>"
    assert part.render(Context({"shown": str(safe[:])})) == "&lt;b&gt;bold&lt;/b&gt;"


def test_each_language_has_its_own() -> None:
    part = template('{% translate "Topics" %}', "")
    found = []
    for language in ("en-gb", "de", "en-gb", "ar"):
        with translation.override(language):
            found.append(part.render(Context({})))
    assert found[:3] == ["Topics", "Themen", "Topics"]
    assert len(set(found)) == 3


def test_nothing_else_of_the_page_gets_in() -> None:
    part = template("{{ shown }}{{ request }}{{ secret }}")
    assert part.render(Context({"shown": "a", "request": "r", "secret": "s"})) == "a"


def test_rows_of_the_database_and_what_can_change_are_refused() -> None:
    for value in (PublishedEntry(title="A"), [1], {"a": 1}, (PublishedEntry(title="A"),)):
        with pytest.raises(TypeError, match="give it what is shown of it"):
            template("{{ shown }}").render(Context({"shown": value}))


def test_a_block_inside_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError, match="can't hold a block"):
        template("{% block title %}{% endblock %}", "")
    with pytest.raises(TemplateSyntaxError, match="values with their names"):
        template("", "shown")


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST", 2)
    part = template("{{ shown.counted }}")
    for text in ("a", "b", "c", "b", "a"):
        part.render(Context({"shown": Shown(text)}))
    assert Shown.count == ["a", "b", "c", "a"]

"""How an insertion or a deletion looks, and how it is announced to somebody who doesn't see it."""

import re
from collections.abc import Iterator

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from glossary.document.blocks import Block, Change, Segment, Shape
from glossary.templatetags.content import interface_language
from glossary.text.characters import INVISIBLE, as_read

register = template.Library()

ELEMENTS = {
    Change.ADDED: ("ins", gettext_lazy("added:"), gettext_lazy("(end of addition)")),
    Change.REMOVED: ("del", gettext_lazy("removed:"), gettext_lazy("(end of removal)")),
}
SHAPES = {
    "p": gettext_lazy("paragraph"),
    "li": gettext_lazy("list item"),
    "oli": gettext_lazy("numbered list item"),
}
EMPHASES = {
    "strong": gettext_lazy("bold"),
    "em": gettext_lazy("italic"),
    "sub": gettext_lazy("subscript"),
    "sup": gettext_lazy("superscript"),
}
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


@register.filter
def marked(block: Block) -> SafeString:
    """Return the segments of a block as HTML, without a blank between them that isn't theirs."""
    html = SafeString("")
    for note in notes(block):
        html += format_html('<span class="difference__note"{}>{}</span> ', interface_language(), note)
    for segment, twin in _with_twins(block):
        content = _content(segment, twin)
        if segment.change in ELEMENTS:
            element, before, after = ELEMENTS[segment.change]
            announced = (
                format_html('<span class="visually-hidden"{}> {} </span>', interface_language(), words)
                for words in (before, after)
            )
            content = format_html("<{0}>{2}{1}{3}</{0}>", element, content, *announced)
        html += content
    return html


@register.filter
def marked_barely(block: Block) -> SafeString:
    """Return the segments of a block as HTML without classes, for programs that read feeds."""
    html = SafeString("")
    for note in notes(block):
        html += format_html("<em>({})</em> ", note)
    for segment, twin in _with_twins(block):
        content = _content(segment, twin, classes=False)
        element = ELEMENTS[segment.change][0] if segment.change in ELEMENTS else ""
        html += format_html("<{0}>{1}</{0}>", element, content) if element else content
    return html


def _with_twins(block: Block) -> Iterator[tuple[Segment, Segment | None]]:
    """Yield each segment, with the one beside it that it was or became."""
    segments = block.segments
    for before, segment, after in zip((None, *segments), segments, (*segments[1:], None), strict=False):
        other = before if segment.change is Change.ADDED else after
        yield segment, other if other and {other.change, segment.change} == set(ELEMENTS) else None


@register.filter
def notes(block: Block) -> list[str]:
    """Return in words what happened to a block besides its words."""
    found = []
    if block.moved:
        old, new = block.moved
        found.append(gettext("moved from place %(old)s to place %(new)s") % {"old": old, "new": new})
    if block.was and (block.was.tag, block.was.level) != (block.shape.tag, block.shape.level):
        found.append(
            gettext("%(old)s became %(new)s") % {"old": _shape_name(block.was), "new": _shape_name(block.shape)}
        )
    elif block.was:
        found.append(gettext("begins a new list") if block.shape.begins else gettext("continues the list above"))
    if block.divided:
        found.append(gettext("split off from the text above"))
    if block.joined:
        found.append(gettext("joined from separate parts"))
    return found


def _shape_name(shape: Shape) -> str:
    name = str(SHAPES[shape.tag])
    if shape.tag == "p" and shape.level:
        return gettext("%(what)s inside a list") % {"what": name}
    if shape.level > 1:
        return gettext("%(what)s of level %(level)s") % {"what": name, "level": shape.level}
    return name


def _content(segment: Segment, twin: Segment | None, *, classes: bool = True) -> SafeString:
    """Return what is in a segment as HTML. ``twin`` is what it was, or became."""
    text = segment.text
    if twin and as_read(twin.text) == as_read(text) and twin.text != text:
        # They would look the same.
        text = _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
    # A line break that was added or removed is nothing that could be seen.
    line_break = "<br>" if segment.change is Change.SAME else "↵<br>"
    html = SafeString(conditional_escape(text).replace("\n", line_break))
    for tag in reversed(segment.tags):
        html = format_html("<{}>{}</{}>", tag, html, tag)
    if segment.href:
        html = _span("difference__link", html) if classes else html
        if segment.change is not Change.SAME:
            # Where a changed link leads is part of the change.
            goal = format_html("→ {}", segment.href)
            html = format_html("{} {}", html, _span("difference__goal", goal) if classes else goal)
    if twin and segment.change is Change.ADDED and twin.text == segment.text:
        for words in _emphasis(twin, segment):
            html += format_html(" {}", _span("difference__goal", words, interface_language()) if classes else words)
    return html


def _span(name: str, content: str, attributes: str = "") -> SafeString:
    return format_html('<span class="{}"{}>{}</span>', name, attributes, content)


def _emphasis(old: Segment, new: Segment) -> Iterator[str]:
    """Yield in words which emphasis the same text got or lost."""
    for words, tags in (
        (gettext("(now %(emphasis)s)"), set(new.tags) - set(old.tags)),
        (gettext("(no longer %(emphasis)s)"), set(old.tags) - set(new.tags)),
    ):
        names = ", ".join(str(name) for tag, name in EMPHASES.items() if tag in tags)
        if names:
            yield words % {"emphasis": names}

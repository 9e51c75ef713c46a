"""How an insertion or a deletion looks, and how it is announced to somebody who doesn't see it."""

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from glossary.comparing import Block, Change, Segment
from glossary.templatetags.content import interface_language

register = template.Library()

ELEMENTS = {
    Change.ADDED: ("ins", gettext_lazy("added:"), gettext_lazy("(end of addition)")),
    Change.REMOVED: ("del", gettext_lazy("removed:"), gettext_lazy("(end of removal)")),
}


@register.filter
def marked(block: Block) -> SafeString:
    """Return the segments of a block as HTML, without a blank between them that isn't theirs."""
    html = SafeString("")
    for segment in block.segments:
        html += _marked(segment)
    return html


def _marked(segment: Segment) -> SafeString:
    html = SafeString(conditional_escape(segment.text).replace("\n", "<br>"))
    for tag in reversed(segment.tags):
        html = format_html("<{}>{}</{}>", tag, html, tag)
    if segment.href:
        html = format_html('<span class="difference__link">{}</span>', html)
        if segment.change is not Change.SAME:
            # Where a changed link leads is part of the change.
            html = format_html('{} <span class="difference__goal">→ {}</span>', html, segment.href)
    if segment.change not in ELEMENTS:
        return html
    element, before, after = ELEMENTS[segment.change]
    return format_html(
        '<{0}><span class="visually-hidden"{4}> {1} </span>{2}<span class="visually-hidden"{4}> {3} </span></{0}>',
        element,
        before,
        html,
        after,
        interface_language(),
    )

"""Parts of pages that are the same whenever the same values go into them: rendered once, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.loader_tags import BlockNode
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.safestring import SafeString

register = template.Library()

#: How many renderings each place remembers, whatever goes into them.
MOST = 256


@register.tag
def once(parser: Parser, token: Token) -> OnceNode:
    """Render what stands up to ``endonce`` once for each language and for the same values.

    ``{% once body=page.body %}…{% endonce %}``. Inside, these values are all that there is of the context, so that
    nothing can be remembered that isn't asked for: nothing of the request above all. They are plain ones (texts,
    numbers, dates, dataclasses and tuples of them), and are compared whole; rows of the database are refused. What is
    inside must not query.
    """
    bits = token.split_contents()[1:]
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(
            f"once takes values with their names, such as body=page.body, not {bits[0]!r}."
        )
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(BlockNode):
        raise template.TemplateSyntaxError("once can't hold a block: other templates would put something else there.")
    return OnceNode(values, nodelist)


class OnceNode(Node):
    def __init__(self, values: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.values = values
        self.nodelist = nodelist
        self.remembered: dict[tuple[Hashable, ...], SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        values = {name: value.resolve(context) for name, value in self.values.items()}
        # What reverse() and everything else in a template go by without being told.
        key = (translation.get_language(), get_script_prefix(), *map(plain, values.values()))
        html = self.remembered.get(key)
        if html is None:
            html = self.nodelist.render(context.new(values))
            while len(self.remembered) >= MOST:
                # The oldest. Another thread may have taken it already.
                self.remembered.pop(next(iter(self.remembered)), None)
            self.remembered[key] = html
        return html


def plain(value: Any) -> Hashable:
    """Return what tells a value from every other that is shown in another way.

    With its type, since ``1`` is ``True`` elsewhere, and a text that is safe equals the same one that isn't. Raises
    ``TypeError`` for what isn't plain.
    """
    kind = value.__class__
    if kind in (str, SafeString, int, bool, float, type(None)):
        return kind, value
    if isinstance(value, tuple):
        return kind, *map(plain, value)
    if is_dataclass(value):
        return kind, *map(plain, _parts_of(kind)(value))
    if isinstance(value, date):
        # With its offset: the same moment is another day elsewhere.
        return kind, value.isoformat()
    raise TypeError(f"once can't tell one {kind.__name__} from another: give it what is shown of it.")


@cache
def _parts_of(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads all fields of a dataclass."""
    names = [field.name for field in fields(kind)]
    return attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)

"""Templates without the indentation that is for those who read them: it would be sent with every page."""

from __future__ import annotations

import re
from typing import cast

from django.template import Origin, Template
from django.template.base import TextNode
from django.template.loaders import base, cached

_AS_WRITTEN = re.compile(r"<(pre|textarea)\b")
_BREAK = re.compile(r"\s*\n\s*")


class _Unindented(base.Loader):
    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        if template_name.endswith(".html") and not _AS_WRITTEN.search(template.source):
            texts = cast("list[TextNode]", template.nodelist.get_nodes_by_type(TextNode))
            for text in texts:
                text.s = _BREAK.sub("\n", text.s)
        return template


class Loader(cached.Loader, _Unindented):
    """Finds templates as the loaders that it is given do, and keeps them with a line break for each stretch of blanks
    that has one. Templates with ``<pre>`` or ``<textarea>`` stay as they are written.
    """

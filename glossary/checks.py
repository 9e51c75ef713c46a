"""System checks: mistakes in the configuration that could lose what an editor wrote."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django_prose_editor.config import allowlist_from_extensions, expand_extensions

from glossary.admin.widgets import PROSE_EXTENSIONS
from glossary.document import markup


@register()
def editor_offers_what_is_kept(**kwargs: Any) -> list[CheckMessage]:
    """Compare what the prose editor lets people write with what the allow-list keeps."""
    offered = allowlist_from_extensions(expand_extensions(PROSE_EXTENSIONS))
    attributes = {tag: set(names) for tag, names in offered["attributes"].items()}
    if offered["tags"] == markup.TAGS and attributes == markup.ATTRIBUTES:
        return []
    return [
        Error(
            f"The prose editor and the allow-list of HTML differ: {_differences(offered['tags'], attributes)}.",
            hint="Bring PROSE_EXTENSIONS (glossary/admin/widgets.py) together with TAGS and ATTRIBUTES "
            "(glossary/document/markup.py).",
            id="glossary.E001",
        )
    ]


def _differences(tags: set[str], attributes: dict[str, set[str]]) -> str:
    offered, kept = _names(tags, attributes), _names(markup.TAGS, markup.ATTRIBUTES)
    lines = {"only offered": offered - kept, "only kept": kept - offered}
    return "; ".join(f"{words}: {', '.join(sorted(names))}" for words, names in lines.items() if names)


def _names(tags: Any, attributes: Any) -> set[str]:
    return {*tags, *(f"{tag}[{name}]" for tag, names in attributes.items() for name in names)}

"""What texts mention, found once for as long as the same names are known.

Note [What is remembered of texts]
    A published text is frozen, and names change far less often than pages are rendered. So what was found in texts is
    remembered in this process: under the texts themselves, whose page it is, and the newest change of names that it was
    found with. Nothing can be out of date there, since whatever changes is asked for under another key.
"""

from __future__ import annotations

from collections.abc import Mapping

from glossary.document.markup import clean_html
from glossary.linking.current import current_names
from glossary.linking.definitions import defined_otherwise
from glossary.linking.fragments import Fragment, fragment_of

# Texts of so many pages, about 15 KB each.
_MOST = 512

remembered: dict[tuple[tuple[str, ...], int | None, int], tuple[Fragment, ...]] = {}


def fragments_in(texts: Mapping[str, str], *, own: int | None, token: int | None) -> dict[str, Fragment]:
    """Return the texts (HTML, cleaned here) with the mentions in them that shall become links, by the texts' names.

    ``own`` is the term whose page this is, to which nothing leads; ``token`` what ``newest_change`` gave, or ``None``
    to have it asked for and nothing remembered.
    """
    if not token:
        # 0 is the token of every database in which nothing has been published yet.
        return dict(zip(texts, _found(tuple(texts.values()), own, token), strict=True))
    key = (tuple(texts.values()), own, token)
    found = remembered.get(key)
    if found is None:
        found = _found(*key)
        while len(remembered) >= _MOST:
            # The oldest. Another thread may have taken it already.
            remembered.pop(next(iter(remembered)), None)
        remembered[key] = found
    return dict(zip(texts, found, strict=True))


def _found(texts: tuple[str, ...], own: int | None, token: int | None) -> tuple[Fragment, ...]:
    names = current_names(token)
    # Cleaned when they were frozen, and once more here: a page is rendered once for many readers, and so neither a row
    # written around the actions nor a tag that the allow-list has dropped since can reach them.
    cleaned = [clean_html(text) for text in texts]
    defined = defined_otherwise(cleaned, names)
    return tuple(fragment_of(text, names, own=() if own is None else (own,), defined=defined) for text in cleaned)

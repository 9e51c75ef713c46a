"""What each process of ``rebuild_pages`` runs. Imports nothing that needs Django before Django is set up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from pagestore.rebuilding import Rebuilt
    from pagestore.serving import PageStore

_stores: list[PageStore] = []


def begin(folder: Path) -> None:
    """Make this process ready to render."""
    django.setup()
    from pagestore.rebuilding import rebuilding_store  # not before Django is set up

    _stores.append(rebuilding_store(folder))


def finish(paths: Sequence[str], everything: bool) -> Rebuilt:
    """Finish pages, as ``pagestore.rebuilding.finish`` does."""
    from pagestore import rebuilding  # not before Django is set up

    return rebuilding.finish(_stores[0], paths, everything=everything)

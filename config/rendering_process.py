"""What each process of ``rebuild_pages`` runs. Outside of ``config.pages``, which needs Django to be set up already:
a new process comes here first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from config.pages.rebuilding import Rebuilt
    from config.pages.serving import PageStore

_stores: list[PageStore] = []


def begin(folder: Path) -> None:
    """Make this process ready to render."""
    django.setup()
    from config.pages.rebuilding import store_for  # not before Django is set up

    _stores.append(store_for(folder))


def finish(paths: Sequence[str], everything: bool) -> Rebuilt:
    """Finish pages, as ``config.pages.rebuilding.finish`` does."""
    from config.pages import rebuilding  # not before Django is set up

    return rebuilding.finish(_stores[0], paths, everything=everything)

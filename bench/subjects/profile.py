"""What the slowest thing that the site still does spends its time on."""

from __future__ import annotations

import cProfile
import pstats
import re
import time
from collections.abc import Callable

from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from bench.figures import Figure
from bench.filling import SUPERUSER
from bench.subjects.admin import asked, rendered
from bench.subjects.pages import TYPICAL_AT, term_path
from bench.terms import NO_WORD, mistyped, titles
from bench.words import EVERYWHERE
from glossary.models import Term
from glossary.search import search

LINES = 12


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    user = User.objects.get(username=SUPERUSER)
    reader = Client(SERVER_NAME="127.0.0.1")
    desk = admin.site.get_model_admin(Term)
    key = str(Term.objects.get(slug=term_path(TYPICAL_AT).split("/")[2]).pk)
    works: dict[str, Callable[[], object]] = {
        "the term page": lambda: reader.get(term_path(TYPICAL_AT)),
        "the home page": lambda: reader.get("/"),
        "a letter": lambda: reader.get("/glossary/letter/a/"),
        "a search for a word of every term": lambda: search(EVERYWHERE),
        "a search with a typing error": lambda: search(mistyped(titles(1_000)[5])),
        "a search without any hit": lambda: search(NO_WORD),
        "the desk’s list": lambda: rendered(desk.changelist_view(asked(user))),
        "the desk’s form": lambda: rendered(desk.change_view(asked(user), key)),
    }
    took = {name: _seconds(work) for name, work in works.items()}
    slowest = max(took, key=lambda name: took[name])
    profile = cProfile.Profile()
    profile.runcall(works[slowest])
    stats = pstats.Stats(profile).get_stats_profile()
    lines = sorted(stats.func_profiles.items(), key=lambda line: line[1].tottime, reverse=True)[:LINES]
    return [
        Figure("profile", f"The slowest: {slowest}", "ms", size, (took[slowest] * 1e3,)),
        *(
            Figure(
                "profile",
                f"`{_short(profiled.file_name)}` {name}",
                "% of it",
                size,
                (profiled.tottime / stats.total_tt * 100,),
            )
            for name, profiled in lines
        ),
    ]


def _seconds(work: Callable[[], object]) -> float:
    work()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _short(file: str) -> str:
    """Return the path of a file in its package or in the project, without where those are on this machine."""
    return re.sub(r"^.*/(site-packages|python3\.\d+)/|^.*/(?=(glossary|consent|config|bench)/)", "", file)

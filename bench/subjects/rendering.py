"""Terms' pages rendered for each request, without the page store: beside Wagtail, and Django's empty view."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from bench.beside import wagtail
from bench.figures import Figure
from bench.sites import Run
from bench.subjects.pages import (
    TYPICAL_AT,
    WALK,
    Contender,
    compared,
    left_out,
    serving_empty,
    term_path,
)
from bench.terms import slug, titles


def measure(run: Run) -> list[Figure]:
    path = term_path(TYPICAL_AT)
    with contextlib.ExitStack() as stack:
        contenders = [
            Contender(f"site {site.size}", stack.enter_context(site.serving(PAGE_STORE="0")), [path], {})
            for site in run.sites
        ]
        contenders.append(Contender("empty", stack.enter_context(serving_empty(run)), ["/"], {}))
        if not run.smoke:
            with left_out():
                beside = wagtail.prepare(stack.enter_context(run.databases.empty()), run.folder)
                their = [f"/{slug(titles(wagtail.PAGES)[TYPICAL_AT])}/"]
                contenders.append(Contender("wagtail", stack.enter_context(beside.serving(cached=False)), their, {}))
        found = compared("rendered", contenders, run)
        # One after the other, more than a process remembers anything of: each is rendered as if for the first time.
        many = [term_path(number) for number in range(20 if run.smoke else min(WALK, run.sites[0].size))]
        theirs = [f"/{slug(title)}/" for title in titles(wagtail.PAGES)]
        walking = [
            replace(each, paths=theirs if each.name == "wagtail" else many)
            for each in contenders
            if each.name != "empty"
        ]
        return found + compared("rendered in turn", walking, run)

"""The memory of a worker that has answered for everything once: pages, lists, search."""

from __future__ import annotations

from bench.figures import Figure
from bench.sites import Run
from bench.subjects.pages import BROTLI, fetch, term_path
from bench.terms import NO_WORD, RARE_WORD, mistyped, titles
from bench.words import EVERYWHERE

PAGES = 300
SEARCHES = (RARE_WORD, EVERYWHERE, NO_WORD, mistyped(titles(1_000)[5]).replace(" ", "+"))
LISTS = ("/", "/glossary/", "/glossary/letter/a/", "/glossary/tags/", "/sitemap.xml", "/cookies/")


def measure(run: Run) -> list[Figure]:
    figures = []
    for site in run.sites:
        with site.serving() as server:
            rss, pss = [], []
            for _ in range(run.rounds):
                for number in range(min(PAGES, site.size, 10 if run.smoke else PAGES)):
                    fetch(server, term_path(number), BROTLI)
                for path in (*LISTS, *(f"/search/?q={query}" for query in SEARCHES)):
                    for _ in range(8):  # so that each of the workers gets some
                        if (status := fetch(server, path).status) != 200:
                            raise RuntimeError(f"{path} answers {status}")
                workers = server.memory()
                rss.append(max(worker.rss for worker in workers))
                pss.append(max(worker.pss for worker in workers))
        figures += [
            Figure("memory", "Memory of the biggest worker (RSS)", "MB", site.size, tuple(rss)),
            Figure("memory, PSS", "the same, pages of several processes shared out (PSS)", "MB", site.size, tuple(pss)),
        ]
    return figures

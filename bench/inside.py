"""Measures a subject in the process of a site, and prints its figures as JSON.

``python -m bench.inside SUBJECT SIZE ROUNDS SECONDS``, in the site's environment: see :class:`bench.sites.Site`.
"""

from __future__ import annotations

import importlib
import sys

import django

from bench.figures import kept


def main() -> None:
    subject, size, rounds, seconds = sys.argv[1:]
    django.setup()
    module = importlib.import_module(f"bench.subjects.{subject}")
    figures = module.measure(size=int(size), rounds=int(rounds), seconds=float(seconds))
    sys.stdout.write(kept(figures))


if __name__ == "__main__":
    main()

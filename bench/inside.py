"""Measures subjects in the process of a site, and prints the figures of each as JSON.

``python -m bench.inside SIZE ROUNDS SECONDS SUBJECT…``, in the site's environment: see :class:`bench.sites.Site`.
"""

from __future__ import annotations

import importlib
import json
import sys

import django

from bench.figures import kept


def main() -> None:
    size, rounds, seconds, *subjects = sys.argv[1:]
    django.setup()
    found = {}
    for subject in subjects:
        module = importlib.import_module(f"bench.subjects.{subject}")
        found[subject] = kept(module.measure(size=int(size), rounds=int(rounds), seconds=float(seconds)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

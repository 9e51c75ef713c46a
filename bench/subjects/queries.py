"""How many queries each view takes. Counted, so a round is as good as many."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.figures import Figure
from bench.filling import SUPERUSER
from bench.subjects.pages import TYPICAL_AT, term_path
from bench.words import EVERYWHERE
from glossary.models import PublishedEntry


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    reader, desk = Client(SERVER_NAME="127.0.0.1"), Client(SERVER_NAME="127.0.0.1")
    desk.force_login(User.objects.get(username=SUPERUSER))
    term = PublishedEntry.objects.get(slug=term_path(TYPICAL_AT).split("/")[2])
    change = reverse("admin:glossary_term_change", args=[term.pk])
    views = {
        "Term page": (reader, term_path(TYPICAL_AT)),
        "Home page": (reader, reverse("glossary:home")),
        "A–Z": (reader, reverse("glossary:index")),
        "Letter": (reader, reverse("glossary:letter", args=["a"])),
        "Topic": (reader, reverse("glossary:tag", args=["pain"])),
        "Search": (reader, f"{reverse('glossary:search')}?q={EVERYWHERE}"),
        "Admin: list": (desk, reverse("admin:glossary_term_changelist")),
        "Admin: form": (desk, change),
    }
    figures = []
    for name, (client, path) in views.items():
        client.get(path)  # the first one may load what is kept for the others
        with CaptureQueriesContext(connection) as captured:
            status = client.get(path).status_code
        if status != 200:
            raise RuntimeError(f"{path} answers {status}")
        figures.append(Figure(f"queries, {name}", name, "queries", size, (float(len(captured)),)))
    return figures

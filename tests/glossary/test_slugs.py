"""The address of a term that is made from its title: the same in the form and in the import."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from glossary.models import PublishedEntry, Term
from tests.glossary.builders import document, publish
from tests.glossary.term_form import fields_of, signed_in

pytestmark = pytest.mark.django_db

TITLES = {
    "22q11.2 deletion": "22q11-2-deletion",
    "β-Carotene": "beta-carotene",
    "AR+": "ar-plus",
    "2,4-Dinitrophenol": "2-4-dinitrophenol",
    "Ménière’s & more": "menieres-and-more",
}


@pytest.mark.parametrize(("title", "slug"), TITLES.items())
def test_form_and_import_make_the_same_slug(tmp_path: Path, editor: User, title: str, slug: str) -> None:
    desk: Client = signed_in(editor)
    add = reverse("admin:glossary_term_add")
    page = desk.get(add)
    # Django's own script would make another one while somebody types.
    assert "prepopulated_fields" not in page.content.decode() or '"slug"' not in page.content.decode()
    assert desk.get(reverse("admin:glossary_term_similar"), {"title": title}).json()["slug"] == slug
    desk.post(add, fields_of(page) | {"title": title, "slug": "", "definition": "<p>x</p>"})
    assert Term.objects.get().slug == slug
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([{"title": title, "definition": "<p>x</p>"}]), encoding="utf-8")
    out = io.StringIO()
    call_command("import_terms", str(path), stdout=out, stderr=io.StringIO())
    assert "Unchanged: 1" in out.getvalue()


def test_the_addresses_of_topics_stay(editor: User, at: datetime, client: Client) -> None:
    publish(document("Alpha", tags=["Vitamin B1.2, new"]), by=editor, at=at)
    assert PublishedEntry.objects.get().entry_tags.get().slug == "vitamin-b12-new"
    assert "/glossary/tags/vitamin-b12-new/" in client.get("/glossary/alpha/").content.decode()

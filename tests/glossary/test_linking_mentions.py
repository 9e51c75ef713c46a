"""Which published texts mention a name: whatever links find in a text is found through the index."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User

from glossary import search
from glossary.actions import publish_terms, save_terms
from glossary.linking.fragments import pieces_of
from glossary.linking.mentions import TooMany, entries_that_mention
from glossary.linking.names import KnownName, Names
from glossary.models import Program
from tests.glossary.builders import document

pytestmark = pytest.mark.django_db

# A name, and how it may stand in a text.
SPELLED = [
    *[("estrogen", "oestrogens"), ("oestrogens", "estrogen"), ("anaemia", "Anemia"), ("biopsies", "biopsy")],
    *[("metastasis", "metastases"), ("analyses", "analysis"), ("β-blocker", "beta blockers"), ("AIDS", "AIDS")],
    *[("tumours", "tumor"), ("vertebra", "vertebrae"), ("ovum", "ova"), ("index", "indices"), ("nucleus", "nuclei")],
    *[("Crohn’s disease", "Crohn disease"), ("carcinoma", "carcinomata"), ("labelled cell", "labeled cells")],
    *[("Müllerian duct", "mullerian ducts"), ("goitre", "goiters"), ("sulphate", "sulfate"), ("analyse", "analyze")],
    *[("CDX44+", "CDX44+"), ("practise", "practice"), ("programme", "programs"), ("Tumour marker", "tumor-markers")],
    *[("Centre", "centers"), ("Catheterisation", "catheterization"), ("Catalog", "catalogues"), ("IUD", "IUDs")],
    *[("Labeled ray", "labelled rays"), ("License", "licence"), ("Aluminum", "aluminium"), ("Stigma", "stigmata")],
    *[("Ménière's disease", "Meniere’s disease"), ("سن اليأس", "سن اليأس"), ("Contractions", "contraction")],
    # Links know these, and search doesn't.
    *[("fornix", "fornices"), ("genus", "genera"), ("focus", "foci"), ("calix", "calices"), ("medium", "media")],
    # One word to one of them, and two to the other.
    *[("soft\u00adware", "soft\u00adwares"), ("half_life", "half_lives half_life"), ("TGFβ", "TGFβ")],
    *[
        ("o’clock test", "O'Clock tests"),
        ("½ life", "½ life"),
        ("ﬁbroid", "ﬁbroids"),
        ("a & e team", "A &amp; E teams"),
    ],
    *[
        ("vitamin D", "vitamin&nbsp;D"),
        ("صلى الله عليه وسلم", "ﷺ"),
        ("x" * 90, "x" * 90),
        ("Æther body", "æther bodies"),
    ],
]


@pytest.fixture
def published(editor: User, at: datetime) -> dict[int, str]:
    """Each text, in bold and in italics as well, on a page of its own: entry → text."""
    texts = [f"<p>Of {text}. <em>{text}</em> or <strong>{text}</strong>s</p>" for _, text in SPELLED]
    documents = [document(f"Page {number}", definition=text) for number, text in enumerate(texts)]
    terms = [saved.term for saved in save_terms(documents=documents, by=editor, at=at)]
    publish_terms(terms=terms, by=Program("Test"), at=at, emergency=True, reason="Test")
    return {term.pk: term.definition for term in terms}


@pytest.mark.slow
@pytest.mark.database
def test_the_pages_that_mention_a_name_are_found_however_it_is_spelled(published: dict[int, str]) -> None:
    names = [*(name for name, _ in SPELLED), *(text for _, text in SPELLED), "unheard-of", "it"]
    for name in names:
        for kind in ("title", "abbreviation"):
            known = Names([KnownName(1, name, kind)])
            mentioning = {
                pk
                for pk, text in published.items()
                for piece in pieces_of(text)
                if known.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after)
            }
            assert entries_that_mention([(name, kind)]) == mentioning, name
    for (name, _), pk in zip(SPELLED, published, strict=True):
        assert pk in entries_that_mention([(name, "title")]), f"{name}: the premise"
    several = [(name, "title") for name in names[:60]]
    assert entries_that_mention(several) == set.union(*(entries_that_mention([one]) for one in several))
    assert entries_that_mention([]) == set()


def test_only_pages_that_have_all_words_of_a_name_are_read(published: dict[int, str]) -> None:
    found = search.texts_with_traces_of(["Crohn’s disease"])
    assert [text.entry.title for text in found] == ["Page 13"]


def test_a_name_that_stands_in_too_many_texts_is_refused_before_they_are_read(published: dict[int, str]) -> None:
    with pytest.raises(TooMany):
        entries_that_mention([("of", "title"), ("page", "title"), ("means", "title"), ("what", "title")], at_most=3)

"""Which mentions of a name become links: the rules, case by case."""

from __future__ import annotations

import pytest

from glossary.linking import KnownName, Names


def names(*texts: str, kind: str = "title") -> Names:
    """Return names of as many terms, the first of which is term 1."""
    return Names(KnownName(number, text, kind) for number, text in enumerate(texts, start=1))


def found(known: Names, text: str) -> list[str]:
    """Return what would be linked in ``text``."""
    return [text[mention.start : mention.end] for mention in known.mentions(text) if mention.target]


# What is known, a text, and what of it is linked.
RULES = [
    ("case doesn't matter to words", ["Luteal phase"], "In the LUTEAL PHASE, the luteal phase.", 2),
    ("not inside a word", ["ovary"], "ovarylike, ovary2, _ovary, subovary", 0),
    ("not inside a word of another script", ["ovary"], "ovaryя, ovaryا, ovary\u0939", 0),
    ("punctuation ends a word", ["ovary"], "(ovary), “ovary”: ovary/testis; ovary.", 4),
    ("three letters at least", ["T3", "IL", "pH", "B12"], "T3, IL, pH and B12", 0),
    ("three letters are enough", ["LPS"], "the LPS", 1),
    ("an abbreviation's capitals count", ["AIDS"], "AIDS, Aids, aids", 1),
    ("also mixed ones", ["mRNA"], "mRNA, MRNA, mrna", 1),
    ("also with digits and hyphens", ["FSH-R1"], "FSH-R1, fsh-r1", 1),
    ("an abbreviation has a plural", ["NSAID"], "NSAIDs, NSAID's, nsaids, NSAIDS", 2),
    ("more than six capitals are a word", ["ECLAMPSIA"], "eclampsia", 1),
    ("a word in capitals is no word", ["all", "cat"], "ALL, CAT", 0),
    ("plural of a name", ["biopsy", "gene", "virus", "stress"], "biopsies, genes, viruses, stresses", 4),
    ("Latin and Greek plurals", ["vertebra", "analysis", "ovum", "index"], "vertebrae, analyses, ova, indices", 4),
    ("singular of a name", ["Growth factors", "Antibodies"], "a growth factor, an antibody", 2),
    ("only the last word has a plural", ["tube placement"], "tubes placement, tube placements", 1),
    ("no plural where there is none", ["thi", "pancrea", "glucos"], "this, pancreas is, glucose", 1),
    ("British like American", ["estrogen", "anemia", "tumor", "fiber"], "oestrogen, anaemia, tumour, fibre", 4),
    ("American like British", ["oedema", "leukaemia", "analyse", "practise"], "edema, leukemia, analyze, practice", 4),
    ("short words keep their letters", ["toe", "four", "prise"], "te, for, prize", 0),
    ("accents don't matter", ["Müllerian duct"], "the mullerian duct, the Mu\u0308llerian duct", 2),
    ("Greek letters may be spelled", ["β-estradiol"], "beta-estradiol, β-estradiol", 2),
    ("blank and hyphen are alike", ["beta blocker"], "beta-blocker, beta‑blocker, beta\u00a0blocker, beta  blocker", 4),
    ("other signs are not", ["beta blocker"], "beta. blocker, beta/blocker, beta, blocker", 0),
    ("possessive", ["Crohn's disease", "ovary"], "Crohn’s disease, Crohn disease, the ovary's", 3),
    ("a plus sign is a letter", ["CDX44"], "CDX44+ cells, CDX44+; CDX44", 1),
    ("and belongs to the name", ["CDX44+"], "CDX44 cells, CDX44+ cells", 1),
    ("not behind a prefix", ["androgen"], "anti-androgen, non‑androgen", 0),
    ("but in a compound", ["progesterone"], "progesterone-only pill, low-progesterone", 2),
    ("not in the name of another substance", ["insulin", "thyrotropin"], "insulin-like, thyrotropin-releasing", 0),
    ("not with a number or letter behind", ["GLP", "TNF"], "GLP-1, TNF-alpha, TNF-α", 0),
    ("not in an address", ["cancer"], "cancer.gov, info@cancer", 0),
]


@pytest.mark.parametrize(("rule", "known", "text", "count"), RULES, ids=[rule[0] for rule in RULES])
def test_a_rule_holds(rule: str, known: list[str], text: str, count: int) -> None:
    assert len(found(names(*known), text)) == count, found(names(*known), text)


def test_the_longest_name_is_linked_and_nothing_inside_it() -> None:
    known = names("growth", "growth factor", "insulin-like growth factor", "factor")
    assert found(known, "Insulin-like growth factors and growth factor, growth") == [
        "Insulin-like growth factors",
        "growth factor",
        "growth",
    ]


def test_of_two_that_overlap_the_longer_is_linked_and_a_shorter_one_that_still_fits() -> None:
    known = names("acute phase", "phase contrast microscopy", "acute")
    assert found(known, "acute phase contrast microscopy") == ["acute", "phase contrast microscopy"]


def test_a_shorter_name_survives_a_longer_one_that_ends_inside_a_word() -> None:
    assert found(names("bone", "bone marrow"), "bone marrowlike") == ["bone"]
    assert found(names("FSH", "FSH TSH"), "FSH tsh") == ["FSH"]


def test_an_abbreviation_by_kind_needs_its_letters() -> None:
    assert found(names("Ca", "Echo", kind="abbreviation"), "Ca, Echo, echo") == ["Echo"]


def test_a_name_of_two_terms_is_not_linked_unless_it_is_the_title_of_one() -> None:
    synonyms = Names(
        [KnownName(1, "cold", "synonym"), KnownName(2, "cold", "synonym"), KnownName(3, "ice cold", "title")]
    )
    assert found(synonyms, "cold and ice cold") == ["ice cold"]
    titled = Names([KnownName(1, "cold", "synonym"), KnownName(2, "Cold", "title")])
    [mention] = titled.mentions("a cold")
    assert (mention.target, set(mention.bearers)) == (2, {1, 2})
    assert not found(Names([KnownName(1, "Cold", "title"), KnownName(2, "Cold", "title")]), "cold")


def test_a_name_comes_before_the_singular_of_another() -> None:
    known = names("hormones", "hormone")
    assert [mention.target for mention in known.mentions("hormone, hormones")] == [2, 1]


def test_a_name_that_is_switched_off_is_not_linked_nor_what_is_inside_it() -> None:
    known = Names([KnownName(1, "growth factor", "title", linked=False), KnownName(2, "growth", "title")])
    assert found(known, "growth factor, growth") == ["growth"]
    # Of two bearers, the switch leaves one.
    known = Names([KnownName(1, "cold", "synonym", linked=False), KnownName(2, "cold", "synonym")])
    assert [mention.target for mention in known.mentions("cold")] == [2]


def test_names_that_are_replaced_are_as_if_they_had_been_built_so() -> None:
    first = [KnownName(1, "growth factor", "title"), KnownName(2, "growth", "title"), KnownName(2, "GFX", "synonym")]
    then = [KnownName(1, "factors", "title"), KnownName(2, "growth", "title"), KnownName(3, "growth", "synonym")]
    text = "growth factor, growth, factor, factors, GFX"
    changed = Names(first)
    changed.replace([1, 2, 3], then)
    assert changed.mentions(text) == Names(then).mentions(text)
    changed.replace([3], [])
    assert changed.mentions(text) == Names(then[:2]).mentions(text)
    changed.replace([1, 2], [])
    assert changed.mentions(text) == []


@pytest.mark.parametrize("text", ["", " ", "\u0301", "'’'", "+", "𝛽", "_", "a" * 50_000, "growth " * 5_000])
def test_any_text_can_be_read(text: str) -> None:
    assert len(names("growth", "\u0301\u0302\u0303", "+++", "").mentions(text)) == text.count("growth")

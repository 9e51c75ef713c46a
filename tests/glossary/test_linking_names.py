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
    ("the article doesn't matter inside a name", ["disease of bone", "disease"], "a disease of the bone", 1),
    ("nor if the name has it", ["sarcoma of the bone", "sarcoma"], "sarcoma of bone, sarcoma of  the bone", 2),
    ("but other small words do", ["disease of bone"], "disease of a bone, disease of this bone", 0),
    (
        "the beginning of another name with an article is let go",
        ["rise of the sun", "rise of tide"],
        "rise of the tide",
        1,
    ),
    ("an article may come first or last", ["the pill", "off the"], "the pill, off the, pill", 2),
]

# What is known, a text, and the words of it that are held back.
HELD_BACK = [
    ("a word of a proper name", ["Disease"], "by the Centers for Disease Control and others", "Disease"),
    ("the last word of one", ["Cancer"], "by the Joint Committee on Cancer, by National Cancer", "Cancer Cancer"),
    ("no word at the beginning of a sentence", ["Cancer"], "Cancer Registries. Cancer Registries", ""),
    ("nor behind the first word of one", ["Cancer"], "This Cancer grows. Das Cancer", ""),
    ("nor one that is capitalised alone", ["Cancer"], "of Cancer, of a Cancer; Lung, Cancer", ""),
    ("nor in lower case", ["cancer"], "by the American cancer centre in Boston", ""),
    ("nor in a text in capitals", ["cancer"], "ON THE CANCER CENTRE", ""),
    ("nor a name of several words", ["cancer cell"], "the American Cancer Cell Society", ""),
    (
        "a verb behind a verb that needs one",
        ["mean"],
        "it may mean, they cannot mean, will also mean",
        "mean mean mean",
    ),
    ("no noun", ["mean"], "the mean, may be the mean, a May mean", ""),
    ("no verb that is the name", ["metastasise"], "may metastasise", ""),
    ("the plural's singular behind a plural", ["Tears"], "nerves tear; a tear, the tears, diabetes tears", "tear"),
    (
        "the end of a longer name",
        ["Blood", "High blood pressure"],
        "a blood pressure; blood-pressure of blood",
        "blood blood",
    ),
    ("in the plural too", ["nerve", "optic nerve fibre"], "nerve fibers", "nerve"),
    ("not the last word", ["pressure", "High blood pressure"], "blood pressure", ""),
    ("not an adjective", ["arterial", "high arterial pressure"], "arterial pressure", ""),
    ("not within a name", ["Blood", "Blood pressure", "High blood pressure"], "blood pressure", ""),
    ("not where a sign is between", ["Blood", "High blood pressure"], "blood, pressure; blood pressure-like", ""),
    ("of no name of two words", ["Blood", "pressure of blood", "pressure blood"], "blood pressure", ""),
]


@pytest.mark.parametrize(("rule", "known", "text", "words"), HELD_BACK, ids=[rule[0] for rule in HELD_BACK])
def test_a_doubtful_mention_is_found_and_held_back(rule: str, known: list[str], text: str, words: str) -> None:
    mentions = names(*known).mentions(text)
    assert [text[each.start : each.end] for each in mentions if each.doubt] == words.split()
    assert not any(each.target for each in mentions if each.doubt)


def test_a_synonym_before_the_word_gene_is_the_gene() -> None:
    """A disease is often called like its gene. A term about the gene has that as its title."""
    known = Names(
        [KnownName(1, "LIS1", "abbreviation"), KnownName(2, "BRCA1", "title"), KnownName(3, "Jumper", "synonym")]
    )
    assert found(known, "the LIS1 gene, LIS1 genes, BRCA1 gene, the jumper gene") == ["BRCA1", "jumper"]
    assert found(known, "LIS1 in general, LIS1") == ["LIS1", "LIS1"]


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


def test_words_that_belong_together_are_replaced_with_their_names() -> None:
    changed = names("Blood", "High blood pressure", "Low blood pressure")
    assert found(changed, "blood pressure") == []
    changed.replace([2], [KnownName(2, "Hypertension", "title")])
    assert found(changed, "blood pressure") == []
    changed.replace([3], [])
    assert found(changed, "blood pressure") == ["blood"]
    changed.replace(
        [2], [KnownName(2, "High blood pressure", "title"), KnownName(2, "raised blood pressure", "synonym")]
    )
    changed.replace([2], [])
    assert found(changed, "blood pressure") == ["blood"]


@pytest.mark.parametrize("text", ["", " ", "\u0301", "'’'", "+", "𝛽", "_", "a" * 50_000, "growth " * 5_000])
def test_any_text_can_be_read(text: str) -> None:
    assert len(names("growth", "\u0301\u0302\u0303", "+++", "").mentions(text)) == text.count("growth")

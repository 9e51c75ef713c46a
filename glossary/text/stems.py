"""The stem that the forms of one English or Latin word share: hormone and hormones, diagnosis and diagnoses.

Inflection only. Stemmers that also cut derivations (Porter's make "organ" of "organic" and "organization") find more
and show the reader what was not asked for; and they know nothing of the plurals of anatomy.
"""

from __future__ import annotations

import re

_IRREGULAR = {
    "apices": "apex",
    "appendices": "appendix",
    "atria": "atrium",
    "bacteria": "bacterium",
    "bronchi": "bronchus",
    "cervices": "cervix",
    "children": "child",
    "cilia": "cilium",
    "cortices": "cortex",
    "criteria": "criterion",
    "crania": "cranium",
    "feet": "foot",
    "flagella": "flagellum",
    "ganglia": "ganglion",
    "helices": "helix",
    "indices": "index",
    "larynges": "larynx",
    "lice": "louse",
    "matrices": "matrix",
    "men": "man",
    "meninges": "meninx",
    "mice": "mouse",
    "mitochondria": "mitochondrion",
    "ova": "ovum",
    "pelves": "pelvis",
    "phalanges": "phalanx",
    "pharynges": "pharynx",
    "phenomena": "phenomenon",
    "protozoa": "protozoon",
    "septa": "septum",
    "sera": "serum",
    "spectra": "spectrum",
    "teeth": "tooth",
    "testes": "testis",
    "varices": "varix",
    "vertices": "vertex",
    "women": "woman",
}
# They end like plurals and are none.
_SINGULAR = frozenset(
    [
        "atlas",
        "bias",
        "biceps",
        "canvas",
        "forceps",
        "gas",
        "herpes",
        "lens",
        "mens",
        "pancreas",
        "psoas",
        "rabies",
        "scabies",
        "series",
        "species",
    ]
)
# What makes another word of a root: menopausal, contraceptive, endometrial, ovulation.
_DERIVED = re.compile(
    r"(?<=[a-z]{5})(?:ational|ation|ional|ion|ical|ial|al|ic|ian|ive|ivity|ity|ous|ly|ment|ary|ory|or|er|ist|ism|at|iv)$"
)
_VOWEL = re.compile(r"[aeiouy]")
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")


def stem(word: str) -> str:
    """Return the stem of ``word`` (folded, in one spelling); it needn't be a word.

    >>> stem("hormones"), stem("diagnoses"), stem("nuclei"), stem("screening")
    ('hormon', 'diagnos', 'nucleus', 'screen')
    """
    if not (word.isascii() and word.isalpha()) or len(word) < 3:
        return word
    word = _IRREGULAR.get(word, word)
    if len(word) < 4 or word in _SINGULAR:
        return word
    word = _without_verb_ending(_singular(word))
    if len(word) >= 4 and word.endswith("e"):
        word = word[:-1]
    # Modelling and modeling; but a cell stays a cell.
    return word[:-1] if len(word) >= 5 and word.endswith("ll") else word


def root(stem: str) -> str:
    """Return what a stem has in common with words derived like it: ``menopaus`` for menopausal.

    Coarse, and for the beginnings of words: where nothing has the word itself.
    """
    return _DERIVED.sub("", stem)


def _singular(word: str) -> str:
    for ending, other, least in (
        ("mata", "ma", 7),
        ("sses", "ss", 5),
        ("sis", "s", 5),
        ("ies", "y", 5),
        ("ie", "y", 5),
        ("xes", "x", 4),
        ("ches", "ch", 5),
        ("shes", "sh", 5),
        ("ses", "s", 6),
        ("zes", "z", 5),
        ("i", "us", 5),
    ):
        if word.endswith(ending) and len(word) >= least:
            return word[: -len(ending)] + other
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_verb_ending(word: str) -> str:
    if word.endswith("ied"):
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and _VOWEL.search(rest) and not word.endswith("eed"):
            return _DOUBLED.sub(r"\1", rest) if len(rest) > 3 else rest
    return word

"""Why a mention of a name may not mean the term: it is found, and held back instead of linked.

Each rule reads the words of one sentence around the mention, and is described for editors in
``docs/howto/link-terms.md``. How the rules were chosen, and what they cost, is in docs/adr/0315.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: The reasons, as they continue a sentence whose subject is the mention.
PROPER_NAME = "is part of a proper name"
VERB = "is a verb"
GENE = "is the name of a gene"
LONGER = "is part of a longer expression"

# Words of everyday English that a glossary may define in a sense of its own, whose mentions mostly mean the usual one.
EVERYDAY = """
able about above access account act action active acute add advance age agent aid air all amount area arm art as
assay attack base bear bed benefit bind birth bite bleed block body bond bone book box break bridge bring burn
call can care carry case cast cause cell center centre chance change channel check chronic class clear close
cold common complete complex condition contact control core count course cover cross current cut cycle date day
dead decline defect degree delay depression develop device diet direct discharge dose drain draw drive drop drug
due early effect end energy engage event exercise exposure express face factor failure fall false fat feature
feel field figure fit fix flat flow flush focus follow force form free frequency front full function gain
general grade graft group grow growth hand hard harm head health heart heat help high history hold host image
impact in increase index induction information insult intake it joint key labour lead left lesion level life
lift light limb line link live load local long look loss low make mark marker mass match mature mean measure
medium mild mind minor model moderate mole monitor mood mother motion move natural need negative nerve neutral
normal null object off on onset open order organ outcome pain panel part pass past patch patient peak period
phase pill place plan plate play point pool positive power practice present pressure primary process product
profile progress pulse rate reaction reading recall receive record reduction reference reflex region regular
relative release relief remission rest result return right rise risk role root round sample scale scan score
screen secondary sense series serious set severe shift shock short sign signal simple site skin slow small smear
solid solution sound source spot stage standard state stem step stool stop strain stress stroke strong structure
study subject support surface survival swelling system target task tear test time tip tissue tone top total trace
track tract trait transfer treatment trial trigger turn type unit use value vessel void volume wall waste watch
wave weak week weight well who will word work wound year
"""
COMMON_WORDS = frozenset(EVERYDAY.split())

# Behind these, a word that can be a verb is one.
_AUXILIARIES = frozenset(["may", "might", "can", "could", "cannot", "will", "would", "shall", "should", "must"])
_BETWEEN = frozenset(["also", "even", "not", "only", "often", "sometimes", "then"])
# Small words within a proper name: “Joint Committee on Cancer”.
_LINKING = frozenset(["of", "for", "on", "the"])
_GENE = frozenset(["gene", "genes"])
_BLANK = frozenset((" ", "\u00a0"))
_SENTENCE_END = re.compile(r"[.!?:;•]\W*$")
# An adjective means the same in front of whatever it qualifies: “abdominal wall” is about the abdomen.
_ADJECTIVE = ("al", "ic", "ous", "ant", "ive", "ary", "ior", "ed")


def is_in_proper_name(parts: Sequence[str], word: int) -> bool:
    """Whether a word is part of a proper name: capitalised within a sentence, and so is a word beside it.

    ``parts`` is a text as ``WORD.split`` divides it; words are counted from 0. Not told apart at the beginning of a
    sentence, where a capital means nothing.
    """
    if not _is_capitalised(parts[2 * word + 1]) or word == 0 or parts[2 * word] not in _BLANK:
        return False
    if parts[2 * word + 2] in _BLANK and _is_capitalised(parts[2 * word + 3]):
        return True
    before = word - 1
    while before and parts[2 * before + 1] in _LINKING and parts[2 * before] in _BLANK:
        before -= 1
    return bool(before) and _is_capitalised(parts[2 * before + 1]) and not _SENTENCE_END.search(parts[2 * before])


def is_verb(parts: Sequence[str], word: int, key: str, *, only_plural: bool) -> bool:
    """Whether an everyday word (by its ``key``) is a verb: “it may mean”, “nerves tear”.

    ``only_plural`` says that the term bears the word only in the plural, as its name.
    """
    if key not in COMMON_WORDS or word == 0 or parts[2 * word] not in _BLANK:
        return False
    before = parts[2 * word - 1]
    if only_plural and len(before) > 3 and before.endswith("s") and not before.endswith(("ss", "us", "is")):
        return True
    if before in _BETWEEN and word > 1 and parts[2 * word - 2] in _BLANK:
        before = parts[2 * word - 3]
    return before in _AUXILIARIES


def is_gene(parts: Sequence[str], word: int) -> bool:
    """Whether the word behind this one says that it is the name of a gene."""
    return parts[2 * word + 2] in _BLANK and parts[2 * word + 3].casefold() in _GENE


def is_adjective(key: str) -> bool:
    """Whether a word looks like an adjective."""
    return key.endswith(_ADJECTIVE)


def _is_capitalised(written: str) -> bool:
    return len(written) > 1 and written[0].isupper() and written[1:].islower()

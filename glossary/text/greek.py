"""Greek letters and other signs, spelled in Latin letters."""

import re

GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
)
SPELLED = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", GREEK.split(), strict=True)) | {
    "+": " plus ",
    "−": " minus ",
    "&": " and ",
    "%": " percent ",
    "–": "-",
    "—": "-",
    "/": "-",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
}
SPELLED_SIGN = re.compile("|".join(map(re.escape, SPELLED)))

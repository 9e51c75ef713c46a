"""The citation of a published revision, as BibTeX and RIS write it.

Whoever wrote an entry together stands behind it as the glossary: that is its author, as for other works of many hands
without a name on them. Who reviewed the text is said in a note, since a reviewer isn't an author.

Both forms are in English and in UTF-8, and say nothing that changes from day to day: the same revision is the same
bytes until it is retired, reviewed anew, or moved.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

NAME = "Clinical Glossary"

# What LaTeX reads as a command. Braces as words: BibTeX counts them even behind a backslash.
_LATEX = str.maketrans(
    {sign: f"\\{sign}" for sign in "$&#%_"}
    | {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
    }
)
# Not by locale: the files are in English.
_MONTHS = ["January", "February", "March", "April", "May", "June"]
_MONTHS += ["July", "August", "September", "October", "November", "December"]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a citation down for programs."""

    name: str
    media_type: str
    write: Callable[[Citation], str]


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation says of a revision. ``notes`` are sentences: who reviewed it, and what stands against it."""

    title: str
    slug: str
    number: int
    published_date: date
    url: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its file, and its key in a bibliography: ASCII, and permanent."""
        return f"{self.slug}-revision-{self.number}"


def reviewed_by(name: str, credentials: str, on: date) -> str:
    """Return the sentence that says who reviewed a revision."""
    return f"Reviewed by {name}{f', {credentials},' if credentials else ''} on {in_words(on)}."


def in_words(day: date) -> str:
    """Return a date as a British reader writes it, whatever language the process speaks: ``2 March 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def bibtex(citation: Citation) -> str:
    """Return an ``@misc`` entry, which BibTeX and biblatex know alike. Only the address is as it is: it is verbatim."""
    fields = {
        "author": f"{{{_latex(NAME)}}}",  # in braces of its own: not a person called Glossary
        "title": f"{{{_latex(citation.title)}}}",  # with the case that it has
        "howpublished": _latex(f"{NAME}, revision {citation.number}"),
        "year": str(citation.published_date.year),
        "note": _latex(" ".join((f"Published on {in_words(citation.published_date)}.", *citation.notes))),
        "url": citation.url,
        "language": "english",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    lines.insert(4, f"  month = {_MONTHS[citation.published_date.month - 1][:3].lower()},")
    return "\n".join([f"@misc{{{citation.name},", *lines, "}", ""])


def ris(citation: Citation) -> str:
    """Return a record of a dictionary's entry (``DICT``). Its lines end as the format has it, in CR and LF."""
    fields = [
        ("TY", "DICT"),
        ("AU", NAME),
        ("TI", citation.title),
        ("T2", NAME),
        ("ET", f"Revision {citation.number}"),
        ("PY", str(citation.published_date.year)),
        ("DA", f"{citation.published_date:%Y/%m/%d}"),
        ("PB", NAME),
        ("LA", "en"),
        ("UR", citation.url),
        *(("N1", note) for note in citation.notes),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_line(value)}\r\n" for tag, value in fields)


def _latex(text: str) -> str:
    return _line(text).translate(_LATEX)


def _line(text: str) -> str:
    """Return text without line ends and other control characters: a line of RIS begins with the name of its field."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


#: The forms by the ending of their files.
FORMS = {
    "bib": Form("BibTeX", "application/x-bibtex", bibtex),
    "ris": Form("RIS", "application/x-research-info-systems", ris),
}

"""Headers in which browsers, proxies and other sites send the consent cookie, and what it says there about *analytics*.

They are in ``cookie_headers.json``, with which server and client are tested. There ``{name}`` is how the cookie is
called, ``{other}`` how it is called over the other of HTTP and HTTPS, ``{good}`` the value that accepts *analytics*
under the live notice, and ``{refused}`` the beginning of one that refuses it; ``{version}``, ``{number}`` and
``{hash}`` are their parts.
"""

import json
from pathlib import Path

GOOD = "analytics={version}|personalization=-1|marketing=-1|notice={number}.{hash}"
REFUSED = "analytics=-1|personalization=-1|marketing=-1|notice="
#: How the cookie is called over HTTP and over HTTPS.
NAMES = ("consent_choice", "__Host-consent_choice")


def headers(*, name: str, version: str, number: int, short: str) -> list[tuple[str, str]]:
    """Return the table for a live notice: header → ``accepted``, ``refused``, or ``asked`` without a valid answer."""
    parts = {"version": version, "number": number, "hash": short}
    [other] = set(NAMES) - {name}
    parts |= {"name": name, "other": other, "good": GOOD.format(**parts), "refused": REFUSED}
    groups = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return [(header.format(**parts), answer) for group in groups for header, answer in group["cases"]]

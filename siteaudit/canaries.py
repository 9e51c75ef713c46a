"""Find the secret of a page in requests to others: plain, encoded or hashed.

What readers look up on a site about health reveals their health. A title or slug that reaches a third party in an
address, a referrer or a body is therefore a leak, however it is encoded.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable
from urllib.parse import quote, unquote, unquote_plus

#: Shorter secrets (“HRT”) are found only as whole words, because many addresses contain them by chance.
SHORT = 6
#: Bytes. Part of a base64 text may equal a shorter secret by chance.
MIN_BASE64 = 6
JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
MAX_DECODINGS = 3
MAX_INFLATED = 1_000_000


def leaks(secrets: Iterable[str], haystack: str | bytes) -> list[str]:
    """Return which secrets ``haystack`` contains and in which form, such as ``“Oestrogen” as base64``."""
    text = _inflated(haystack).decode("utf-8", "replace") if isinstance(haystack, bytes) else haystack
    return [f"“{secret}” {form}" for secret in dict.fromkeys(secrets) if (form := _form_in(secret, text))]


def _form_in(secret: str, text: str) -> str:
    readable = _decodings(text)
    for number, reading in enumerate(readable):
        if _occurs_in(secret.lower(), reading.lower()):
            return "encoded" if number else "in plain text"
    for word in _spellings(secret):
        if any(encoded in reading for encoded in _base64_cores(word) for reading in readable):
            return "as base64"
        for algorithm in ("sha256", "md5", "sha1"):
            if any(hashlib.new(algorithm, word.encode()).hexdigest() in reading.lower() for reading in readable):
                return f"as {algorithm} hash"
    return ""


def _occurs_in(word: str, text: str) -> bool:
    if len(word) >= SHORT:
        return word in text
    return bool(word) and re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text) is not None


def _decodings(text: str) -> list[str]:
    """Return the text itself, and the text without JSON’s escapes and layers of percent-encoding."""
    readings = [text]
    if "\\u" in text:
        readings.append(JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
    for _ in range(MAX_DECODINGS):
        for decoded in (unquote(readings[-1]), unquote_plus(readings[-1])):
            if decoded not in readings:
                readings.append(decoded)
    return readings


def _spellings(secret: str) -> list[str]:
    """Return the spellings that scripts hash or encode."""
    return list(dict.fromkeys([secret, secret.lower(), secret.upper(), quote(secret), quote(secret.lower())]))


def _base64_cores(word: str) -> set[str]:
    """Return the word's letters inside a longer base64 text, for each place in a group of three bytes."""
    data = word.encode()
    if len(data) < MIN_BASE64:
        # Only its complete form with padding, for three bytes or more, is unlikely by chance.
        return {base64.b64encode(data).decode()} if len(data) > 2 and len(data) % 3 else set()
    cores = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode()
        # The first letters depend on the bytes before the word, the last letters on those after it.
        core = encoded[(offset * 8 + 5) // 6 : (offset + len(data)) * 8 // 6]
        cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return cores


def _inflated(body: bytes) -> bytes:
    """Return a body without its compression, if that is gzip or zlib."""
    if body[:2] != b"\x1f\x8b" and body[:1] != b"\x78":
        return body
    try:
        return zlib.decompressobj(47).decompress(body, MAX_INFLATED)
    except zlib.error:
        return body

"""Names that were damaged before the list was written: read in a wrong encoding, or written for a web page or a mail.

What can be put right without doubt is, and said; letters that were lost to question marks are named.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from deepracer_admin.rules.roster.lazy_column import LazyColumn, distinct

__all__ = ["is_lossy", "mended", "needs_mending"]

_SUSPECT = "[&?\ufffd=\u00c2\u00c3\u00c4\u00c5\u0102\u0139\u221a\u00ce\u00cf\u00d0\u00d1\u00e2]"
_SUSPICIOUS = re.compile(_SUSPECT)
_ENTITY = re.compile(r"&(?:#\d{2,7}|#[xX][0-9A-Fa-f]{2,6}|[A-Za-z]{2,8});")
_ENCODED_WORD = re.compile(r"=\?[A-Za-z0-9_-]{2,20}\?[BbQq]\?[^?\s]{1,200}\?=")
_LOST = re.compile(r"\ufffd|(?<=[^\W\d_])\?+(?=[^\W\d_])|(?<=[^\W\d_])\?+(?=\s+\S)|(?:^|(?<=\s))\?+(?=[^\W\d_])")
_LONGEST = 300  # characters
_WRONGLY = ("cp1252", "cp1250", "mac_roman")
_UNDEFINED = frozenset("\x81\x8d\x8f\x90\x9d")  # Windows-1252 has no letter there, and programs keep the byte


def needs_mending(column: Sequence[str]) -> bool:
    """Whether any cell may be damaged; quick, and wrong at times in saying yes."""
    if isinstance(column, LazyColumn):
        return column.has_like(_SUSPECT)
    return any(map(_SUSPICIOUS.search, distinct(column)))


def mended(value: str) -> str:
    """The name as it was meant: entities and encoded words resolved, UTF-8 that was taken for another encoding."""
    if len(value) > _LONGEST or not _SUSPICIOUS.search(value):
        return value
    if "=?" in value and _ENCODED_WORD.search(value):
        try:
            value = str(make_header(decode_header(value)))
        except (HeaderParseError, UnicodeError, LookupError, ValueError):
            return value
    if "&" in value and _ENTITY.search(value):
        value = html.unescape(value)
    if not value.isascii():
        value = _read_again(value)
    return value


def _read_again(value: str) -> str:
    for name in _WRONGLY:
        try:
            raw = b"".join(letter.encode("latin-1" if letter in _UNDEFINED else name) for letter in value)
            found = raw.decode("utf-8")
        except UnicodeError:
            continue
        # No name consists of such pairs by chance; what they stand for must be letters.
        if any(letter.isalpha() for letter in found if letter > "\x7f"):
            return found
    return value


def is_lossy(value: str) -> bool:
    """Whether letters were lost: a question mark or a replacement sign stands where a letter was."""
    return _LOST.search(value) is not None

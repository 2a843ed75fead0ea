"""The address in a cell, whatever stands around it: a name, a bullet, brackets, `mailto:`, `SMTP:`, an apostrophe.

Plain string work: a pattern with this many optional parts would take forever on a cell made for it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.roster.addresses import ADDRESS_CELL, normalise_email, problem_of, unwrap

__all__ = ["Found", "find_address", "holds_address", "sole_address"]

_BULLET = re.compile(
    r"\s*(?:[•◦‣▪●·∙*–—>➢➤→✓✔☑☐□■◆○-]|#?\d{1,5}(?:[.):]|\s+[-–—])?|\(\w{1,5}\)|[A-Za-z][.)]|[ivxlcIVXLC]{1,6}[.)]|"
    r"\[[ xX✓]?\])\s+"
)
# Nothing stands around it: most cells of most lists.
_PLAIN = re.compile(r"\s*+[A-Za-z0-9][A-Za-z0-9._%+-]*+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++\s*+")
_BETWEEN = re.compile(r"[\s,;|<>()\[\]\"“”„«»{}]+")
_AROUND = re.compile(r"[<>()\[\]:,;|=]| [-–—] ")
# Microsoft 365 joins the addresses of a mailbox with a plus sign before each further one.
_JOINED = re.compile(r"\+(?=(?:smtp|sip|x500|eum|spo|sia):)", re.IGNORECASE)
_LABEL = re.compile(r"(?:mailto|smtp|e-?mail|mail|sip)\s*[:=]\s*", re.IGNORECASE)
_EDGES = "'’‘`´.:,;“”„«»‹›\""
_NAME_EDGES = " \t\r\n-–—:,;|/<>()[]{}\"'“”„«»"
_LONGEST = 2_000  # characters; what is longer is a text, not a cell of a list
_WIDE_FIRST, _WIDE_LAST = "\uff01", "\uff5e"  # full-width forms of ASCII


class Found(NamedTuple):
    """The address, the name beside it, and further addresses of the same cell."""

    address: str
    name: str = ""
    others: tuple[str, ...] = ()


def find_address(cell: str) -> Found:
    """The address of a cell as it is meant. Without any, `address` is the cell as `unwrap` leaves it."""
    if _PLAIN.fullmatch(cell):
        return Found(cell.strip())
    if len(cell) > _LONGEST:
        return Found(*unwrap(cell))
    value = _narrow(cell)
    if ":" in value:
        value = _JOINED.sub(" ", value)
    if bullet := _BULLET.match(value):
        value = value[bullet.end() :]
    address, name = unwrap(value)
    if address.count("@") == 1 and "@" not in name and ADDRESS_CELL.fullmatch(address) and not _LABEL.match(address):
        return Found(_bare(address), name)
    tokens = [token for token in _BETWEEN.split(value) if "@" in token]
    primary = [token for token in tokens if token.startswith("SMTP:")]
    found = [bare for token in (primary or tokens) if ADDRESS_CELL.fullmatch(bare := _bare(token))]
    different = tuple(dict.fromkeys(map(str.casefold, found)))
    if len(different) != 1 or len(tokens) != len(found) + (len(tokens) - len(primary) if primary else 0):
        return Found(address, name, different if len(different) > 1 else ())
    beside = _name_beside(value, tokens)
    if beside and not primary and _may_be_torn(value, found[0], beside):
        return Found(address, name)
    return Found(found[0], beside)


def holds_address(cell: str) -> bool:
    """Whether an address can be taken out of the cell, or several stand in it."""
    if "@" not in cell and "＠" not in cell:
        return False
    if ADDRESS_CELL.fullmatch(cell):
        return True
    found = find_address(cell)
    return bool(found.others) or ADDRESS_CELL.fullmatch(found.address) is not None


def _may_be_torn(value: str, address: str, name: str) -> bool:
    """Whether a blank may have got into the address: `anna rossi@example.com`.

    A single word with nothing but a blank before the address is a name only if the address holds it as a word.
    """
    if " " in name or not name.isascii() or _AROUND.search(value):
        return False
    local = address.casefold().partition("@")[0]
    return not (local.startswith(name.casefold()) or name.casefold() in re.split(r"[._+-]", local))


def sole_address(text: str) -> str:
    """The one address that a person typed, bare or as `Name <address>`, in normal form. Raises BadInput."""
    found = find_address(" ".join(text[: 2 * _LONGEST].split()))
    if found.others:
        raise BadInput("Address: give one e-mail address, not several.")
    address = normalise_email(found.address)
    if not address:
        raise BadInput("Address: give one e-mail address.")
    if problem := problem_of(address):
        raise BadInput(f"Address: {problem.reason}")
    return address


def _narrow(cell: str) -> str:
    if cell.isascii() or not any(_WIDE_FIRST <= letter <= _WIDE_LAST for letter in cell):
        return cell
    return unicodedata.normalize("NFKC", cell)


def _bare(token: str) -> str:
    token = token.strip(_EDGES)
    if label := _LABEL.match(token):
        token = token[label.end() :].partition("?")[0].strip(_EDGES)
    return token


def _name_beside(value: str, tokens: list[str]) -> str:
    for token in tokens:
        value = value.replace(token, " ")
    name = " ".join(_LABEL.sub(" ", value).split()).strip(_NAME_EDGES)
    return name if any(letter.isalpha() for letter in name) else ""

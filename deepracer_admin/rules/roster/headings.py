"""What a heading names: a field of the attendee, or something of somebody else.

English, Italian, German, French, Spanish, Portuguese, Dutch, Polish, Swedish and Japanese, and the headings of the
exports of Eventbrite, pretix, Tito, Cvent, Zoom, Teams, Microsoft and Google Forms, Qualtrics, Workday, Entra, Cognito
and Luma.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from deepracer_admin.rules.roster.heading_words import (
    ABOUT_MAIL,
    ACCOUNTS,
    AT_WORK,
    FIELD_BY_HEADING,
    MAIL,
    NOT_HIS_NAME,
    OTHER,
    OWN,
    UPN,
    plain_heading,
)

__all__ = ["FIELDS", "Heading", "Rank", "field_of", "is_known", "plain_heading", "read_heading"]

FIELDS = ("email", "name", "given", "family", "office", "cost_centre", "new_to_ml", "new_to_aws")


class Rank(IntEnum):
    """How surely a column is the attendee's own; a higher one beats a lower one."""

    OTHER = 0  # somebody else's: never taken by itself
    NONE = 1
    ACCOUNT = 2  # a sign-in name, which often is an address
    PLAIN = 3
    OWN = 4  # says that it is the attendee's


class Heading(NamedTuple):
    """The field that a heading names (None: none), and how surely it is the attendee's."""

    field: str | None
    rank: Rank


_NEW = re.compile(
    r"\b(new|first time|beginner|nuov[oaie]|prima volta|principiante|neu|neuling|erstes mal"
    r"|nouveau|nouvelle|debutant|nuev[oa]|nov[oa]|iniciante|nieuw|beginner|nowy|nowa|ny|nyborjare)\b"
)
_ML = re.compile(
    r"\b(ai|ml|ki|ia|ai ml|machine learning|deep ?racer ml|intelligenza artificiale|maschinelles lernen)\b"
)
_AWS = re.compile(r"\b(aws|amazon web services|amazon)\b")
_NOISE = re.compile(
    r"\b(what|which|is|are|please|enter|provide|type|write|fill in|"
    r"required|optional|mandatory|pflichtfeld|obbligatorio|obligatoire|obligatorio|the|of|s)\b"
)
_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_ASIDE = re.compile(r"\([^()]*\)")
_LONGEST = 300  # characters


def field_of(heading: str) -> str | None:
    """The field that a heading names; None when it names none, or somebody else's."""
    found = read_heading(heading)
    return found.field if found.rank > Rank.NONE else None


def is_known(heading: str) -> bool:
    """Whether the heading is a field's own word, with nothing beside it: "Email", not "Club email"."""
    return plain_heading(heading) in FIELD_BY_HEADING


@lru_cache(maxsize=4_096)
def read_heading(heading: str) -> Heading:
    """What a heading names, and whose it is."""
    if len(heading) > _LONGEST or heading.lstrip().startswith("{"):
        return Heading(None, Rank.NONE)
    plain = plain_heading(heading)
    if not plain:
        return Heading(None, Rank.NONE)
    # Entra's templates: "First name [givenName] Required". What stands in brackets is the directory's own word.
    for inner in _BRACKETED.findall(heading):
        found = _read(plain_heading(inner))
        if found.field:
            return found
    found = _read(plain)
    if "#" in heading and found.field != "email":  # "Attendee #" is a number
        return Heading(None, Rank.NONE)
    if found.rank is Rank.OTHER or found.field:
        return found
    if ":" in heading:  # "Attendee name: Given name"
        part = _read(plain_heading(heading.rpartition(":")[2]))
        if part.field and part.field != "email":
            return part
    if not ("(" in heading or "[" in heading):
        return found
    return _read(plain_heading(_ASIDE.sub(" ", _BRACKETED.sub(" ", heading))))


def _read(plain: str) -> Heading:
    if plain in ACCOUNTS or UPN.search(plain):
        return Heading("email", Rank.ACCOUNT)
    if plain in FIELD_BY_HEADING:
        field = FIELD_BY_HEADING[plain]
        return Heading(field, Rank.OWN if field == "email" and AT_WORK.search(plain) else Rank.PLAIN)
    if _NEW.search(plain):
        if _AWS.search(plain):
            return Heading("new_to_aws", Rank.PLAIN)
        if _ML.search(plain):
            return Heading("new_to_ml", Rank.PLAIN)
    is_at_work = AT_WORK.search(plain) is not None
    is_other = OTHER.search(AT_WORK.sub(" ", plain) if is_at_work else plain) is not None
    is_mail = MAIL.search(plain) is not None and len(plain) <= 60 and not ABOUT_MAIL.search(plain)
    if is_other:
        return Heading("email" if is_mail else None, Rank.OTHER)
    is_own = OWN.search(plain) is not None
    if is_own and not NOT_HIS_NAME.search(plain):
        rest = " ".join(_NOISE.sub(" ", OWN.sub(" ", plain)).split())
        if rest in ACCOUNTS:
            return Heading("email", Rank.ACCOUNT)
        if rest in FIELD_BY_HEADING:
            return Heading(FIELD_BY_HEADING[rest], Rank.OWN)
    rest = " ".join(_NOISE.sub(" ", plain).split())
    if rest in FIELD_BY_HEADING:
        return Heading(FIELD_BY_HEADING[rest], Rank.PLAIN)
    if is_mail:
        return Heading("email", Rank.OWN if is_own or is_at_work else Rank.PLAIN)
    return Heading(None, Rank.NONE)

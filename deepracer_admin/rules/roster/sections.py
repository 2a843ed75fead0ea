"""Parts of a report that list other people than attendees: the hosts and panelists of a webinar."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.heading_words import plain_heading
from deepracer_admin.rules.roster.headings import field_of
from deepracer_admin.rules.roster.status import says_no

__all__ = ["DECLINED", "OTHERS", "Part", "is_of_others", "rows_of_others"]

OTHERS, DECLINED = "others", "declined"
_OTHERS = re.compile(
    r"(?:alternative )?"
    r"(?:host|panell?ist|presenter|speaker|organi[sz]er|moderator|staff|interpreter|producer)s? details?"
)
_TITLE = re.compile(r"(?:\w+ ){1,3}details?|other attended|attendees?|participants?|registrants?")
# Entra's templates: "Example: Chris Green", chris@contoso.com.
_EXAMPLE = re.compile(
    r"\s*(?:example|beispiel|esempio|exemple|ejemplo|exemplo|voorbeeld|przyk[lł]ad|exempel|例)\s*[:：]", re.I
)
_EXAMPLES = 3  # records
_THE_LIST = re.compile(
    r"\b(attendees?|participants?|registrants?|registrations?|registered|confirmed|approved|accepted|racers?|invit\w+|"
    r"guests?|partecipanti|iscritti|confermati|teilnehm\w*|anmeldungen|zugesagt|bestatigt|inscrits|confirmes|"
    r"participantes|inscritos|confirmad[oa]s|asistentes|deelnemers|aanmeldingen|bevestigd|uczestnicy|zgloszenia|"
    r"deltagare|anmalda|bekraftade)\b|" + plain_heading("参加者")
)
_NOT_THE_LIST = re.compile(
    r"\b(directory|look ?up|managers?|hosts?|organi[sz]ers?|staff|archive[ds]?|old|template|example|instructions|"
    r"previous|last year|no shows?|everybody|all employees|all staff|address book|rubrica|archivio|adressbuch|"
    r"annuaire)\b"
)
_LONGEST_TITLE = 80  # characters
_LOOKED_AT = 20_000  # records


def likely_by_name(sheet: str) -> int:
    """1 for the sheet of a workbook that is named like the list of attendees, -1 for one of people who do not come or
    of others, 0 for any other."""
    plain = plain_heading(sheet)
    if says_no(plain) or _NOT_THE_LIST.search(plain):
        return -1
    return 1 if _THE_LIST.search(plain) else 0


def title_of(record: Sequence[str]) -> str:
    """The text of a record with one cell filled; "" for any other."""
    filled = [cell.strip() for cell in record if cell.strip()]
    return filled[0] if len(filled) == 1 and "@" not in filled[0] else ""


def is_of_others(record: Sequence[str]) -> bool:
    """Whether a record is the title above a table of people who are no attendees."""
    return _OTHERS.fullmatch(plain_heading(title_of(record))) is not None


class Part(NamedTuple):
    """A part of a list that is not of attendees: `kind` is the word that lets it in, `title` what stands above it
    ("" for a template's example)."""

    kind: str
    title: str


def rows_of_others(body: Grid, title: str = "") -> dict[int, Part]:
    """Place -> part, for the records of such parts (title and heading included) up to the next title.

    `title` stands above the heading of the first table; alone, with no other title to follow, it says nothing.
    """
    if not body.width or body.height > _LOOKED_AT:
        return {}
    found = {
        place: Part(OTHERS, "")
        for place, record in enumerate(body.head(_EXAMPLES))
        if any(map(_EXAMPLE.match, record[:_EXAMPLES]))
    }
    titles = dict(_titles(body))
    if not titles:
        return found
    part = _part(title)
    for place in range(body.height):
        if place in titles:
            part = _part(titles[place])
        if part:
            found[place] = part
    return found


def _titles(body: Grid) -> Iterator[tuple[int, str]]:
    """Records with one cell filled, the first, that are titles by their words or by the heading that follows."""
    for place, cell in enumerate(body.columns[0]):
        if not cell.strip() or len(cell) > _LONGEST_TITLE or "@" in cell or not title_of(body.record(place)):
            continue
        below = body.record(place + 1) if place + 1 < body.height else []
        if _TITLE.fullmatch(plain_heading(cell)) or sum(field_of(text) is not None for text in below) > 1:
            yield place, cell.strip()


def _part(title: str) -> Part | None:
    plain = plain_heading(title)
    if _OTHERS.fullmatch(plain):
        return Part(OTHERS, title)
    return Part(DECLINED, title) if says_no(plain) else None

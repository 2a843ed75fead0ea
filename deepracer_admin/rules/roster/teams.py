"""Rows that hold several people: a team's row with its members in one cell each, or in numbered columns.

Only what is surely a list of people is taken apart; several addresses of what may be one person are left to the judge,
who names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.cells import find_address, holds_address
from deepracer_admin.rules.roster.columns import Guess
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.headings import plain_heading, read_heading
from deepracer_admin.rules.roster.lazy_column import LazyColumn
from deepracer_admin.rules.roster.people import fold

__all__ = ["Teams", "by_cells", "by_columns"]

_SHOWN = 5
_MOST_PEOPLE = 100  # in one cell, or on one line
_MOST_LINES = 20_000
_LONGEST_CELL = 10_000  # characters
_SEPARATORS = re.compile(r"\s*(?:[;|\n]|\s/\s)\s*")
_COMMA = re.compile(r"\s*,\s*")
_AND = re.compile(r"\s*(?:&|\+|\s(?:and|und|e|et|y|en|och|i|ed)\s)\s*")
# Headings of several people, or of their addresses.
_PLURAL = re.compile(
    r"\b(e ?mails|mails|e ?mail ?addresses|addresses|(?:team )?members?|team ?mates?|racers|participants|attendees|"
    r"guests|people|players|drivers|crew|roster|partecipanti|membri|componenti|indirizzi|teilnehmer|mitglieder|teammitglieder|adressen|"
    r"participantes|miembros|integrantes|direcciones|correos|membros|enderecos|membres|equipiers|adresses|courriels|"
    r"leden|teamleden|deelnemers|adressen|czlonkowie|uczestnicy|adresy|deltagare|medlemmar|lagmedlemmar|adresser)\b|"
    + "|".join(map(plain_heading, ("メンバー", "参加者一覧")))
)
_TEAM = re.compile(
    r"\b(team|teams|squad|crew|squadra|squadre|gruppo|mannschaft|gruppe|equipe|equipo|equipa|zespol|druzyna|lag|ploeg|group)\b|"
    + plain_heading("チーム")
)
_MEMBER = re.compile(
    r"\b(members?|participants?|attendees?|racers?|players?|drivers?|team ?mates?|guests?|people|person|colleagues?|"
    r"captain|mitglied|teilnehmer(?:in)?|teammitglied|fahrer(?:in)?|spieler(?:in)?|membro|partecipante|componente|pilota|"
    r"membre|participante?|equipier|coequipier|pilote|miembro|integrante|piloto|compan[ae]ro|membros?|lid|teamlid|"
    r"deelnemer|coureur|czlonek|uczestnik|zawodnik|medlem|lagmedlem|deltagare|forare)\b|"
    + "|".join(map(plain_heading, ("メンバー", "参加者")))
)
_NUMBER = re.compile(r"(?<!\d)([1-9]|1\d|20)(?!\d)")


class Teams(NamedTuple):
    """The list with one record for each person, and how many more those are than records of the file."""

    heading: list[str]
    body: Grid
    further: int


def by_columns(heading: Sequence[str], body: Grid, warnings: list[str]) -> Teams | None:
    """A record for each member of rows with columns like "Member 1 name", "Member 1 email", "Member 2 name" ...

    None where the numbers count something else, such as the addresses of one person ("Email 2").
    """
    if not heading:
        return _lines_of_addresses(body, warnings)
    members = _members(heading)
    if len(members) < 2:
        return None
    inside = {position for columns in members.values() for position in columns.values()}
    shared = [position for position in range(max(len(heading), body.width)) if position not in inside]
    fields = [
        field for field in ("name", "given", "family", "email") if any(field in each for each in members.values())
    ]
    # The words of the first member, without the number, so that each is read as what it is.
    new_heading = [_HEADINGS[field] for field in fields]
    new_heading += [heading[position] if position < len(heading) else "" for position in shared]
    records: list[list[str]] = []
    lines: list[int] = []
    further = 0
    for place in range(body.height):
        record = body.record(place)

        def cell(position: int | None, record: list[str] = record) -> str:
            return record[position] if position is not None and position < len(record) else ""

        rest = [cell(position) for position in shared]
        people = [[cell(columns.get(field)) for field in fields] for columns in members.values()]
        filled = [person for person in people if any(map(str.strip, person))] or people[:1]
        further += len(filled) - 1
        records += [[*person, *rest] for person in filled]
        lines += [body.lines[place]] * len(filled)
    shown = ", ".join(heading[columns["email"]] for columns in list(members.values())[:_SHOWN] if "email" in columns)
    warnings.append(f"Each row is a team: its members were read as people of their own (columns {shown}).")
    return Teams(new_heading, Grid.of_records(records, lines), further)


def _lines_of_addresses(body: Grid, warnings: list[str]) -> Teams | None:
    """Lines that hold addresses and nothing else, some of them several: each is a person."""
    if not 1 < body.width <= _MOST_PEOPLE or body.height > _MOST_LINES:
        return None
    found = [[cell for cell in body.record(place) if cell.strip()] for place in range(body.height)]
    holding = [list(map(holds_address, cells)) for cells in found]
    # A line without any address is a title, and judged as a line.
    if not any(map(any, holding)) or not all(all(cells) or not any(cells) for cells in holding):
        return None
    found = [cells if any(has) else [" ".join(cells)] for cells, has in zip(found, holding, strict=True)]
    records = [[cell] for cells in found for cell in cells]
    lines = [line for line, cells in zip(body.lines, found, strict=True) for _ in cells]
    further = len(records) - body.height
    if further:
        warnings.append(f"Lines hold several addresses and nothing else: {counted(len(records), 'person', 'people')}.")
    return Teams([], Grid.of_records(records, lines), further)


_HEADINGS = {"name": "Name", "given": "First name", "family": "Last name", "email": "E-mail"}


def _members(heading: Sequence[str]) -> dict[str, dict[str, int]]:
    """Member -> field -> column, of at least two members with addresses; empty when the columns are of one person."""
    found: dict[str, dict[str, int]] = {}
    for position, text in enumerate(heading):
        plain = plain_heading(text)
        if not _MEMBER.search(plain):
            continue
        numbers = _NUMBER.findall(plain)
        bare = " ".join(_NUMBER.sub(" ", plain).split())
        if len(numbers) > 1:
            continue
        if not numbers and not (re.search(r"\bcaptain\b", plain)):
            continue
        field = _field_of_member(bare)
        if field:
            found.setdefault(numbers[0] if numbers else "captain", {}).setdefault(field, position)
    with_address = [member for member, columns in found.items() if "email" in columns]
    return {member: found[member] for member in found if member in with_address} if len(with_address) > 1 else {}


def _field_of_member(bare: str) -> str | None:
    found = read_heading(bare).field
    if found:
        return found
    rest = " ".join(_MEMBER.sub(" ", _TEAM.sub(" ", bare)).split())
    return (read_heading(rest).field if rest else "name") or None


def by_cells(heading: Sequence[str], body: Grid, guess: Guess, warnings: list[str]) -> Teams | None:
    """A record for each person of cells that hold a list of people; None when there is no such cell.

    Such a cell has a name beside each address, or as many names in the row's name cell as addresses, or stands below a
    heading of several people ("Members", "Emails"), or in a row of a team, or in a list of addresses and nothing else.
    """
    at = {column.field: column.position for column in guess.columns if column.field}
    position = at.get("email")
    if position is None or position >= body.width:
        return None
    suspects = _suspects(body.columns[position])
    if not suspects:
        return None
    title = heading[position] if position < len(heading) else ""
    is_plural = _PLURAL.search(plain_heading(title)) is not None
    has_team = any(_TEAM.search(plain_heading(text)) for text in heading)
    name = at.get("name")
    has_names = any(field in at for field in ("name", "given", "family"))
    split: dict[int, list[tuple[str, str]]] = {}
    for place in suspects:
        people = _mailboxes(body.columns[position][place])
        if len(people) < 2:
            continue
        names = _names(body.columns[name][place], len(people)) if name is not None else None
        given = fold(" ".join(body.columns[at[field]][place] for field in ("name", "given", "family") if field in at))
        if all(person for person, _ in people):
            split[place] = people
        elif names:
            split[place] = [(person or names[number], address) for number, (person, address) in enumerate(people)]
        elif (is_plural or has_team or not has_names) and not given:
            split[place] = people
        elif is_plural and has_team and "given" not in at:
            split[place] = people  # the name is the team's
    if not split:
        return None
    return _apart(list(heading), body, split, at, warnings)


def _apart(
    heading: list[str], body: Grid, split: dict[int, list[tuple[str, str]]], at: dict[str, int], warnings: list[str]
) -> Teams:
    records: list[list[str]] = []
    lines: list[int] = []
    for place in range(body.height):
        record = body.record(place)
        people = split.get(place)
        for name, address in people or [("", "")]:
            cells = list(record)
            if people:
                cells[at["email"]] = f"{name} <{address}>" if name else address
                for field in ("name", "given", "family"):
                    if field in at and at[field] < len(cells):
                        cells[at[field]] = name if field == "name" else ""
            records.append(cells)
            lines.append(body.lines[place])
    further = len(records) - body.height
    shown = "; ".join(
        f"row {body.lines[place]}: {', '.join(address for _, address in people[:3])}"
        + (" …" if len(people) > 3 else "")
        for place, people in list(split.items())[:_SHOWN]
    )
    more = f" and {len(split) - _SHOWN} more" if len(split) > _SHOWN else ""
    verb = "holds" if len(split) == 1 else "hold"
    warnings.append(
        f"{counted(len(split), 'row')} {verb} several people, each read as a person of his own ({shown}{more})."
    )
    return Teams(heading, Grid.of_records(records, lines), further)


def _suspects(column: Sequence[str]) -> list[int]:
    """Where cells with more than one at-sign are."""
    if isinstance(column, LazyColumn):
        return column.places_of_several_at()
    return [place for place, cell in enumerate(column) if cell.count("@") > 1]


def _mailboxes(cell: str) -> list[tuple[str, str]]:
    """(name, address) of each person in a cell that is a list of mailboxes and nothing else; else none."""
    if len(cell) > _LONGEST_CELL or not find_address(cell).others:
        return []
    for pieces in (_SEPARATORS.split(cell), _COMMA.split(cell), _AND.split(cell), cell.split()):
        filled = [piece for piece in pieces if piece.strip(" \t\r\n,;")]
        if not 1 < len(filled) <= _MOST_PEOPLE:
            continue
        found = [find_address(piece) for piece in filled]
        if all(each.address.count("@") == 1 and not each.others and _is_whole(each.address) for each in found):
            return [(each.name, each.address) for each in found]
    return []


def _is_whole(address: str) -> bool:
    return re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", address) is not None


def _names(cell: str, count: int) -> list[str] | None:
    """The names of a cell when it holds as many as there are addresses."""
    if len(cell) > _LONGEST_CELL:
        return None
    for pattern in (_SEPARATORS, _COMMA, _AND, re.compile(r"\s*(?:,|&|\+|\s(?:and|und|e|et|y|en|och|i|ed)\s)\s*")):
        names = [name for name in map(fold, pattern.split(cell)) if name]
        if len(names) == count:
            # "Rossi, Anna" is one name and not two: single words on both sides of a comma may be halves.
            if pattern is _COMMA and count == 2 and all(" " not in name for name in names):
                return None
            return names
    return None

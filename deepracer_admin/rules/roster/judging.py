"""Every record of a list as accepted, duplicate or rejected, by its address."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count
from operator import eq, not_
from typing import NamedTuple

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.accepted import Judged
from deepracer_admin.rules.roster.addresses import (
    GUEST,
    AddressJudge,
    Problem,
    home_address,
    normalise_email,
    normalise_emails,
)
from deepracer_admin.rules.roster.bulk import BulkEmails, first_of
from deepracer_admin.rules.roster.cells import Found, find_address, holds_address
from deepracer_admin.rules.roster.findings import Column, Duplicate, Rejected, cut
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.lazy_column import LazyColumn, picked
from deepracer_admin.rules.roster.people import fold
from deepracer_admin.rules.roster.widths import slid

__all__ = ["NO_EMAIL_COLUMN", "Source", "judge", "reject_all"]

NO_EMAIL_COLUMN = Problem(
    "no e-mail column", "No column with e-mail addresses was found: choose it in the column mapping."
)
_FORMULA = Problem(
    "e-mail is an unsaved formula",
    "The cell holds a formula without a saved result: open the workbook in a spreadsheet program, save it and choose "
    "it again.",
)
_SHOWN = 3
_LOOKED_AT = 20_000  # lines; whoever has more rows without an address chose the wrong column
_LONGEST_CELL = 2_000


class Source(NamedTuple):
    """Where the addresses stand: the column, further own columns for where it is empty, all columns of the list, and
    cells (line, column) that hold a formula without a result. `is_text` says that a lost separator can move cells."""

    column: Column
    second: Sequence[Column] = ()
    columns: Sequence[Column] = ()
    formulas: frozenset[tuple[int, int]] = frozenset()
    is_text: bool = False


def judge(body: Grid, source: Source, usual: int, warnings: list[str]) -> Judged:
    """Plain addresses are judged all at once; `usual` is how many cells a record has when nothing has moved."""
    values = body.columns[source.column.position]
    addresses = AddressJudge()
    moved = _moved(body, usual)
    if source.is_text:
        moved |= slid(body, usual, source.column.position)
    bulk = _bulk(values, addresses)
    if bulk is not None:
        is_plain = bulk.plain
        normal: list[str] = []
    else:
        normal = normalise_emails(values)
        is_plain = addresses.plain(normal)
    for place in moved:
        is_plain[place] = False
    odd = compress(range(len(normal)), map(not_, is_plain)) if bulk is None else (~bulk.plain).nonzero()[0].tolist()
    names: dict[int, str] = {}
    changed: dict[int, str | None] = {}
    rejected: list[Rejected] = []
    taken: dict[str, list[int]] = {}
    for place in odd:
        email = ""
        if place in moved:
            problem, found = _of_other_width(body.width_of(place), usual), Found("")
        else:
            found = find_address(values[place])
            email = normalise_email(found.address)
            problem = _several(found) or addresses.problem(email)
            if problem and (other := _elsewhere(body, place, source.second, addresses)):
                heading, found, email = other
                taken.setdefault(heading, []).append(body.lines[place])
                problem = None
        changed[place] = None if problem else email
        if problem:
            rejected.append(_rejected(body, place, source, problem, usual))
        elif found.name:
            names[place] = found.name
    warnings += [_taken_from(heading, source.column.name, lines) for heading, lines in taken.items()]
    if bulk is not None:
        return _settled_in_bulk(body, bulk, changed, names, rejected)
    return _settled(body, normal, changed, names, rejected)


def _bulk(values: Sequence[str], addresses: AddressJudge) -> BulkEmails | None:
    if not isinstance(values, LazyColumn):
        return None
    try:
        return BulkEmails(values, addresses)
    except ValueError:
        return None


def _settled(
    body: Grid,
    normal: Sequence[str],
    changed: dict[int, str | None],
    names: dict[int, str],
    rejected: list[Rejected],
) -> Judged:
    emails: list[str | None] = [*normal]
    for place, email in changed.items():
        emails[place] = email
    first = dict(zip(reversed(emails), range(len(emails) - 1, -1, -1), strict=True))
    first.pop(None, None)
    is_first = list(map(eq, map(first.get, emails), count()))
    accepted = [email for email in compress(emails, is_first) if email is not None]
    duplicates = []
    if len(accepted) + len(rejected) < len(emails):
        lines = body.lines
        duplicates = [
            Duplicate(lines[place], email, lines[first[email]])
            for place in compress(range(len(emails)), map(not_, is_first))
            if (email := emails[place]) is not None
        ]
    return Judged(is_first, accepted, names, duplicates, rejected)


def _settled_in_bulk(
    body: Grid, bulk: BulkEmails, changed: dict[int, str | None], names: dict[int, str], rejected: list[Rejected]
) -> Judged:
    first, emails = first_of(bulk.normal, changed)
    lines = body.lines
    duplicates = [
        Duplicate(lines[place], emails[place].as_py(), lines[int(first.places[first.codes[place]])])
        for place in first.again
    ]
    return Judged(first.is_first, picked(LazyColumn(emails), first.is_first), names, duplicates, rejected)


def reject_all(body: Grid, aside: Sequence[Column]) -> Judged:
    """No column is the attendees'."""
    problem = NO_EMAIL_COLUMN
    if aside:
        heads = ", ".join(column.name for column in aside[:_SHOWN])
        reason = (
            f"Addresses stand only in columns of other people ({heads}): choose one in the column mapping if it is "
        )
        problem = Problem(NO_EMAIL_COLUMN.rule, reason + "the attendee's.")
    shown = (cut(" ".join(filter(None, map(str.strip, cells)))) for cells in zip(*body.columns, strict=True))
    rejected = [Rejected(line, "E-mail", value, *problem) for line, value in zip(body.lines, shown, strict=True)]
    return Judged([False] * body.height, [], {}, [], rejected)


def _moved(body: Grid, usual: int) -> set[int]:
    """Records whose cells may have moved: one is filled beyond the usual width."""
    if body.widths is None or body.width <= usual:
        return set()
    beyond = body.columns[usual:]
    wide = (place for place, width in enumerate(body.widths) if width > usual)
    return {place for place in wide if any(column[place].strip() for column in beyond)}


def _of_other_width(width: int, usual: int) -> Problem:
    if width < usual:
        return Problem(
            "fewer cells than the heading",
            f"The row has {counted(width, 'cell')} where others have {usual}, and they seem to stand in other columns "
            "than theirs: put in the separator that is missing.",
        )
    return Problem(
        "more cells than the heading",
        f"The row has {counted(width, 'cell')} where others have {usual}: a separator inside a value may have moved "
        "them; put that value in quotation marks.",
    )


def _several(found: Found) -> Problem | None:
    if not found.others:
        return None
    shown = ", ".join(found.others[:_SHOWN]) + (" …" if len(found.others) > _SHOWN else "")
    return Problem(
        "several addresses in one cell",
        f"The cell holds {len(found.others)} addresses ({shown}): give each person a row of their own.",
    )


def _elsewhere(
    body: Grid, place: int, second: Sequence[Column], addresses: AddressJudge
) -> tuple[str, Found, str] | None:
    for column in second:
        found = find_address(body.columns[column.position][place])
        email = normalise_email(found.address)
        if email and not found.others and not addresses.problem(email):
            return column.name, found, email
    return None


def _rejected(body: Grid, place: int, source: Source, problem: Problem, usual: int) -> Rejected:
    line, column = body.lines[place], source.column
    value = fold(body.columns[column.position][place])
    if not value and (line, column.position) in source.formulas:
        problem = _FORMULA
    reason = problem.reason
    if "@" not in value and line <= _LOOKED_AT:
        reason += _stands_elsewhere(body, place, source)
    return Rejected(line, column.name, cut(value), problem.rule, reason)


def _stands_elsewhere(body: Grid, place: int, source: Source) -> str:
    """A sentence about the first other cell of the record that holds an address."""
    for other in source.columns:
        if other.position == source.column.position or other.position >= body.width:
            continue
        cell = body.columns[other.position][place]
        if "@" in cell and len(cell) < _LONGEST_CELL and holds_address(cell):
            there = find_address(cell)
            address = there.others[0] if there.others else there.address
            home = home_address(normalise_email(address)) if GUEST in address.casefold() else ""
            likely = f" (a guest's name in a directory; the mailbox probably is {home})" if home else ""
            return f" The address {cut(address)} stands in column {other.name}{likely}."
    return ""


def _taken_from(heading: str, column: str, lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
    word = "Row" if len(lines) == 1 else "Rows"
    return f"{word} {shown}: the address was taken from column {heading}, as column {column} has none."

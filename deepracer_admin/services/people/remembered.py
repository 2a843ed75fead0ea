"""Lists of one source are read alike: what of a remembered reading fits another file, and what no longer does.

A source is known by its headings: the same ones, or nearly the same (a column more or less), or the row that was
chosen as the heading stands among the first rows. Lists without headings are not remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from deepracer_admin.records.list_readings import ListReading
from deepracer_admin.rules.roster.choices import GUESSED, NameOrder, ReadingChoices
from deepracer_admin.rules.roster.findings import RosterCheck, UnreadableRoster
from deepracer_admin.rules.roster.headings import plain_heading
from deepracer_admin.rules.roster.surroundings import HEAD_CELLS

__all__ = ["FIELD_TITLES", "Remembered", "fitted", "has_headings", "key_of", "mark", "reading_to_keep", "same_source"]

FIELD_TITLES = {
    "email": "E-mail address",
    "name": "Full name",
    "given": "Given name",
    "family": "Family name",
    "office": "Office",
    "cost_centre": "Cost centre",
    "new_to_ml": "New to AI/ML",
    "new_to_aws": "New to AWS",
}
DELIMITER_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", "": "none"}
_ALIKE = 0.7  # share of headings that two lists of one source have in common
_LEAST = 3

Read = Callable[[ReadingChoices], RosterCheck]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was taken over from an earlier list of the same source (`taken`), and what no longer fits (`lost`), each in
    words for a sentence. `at` is None for corrections of older versions."""

    at: datetime | None
    by: str
    taken: tuple[str, ...]
    lost: tuple[str, ...]


def mark(text: str) -> str:
    """What tells whether a heading, a title, a sheet or a word is the same, and does not tell what it is."""
    return hashlib.sha256((plain_heading(text) or text.strip()).encode()).hexdigest()[:12]


def has_headings(read: RosterCheck) -> bool:
    """Whether the list says what its columns are; without, no source is known by them."""
    return read.header_row is not None or read.shape.kind == "entries"


def _mark_of(word: tuple[str, str]) -> str:
    return mark(" ".join(word))


def key_of(read: RosterCheck, *, kind: str | None = None) -> str:
    """The shape of a list: its kind and its headings. Older versions left the kind out (`kind` "")."""
    kind = read.shape.kind if kind is None else kind
    names = "\x1f".join(column.name.casefold() for column in read.columns)
    return hashlib.sha256((f"{kind}\x1e{names}" if kind else names).encode()).hexdigest()[:16]


def reading_to_keep(
    guess: RosterCheck, read: RosterCheck, choices: ReadingChoices, at: datetime, by: str
) -> ListReading | None:
    """What another list of the same source is read by; None when there is nothing to keep, or a list has no headings,
    or nobody was found this way."""
    if not read.accepted or not has_headings(read):
        return None
    tables = {table.line: table.title for table in read.shape.tables}
    kept = ListReading(
        columns=dict(choices.columns),
        guessed=_marks(guess),
        headings=_marks(read),
        kind=read.shape.kind,
        sheet=mark(choices.sheet) if choices.sheet is not None else "",
        encoding=choices.encoding or "",
        delimiter=choices.delimiter,
        header_row=choices.header_row,
        tables_aside=tuple(mark(tables[line]) for line in choices.tables_aside if line in tables),
        teams_apart=choices.teams_apart,
        name_order=choices.name_order or "",
        status_column=choices.status_column,
        keep_out=tuple(_mark_of(word) for word in choices.keep_out),
        at=at,
        by=by,
    )
    bare = ListReading({}, kept.guessed, kept.headings, kept.kind, at=at, by=by)
    return None if kept == bare else kept


def same_source(guess: RosterCheck, known: Mapping[str, ListReading]) -> ListReading | None:
    """The reading of the source that this list looks most like."""
    if has_headings(guess):
        exact = known.get(key_of(guess)) or known.get(key_of(guess, kind=""))
        if exact is not None:
            return exact
    rows = [_marks(guess)] if has_headings(guess) else []
    rows += [tuple(mark(cell) for cell in row.cells if cell) for row in guess.shape.head]
    best: tuple[float, float] = (_ALIKE, 0.0)
    found: ListReading | None = None
    for reading in known.values():
        if reading.kind != guess.shape.kind:
            continue
        alike = max((_alike(row, marks) for row in rows for marks in _of_a_row(reading)), default=0.0)
        rank = (alike, reading.at.timestamp() if reading.at else 0.0)
        if rank >= best:
            best, found = rank, reading
    return found


def fitted(reading: ListReading, guess: RosterCheck, read_with: Read) -> tuple[ReadingChoices, RosterCheck, Remembered]:
    """The choices that fit this file, the list as they read it, and what to say. A reading that would find nobody where
    the guess finds somebody is not taken over."""
    lost: list[str] = []
    choices, read = GUESSED, guess
    for stage in (_raw, _rows, _columns):
        further = stage(reading, choices, read, lost)
        if further != choices:
            try:
                choices, read = further, read_with(further)
            except UnreadableRoster:
                lost.append("a choice with which this file cannot be read")
    if guess.accepted and not read.accepted:
        lost = ["everything: nobody would be found in this file that way"]
        choices, read = GUESSED, guess
    return choices, read, Remembered(reading.at, reading.by, tuple(_said(choices, read)), tuple(lost))


def _raw(reading: ListReading, choices: ReadingChoices, read: RosterCheck, lost: list[str]) -> ReadingChoices:
    """The sheet, the encoding, the separator."""
    if reading.sheet:
        sheet = next((name for name in read.sheets if mark(name) == reading.sheet), None)
        if sheet is None:
            lost.append("the sheet: none of this name is in this file")
        else:
            choices = choices.choosing("sheet", sheet)
    if reading.encoding:
        if read.candidates:
            choices = choices.choosing("encoding", reading.encoding)
        else:
            lost.append("the encoding: this file says its own")
    if reading.delimiter is not None:
        choices = choices.choosing("delimiter", reading.delimiter)
    return choices


def _rows(reading: ListReading, choices: ReadingChoices, read: RosterCheck, lost: list[str]) -> ReadingChoices:
    """The heading, wherever it stands in this file, and the lists that are left out."""
    if reading.header_row:
        headings = reading.headings[:HEAD_CELLS]
        likely = [
            (_alike([mark(cell) for cell in row.cells if cell], headings), row.line == reading.header_row, row.line)
            for row in read.shape.head
        ]
        alike, _, line = max(likely, default=(0.0, False, 0))
        if alike < _ALIKE:
            lost.append("the heading: no row like it is among the first rows")
        elif line != read.header_row:
            choices = choices.choosing("header_row", line)
    aside = tuple(table.line for table in read.shape.tables if mark(table.title) in reading.tables_aside)
    if aside and len(aside) < len(read.shape.tables):
        choices = choices.choosing("tables_aside", aside)
    elif reading.tables_aside:
        lost.append("the list that was left out")
    if reading.teams_apart is not None:
        choices = choices.choosing("teams_apart", reading.teams_apart)
    return choices


def _columns(reading: ListReading, choices: ReadingChoices, read: RosterCheck, lost: list[str]) -> ReadingChoices:
    """Which column is what, by its heading, not by where it stood; the order of names; the words of the status."""
    columns: dict[str, str | int] = {}
    for name, was in reading.columns.items():
        now = _now_at(was, reading, read)
        if now is None:
            lost.append(f"the column of “{FIELD_TITLES.get(name, name)}”: it is not in this list")
        else:
            columns[name] = now
    if columns:
        choices = choices.choosing("columns", columns)
    if reading.name_order in get_args(NameOrder):
        choices = choices.choosing("name_order", cast(NameOrder, reading.name_order))
    if reading.status_column is not None:
        now = _now_at(reading.status_column, reading, read)
        if now is None:
            lost.append("the column that says who comes: it is not in this list")
        elif not isinstance(now, str) or not now:
            choices = choices.choosing("status_column", now)
    words = [((status.name, word.value), word.says_no) for status in read.shape.statuses for word in status.values]
    out = tuple(word for word, says_no in words if _mark_of(word) in reading.keep_out and not says_no)
    return choices.choosing("keep_out", out) if out else choices


def _now_at(was: str | int, reading: ListReading, read: RosterCheck) -> str | int | None:
    """Where a column stands in this list; None when it is gone."""
    if was == "":
        return ""
    if isinstance(was, str):
        return next((column.position for column in read.columns if mark(column.name) == mark(was)), None)
    if not reading.headings:  # of an older version, whose key tells that the headings are the same
        return was if was < len(read.columns) else None
    wanted = reading.headings[was] if was < len(reading.headings) else ""
    places = [column.position for column in read.columns if mark(column.name) == wanted]
    return was if was in places else next(iter(places), None)


def _said(choices: ReadingChoices, read: RosterCheck) -> Iterable[str]:
    names = {column.position: column.name for column in read.columns}
    if choices.sheet is not None:
        yield f"sheet “{choices.sheet}”"
    if choices.encoding is not None:
        yield f"encoding {choices.encoding}"
    if choices.delimiter is not None:
        yield f"separator {DELIMITER_WORDS.get(choices.delimiter, choices.delimiter)}"
    if choices.header_row is not None:
        yield f"heading in line {choices.header_row}" if choices.header_row else "no heading"
    for table in read.shape.tables:
        if table.line in choices.tables_aside:
            yield f"without the list “{table.title}”"
    for name, at in choices.columns.items():
        where = f"from column “{names.get(at, at)}”" if isinstance(at, int) else f"from column “{at}”"
        yield f"{FIELD_TITLES.get(name, name)} {where if at != '' else 'not in the list'}"
    if choices.name_order is not None:
        yield "family name first" if choices.name_order == "family first" else "names as written"
    if choices.status_column is not None:
        at = choices.status_column
        yield f"who comes from column “{names.get(at, at)}”" if isinstance(at, int) else "no column says who comes"
    if choices.teams_apart is False:
        yield "one person a row"
    for _, word in choices.keep_out:
        yield f"without “{word}”"


def _marks(read: RosterCheck) -> tuple[str, ...]:
    """By position; "" where a column has no place in the list."""
    names = {column.position: mark(column.name) for column in read.columns}
    return tuple(names.get(position, "") for position in range(max(names, default=-1) + 1))


def _of_a_row(reading: ListReading) -> tuple[tuple[str, ...], ...]:
    """The headings whole, and as many as a first row shows."""
    return reading.guessed, reading.headings, reading.headings[:HEAD_CELLS]


def _alike(one: Collection[str], other: Collection[str]) -> float:
    ones, others = set(one) - {""}, set(other) - {""}
    both = ones & others
    return len(both) / len(ones | others) if len(both) >= _LEAST else 0.0

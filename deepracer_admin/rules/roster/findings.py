"""What a list turned out to hold: rows, and findings about rows that a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from types import MappingProxyType
from typing import Any, NamedTuple, overload

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.errors import BadInput
from deepracer_admin.rules.roster.shape import NO_SHAPE, Shape

__all__ = [
    "NO_EXTRA",
    "AcceptedColumns",
    "AcceptedRows",
    "AnswerColumn",
    "Candidate",
    "Column",
    "Duplicate",
    "LeftOut",
    "Limits",
    "Rejected",
    "RosterCheck",
    "RosterRow",
    "UnreadableRoster",
    "cut",
]

NO_EXTRA: Mapping[str, str] = MappingProxyType({})
_SHOWN_VALUE = 80


class UnreadableRoster(BadInput):
    """The bytes are no list that can be read: too large, encrypted, corrupt, of another kind, or empty."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what a file may hold, each counted while it is read. Sizes in bytes."""

    file_bytes: int = 5 * 1024 * 1024
    rows: int = 200_000
    columns: int = 500
    unpacked_bytes: int = 100 * 1000 * 1000
    packed_entries: int = 2_000
    sheets: int = 100
    sheet_cells: int = 6_000_000  # of all filled rows, each up to its last filled cell
    characters: int = 30_000_000  # in all cells
    name_length: int = 200


class Column(NamedTuple):
    """One column of the list. `position` counts from 0; `field` is what it was taken for, or None (kept as extra)."""

    position: int
    name: str
    field: str | None


class RosterRow(NamedTuple):
    """One accepted person. `row` is the 1-based line (or sheet row) on which the record starts.

    `service_refusal` says why the racing service will not take the address, and what to do; the row is accepted all the
    same.
    """

    row: int
    email: str
    name: str
    office: str = ""
    cost_centre: str = ""
    new_to_ml: bool | None = None
    new_to_aws: bool | None = None
    extra: Mapping[str, str] = NO_EXTRA
    service_refusal: str | None = None


class Duplicate(NamedTuple):
    """A row whose normalised address stood already in `first_row`; the first row won."""

    row: int
    email: str
    first_row: int


class Rejected(NamedTuple):
    """A row that cannot be imported. `value` is cut to 80 characters; `reason` names the rule and what to do."""

    row: int
    column: str
    value: str
    rule: str
    reason: str


class LeftOut(NamedTuple):
    """A row that was left out for a reason that is no fault of the row. `kind` is "hidden", "struck", "declined" or
    "above": the word that `check(include=...)` takes to let such rows in; or "table": a person put its list aside.
    """

    row: int
    value: str
    kind: str
    reason: str


class Candidate(NamedTuple):
    """An encoding in which the file may have been written, and up to two cells as they would read."""

    encoding: str
    samples: tuple[str, ...]


class AnswerColumn(Sequence[bool | None]):
    """Answers as one byte each: 0 not known, 1 no, 2 yes."""

    __slots__ = ("codes",)
    WORDS = (None, False, True)

    def __init__(self, codes: bytes) -> None:
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> bool | None: ...
    @overload
    def __getitem__(self, place: slice) -> AnswerColumn: ...
    def __getitem__(self, place: int | slice) -> bool | AnswerColumn | None:
        return AnswerColumn(self.codes[place]) if isinstance(place, slice) else self.WORDS[self.codes[place]]

    def __iter__(self) -> Iterator[bool | None]:
        return map(self.WORDS.__getitem__, self.codes)


class AcceptedColumns(NamedTuple):
    """Accepted rows a column at a time, all equally long: the fields of RosterRow, `extra` by heading ("" where a
    person has none), and why the racing service refuses an address, by address.
    """

    rows: Sequence[int]
    emails: Sequence[str]
    names: Sequence[str]
    offices: Sequence[str]
    cost_centres: Sequence[str]
    new_to_ml: Sequence[bool | None]
    new_to_aws: Sequence[bool | None]
    extra: Mapping[str, Sequence[str]]
    refusals: Mapping[str, str]


class AcceptedRows(Sequence[RosterRow]):
    """Accepted rows, kept as columns and made into rows when the first of them is looked at."""

    __slots__ = ("_build", "_length", "_rows")

    def __init__(self, length: int, build: Callable[[], AcceptedColumns]) -> None:
        self._length = length
        self._build = build
        self._rows: list[RosterRow] | None = None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> RosterRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[RosterRow]: ...
    def __getitem__(self, place: int | slice) -> RosterRow | list[RosterRow]:
        return self._built()[place]

    def __iter__(self) -> Iterator[RosterRow]:
        return iter(self._built())

    def columns(self) -> AcceptedColumns:
        """The same as columns, without making a row of each person."""
        return self._build()

    def _built(self) -> list[RosterRow]:
        if self._rows is None:
            with collector_at_rest():
                self._rows = _rows_of(self._build())
        return self._rows


_make_row = partial(tuple.__new__, RosterRow)  # RosterRow._make without a Python call for each row


def _rows_of(columns: AcceptedColumns) -> list[RosterRow]:
    refusals = columns.refusals
    fields = zip(
        columns.rows,
        columns.emails,
        columns.names,
        columns.offices,
        columns.cost_centres,
        columns.new_to_ml,
        columns.new_to_aws,
        _extras_of(columns),
        map(refusals.get, columns.emails) if refusals else repeat(None),
        strict=False,
    )
    return list(map(_make_row, fields))


def _extras_of(columns: AcceptedColumns) -> Iterable[Mapping[str, str]]:
    if not columns.extra:
        return repeat(NO_EXTRA, len(columns.emails))
    headings = list(columns.extra)
    return (
        {heading: value for heading, value in zip(headings, values, strict=True) if value}
        for values in zip(*columns.extra.values(), strict=True)
    )


@dataclass(frozen=True, slots=True)
class RosterCheck:
    """The whole of one list.

    Invariant: `rows + further_people == len(accepted) + len(duplicates) + len(rejected) + len(left_out)`. `rows` are
    those of the file; a row that holds three people (a team's) is one of them and has two `further_people`.
    `candidates` are encodings that would give other letters, when the file does not say its own; `shape` is what
    else it could be read as.
    """

    file: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    sheets: tuple[str, ...]
    header_row: int | None
    columns: tuple[Column, ...]
    rows: int
    accepted: Sequence[RosterRow]
    duplicates: tuple[Duplicate, ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    further_people: int = 0
    shape: Shape = NO_SHAPE

    @property
    def mapping(self) -> dict[str, int]:
        """Field -> position of its column: what was guessed, in the shape that `check(mapping=...)` takes back."""
        return {column.field: column.position for column in self.columns if column.field}

    @property
    def refused_by_service(self) -> int:
        return sum(row.service_refusal is not None for row in self.accepted)

    def as_json(self) -> dict[str, Any]:
        """The shape that `roster check --json` prints."""
        further = {"further_people": self.further_people} if self.further_people else {}
        return {
            "file": self.file,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "header_row": self.header_row,
            "columns": [{"name": column.name, "field": column.field} for column in self.columns],
            "rows": self.rows,
            **further,
            "accepted": [_row_as_json(row) for row in self.accepted],
            "duplicates": len(self.duplicates),
            "rejected": [
                {"row": bad.row, "column": bad.column, "value": bad.value, "reason": bad.reason}
                for bad in self.rejected
            ],
            "left_out": [{"row": out.row, "value": out.value, "reason": out.reason} for out in self.left_out],
            "warnings": list(self.warnings),
        }


def _row_as_json(row: RosterRow) -> dict[str, Any]:
    fields = row._asdict()
    fields["extra"] = dict(row.extra)
    if fields["service_refusal"] is None:
        del fields["service_refusal"]
    return fields


def cut(value: str) -> str:
    """At most 80 characters of a value, for a message."""
    return value if len(value) <= _SHOWN_VALUE else value[: _SHOWN_VALUE - 1] + "…"

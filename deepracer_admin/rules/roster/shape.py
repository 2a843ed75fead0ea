"""What else a list could be: what a person needs to see in order to read it otherwise.

Travels as plain values, as it comes from a child that a hostile file may have taken over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast, get_args

from deepracer_admin.counted import counted

__all__ = ["NO_SHAPE", "Elsewhere", "HeadRow", "Kind", "Shape", "StatusFound", "StatusValue", "TableFound"]

Kind = Literal["text", "workbook", "mailboxes", "entries", "page"]
"""Text with separators; sheets; mailboxes as in a mail; entries that say what their values are (JSON, contact cards);
a table without separators (of a web page)."""
_SHOWN = 5


class HeadRow(NamedTuple):
    """One of the first rows of the file as it was read: its 1-based line, and its cells, cut."""

    line: int
    cells: tuple[str, ...]


class TableFound(NamedTuple):
    """One of several lists in one file: the line of its heading, its title or else its headings, how many rows it
    has, and whether it was read."""

    line: int
    title: str
    rows: int
    is_read: bool


class StatusValue(NamedTuple):
    """A word of the status column, on how many rows it stands, whether it says by itself that they will not come, and
    whether those rows were taken."""

    value: str
    rows: int
    says_no: bool
    is_taken: bool


class StatusFound(NamedTuple):
    """The column that says who comes."""

    position: int
    name: str
    values: tuple[StatusValue, ...]


class Elsewhere(NamedTuple):
    """Addresses that stand in the file and are in no row of the list: where, and how many. Of a sheet that was not
    read (`is_sheet`) the rows are counted that hold one."""

    place: str
    number: int
    is_sheet: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """What else the file could be read as. `hidden_sheets` are among the sheets of the check; `elsewhere` are
    addresses that no row of the list has. `hidden_rows`, `struck_rows`, `rows_above` and `rows_of_others` tell how many
    rows the sheet hides or strikes through, stand above the heading and are of hosts and panelists, whether they were
    let in or not. `has_teams`: rows were taken apart into several people."""

    kind: Kind = "text"
    head: tuple[HeadRow, ...] = ()
    tables: tuple[TableFound, ...] = ()
    statuses: tuple[StatusFound, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    hidden_sheets: tuple[str, ...] = ()
    hidden_rows: int = 0
    struck_rows: int = 0
    rows_above: int = 0
    rows_of_others: int = 0
    has_teams: bool = False

    def told_elsewhere(self, *, with_sheets: bool = True) -> str:
        """One sentence about addresses in other places; "" when there are none."""
        places = [each for each in self.elsewhere if with_sheets or not each.is_sheet]
        total = sum(each.number for each in places)
        if not total:
            return ""
        shown = "; ".join(f"{each.place}: {each.number:,}" for each in places[:_SHOWN])
        more = f"; {counted(len(places) - _SHOWN, 'more place')}" if len(places) > _SHOWN else ""
        verb, were = ("stands", "was") if total == 1 else ("stand", "were")
        return (
            f"{counted(total, 'address', 'addresses')} {verb} in other places of this file and {were} not used "
            f"({shown}{more})."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values. The inverse of `of_json`."""
        return {
            "kind": self.kind,
            "head": [[row.line, *row.cells] for row in self.head],
            "tables": [list(table) for table in self.tables],
            "statuses": [[*status[:2], *map(list, status.values)] for status in self.statuses],
            "elsewhere": [list(each) for each in self.elsewhere],
            "hidden_sheets": list(self.hidden_sheets),
            "counts": [self.hidden_rows, self.struck_rows, self.rows_above, self.rows_of_others, int(self.has_teams)],
        }

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Shape:
        """Raises ValueError for anything that `as_json` would not have written."""
        try:
            hidden_rows, struck_rows, rows_above, rows_of_others, has_teams = map(_whole, values["counts"])
            return cls(
                kind=_kind(values["kind"]),
                head=tuple(HeadRow(_whole(line), tuple(map(_word, cells))) for line, *cells in values["head"]),
                tables=tuple(
                    TableFound(_whole(line), _word(title), _whole(rows), _truth(is_read))
                    for line, title, rows, is_read in values["tables"]
                ),
                statuses=tuple(map(_status, values["statuses"])),
                elsewhere=tuple(
                    Elsewhere(_word(place), _whole(number), _truth(is_sheet))
                    for place, number, is_sheet in values["elsewhere"]
                ),
                hidden_sheets=tuple(map(_word, values["hidden_sheets"])),
                hidden_rows=hidden_rows,
                struck_rows=struck_rows,
                rows_above=rows_above,
                rows_of_others=rows_of_others,
                has_teams=bool(has_teams),
            )
        except (KeyError, TypeError) as flaw:
            raise ValueError(f"This is no shape of a list: {flaw}") from None


NO_SHAPE = Shape()


def _status(values: Sequence[Any]) -> StatusFound:
    position, name, *words = values
    return StatusFound(
        _whole(position),
        _word(name),
        tuple(
            StatusValue(_word(value), _whole(rows), _truth(says_no), _truth(is_taken))
            for value, rows, says_no, is_taken in words
        ),
    )


def _kind(value: object) -> Kind:
    if value not in get_args(Kind):
        raise ValueError("The kind of the list is out of place.")
    return cast(Kind, value)


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**32:
        raise ValueError("A number is out of place.")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("A text is out of place.")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("A yes or no is out of place.")
    return value

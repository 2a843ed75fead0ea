"""Several tables in one list: headings that come again, further headings, titles between them.

Nothing vanishes: what is not read as a person is named in a sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.columns import Header
from deepracer_admin.rules.roster.findings import LeftOut, cut
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.headings import field_of, plain_heading
from deepracer_admin.rules.roster.lazy_column import places_without_at
from deepracer_admin.rules.roster.shape import TableFound

__all__ = [
    "TABLE",
    "Tables",
    "addresses_above",
    "further_tables",
    "rows_above",
    "title_above",
    "without_second_headings",
]

TABLE = "table"
_LOOKED_AT = 2_000  # records without an address; a list with more of them is no list
_SECOND_HEADINGS = 5
_SHOWN = 5


class Tables(NamedTuple):
    """All tables of a list as one: their headings side by side, the records of those that are read below each other.
    `left` are the records of those that a person put aside.
    """

    heading: list[str]
    body: Grid
    found: tuple[TableFound, ...] = ()
    left: tuple[LeftOut, ...] = ()


def title_above(grid: Grid, header: Header) -> str:
    """The title right above the heading; "" when there is none."""
    record = grid.record(header.place - 1) if header.place else []
    return "".join(record).strip() if _is_title(record) else ""


def is_heading(record: Sequence[str]) -> bool:
    """Whether a record without addresses names an address column and at least one more field, or only that."""
    filled = [cell for cell in record if cell.strip()]
    fields = {field for cell in filled if (field := field_of(cell))}
    return "email" in fields and (len(fields) > 1 or len(filled) == 1) and not any(map(holds_address, filled))


def without_second_headings(heading: Sequence[str], body: Grid, warnings: list[str]) -> Grid:
    """Cut off what stands between the heading and the first person and repeats or explains the heading (Qualtrics has
    three heading rows)."""
    first = 0
    for record in body.head(_SECOND_HEADINGS):
        cells = [cell.strip() for cell in record]
        is_machines = sum(cell.startswith('{"ImportId"') for cell in cells) > 0
        same = sum(
            bool(cell) and (plain_heading(cell) == plain_heading(above) or (field_of(cell) is not None))
            for cell, above in zip(cells, heading, strict=False)
        )
        is_again = same > 1 and same * 2 > sum(map(bool, cells)) and not any(map(holds_address, cells))
        if not (is_machines or is_again):
            break
        first += 1
    if first:
        lines = ", ".join(str(line) for line in body.lines[:first])
        warnings.append(f"Line {lines}: a further heading, no person.")
    return body.cut(first)


def rows_above(grid: Grid, header: Header) -> int:
    """How many records right above the heading look like records of its own table: as wide, with an address."""
    if not header.place:
        return 0
    width = grid.width_of(header.place)
    place = header.place
    while place and grid.width_of(place - 1) == width and width > 1 and any(map(holds_address, grid.record(place - 1))):
        place -= 1
    return header.place - place


def addresses_above(grid: Grid, header: Header) -> list[tuple[int, str]]:
    """Addresses that stand further above the heading and were not read, each with its line."""
    if not header.place:
        return []
    return [
        (grid.lines[place], next(cell.strip() for cell in record if holds_address(cell)))
        for place, record in enumerate(grid.head(header.place - rows_above(grid, header)))
        if any(map(holds_address, record))
    ]


def further_tables(
    heading: Sequence[str],
    body: Grid,
    email: int,
    warnings: list[str],
    *,
    first: tuple[int, str] = (0, ""),
    aside: Collection[int] = (),
) -> Tables | None:
    """The tables that follow within the body, joined with the first one; None when there is but one.

    `first` is the line and the title of the first table; `aside` are the lines of headings whose tables a person left
    out.
    """
    if email >= body.width:
        return None
    suspects = places_without_at(body.columns[email])
    headings = [place for place in suspects[:_LOOKED_AT] if is_heading(body.record(place))]
    if not headings:
        return None
    titles = {place - 1 for place in headings if place and _is_title(body.record(place - 1))}
    union = list(heading)
    records: list[list[str]] = []
    lines: list[int] = []
    places = list(range(len(heading)))
    others: list[int] = []
    at = {place: body.record(place) for place in headings}
    tables = [_Table(first[0], first[1] or _named(heading))]
    left: list[LeftOut] = []
    for place in range(body.height):
        if place in at:
            places = _laid_out(at[place], union)
            is_other = [plain_heading(cell) for cell in at[place]] != [
                plain_heading(cell) for cell in heading[: len(at[place])]
            ]
            if is_other:
                others.append(body.lines[place])
            title = "".join(body.record(place - 1)).strip() if place - 1 in titles else ""
            if is_other or title:
                tables.append(_Table(body.lines[place], title or _named(at[place])))
            continue
        if place in titles:
            continue
        record = body.record(place)
        tables[-1].rows += 1
        if tables[-1].line in aside:
            reason = f"The row is of the list “{tables[-1].title}” (line {tables[-1].line}), which was left out."
            left.append(LeftOut(body.lines[place], cut(" ".join(filter(None, map(str.strip, record)))), TABLE, reason))
            continue
        cells = [""] * len(union)
        for position, cell in enumerate(record):
            where = places[position] if position < len(places) else position
            if where >= len(cells):
                cells.extend([""] * (where + 1 - len(cells)))
            cells[where] = cell
        records.append(cells)
        lines.append(body.lines[place])
    again = len(headings) - len(others)
    if again:
        warnings.append(f"The heading comes again {counted(again, 'time')}; those lines are no people.")
    if others:
        shown = ", ".join(map(str, others[:_SHOWN]))
        out = [str(table.line) for table in tables if table.line in aside]
        read = f"all but the one in line {', '.join(out)} were read" if out else "all of them were read"
        warnings.append(f"The file holds {len(others) + 1} lists (a further heading in line {shown}): {read}.")
    found = tuple(TableFound(table.line, table.title, table.rows, table.line not in aside) for table in tables)
    return Tables(union, Grid.of_records(records, lines), found if len(found) > 1 else (), tuple(left))


@dataclass(slots=True)
class _Table:
    line: int
    title: str
    rows: int = 0


def _named(heading: Sequence[str]) -> str:
    return cut(", ".join(cell.strip() for cell in heading if cell.strip()))


def _is_title(record: Sequence[str]) -> bool:
    filled = [cell for cell in record if cell.strip()]
    return len(filled) == 1 and "@" not in filled[0]


def _laid_out(heading: Sequence[str], union: list[str]) -> list[int]:
    """Where the cells of a further table go: below the same field, else the same heading, else a new column."""
    places: list[int] = []
    by_field = {field: place for place, cell in reversed(list(enumerate(union))) if (field := field_of(cell))}
    by_name = {plain_heading(cell): place for place, cell in reversed(list(enumerate(union))) if cell.strip()}
    for cell in heading:
        place = by_field.get(field_of(cell) or "", by_name.get(plain_heading(cell)))
        if place is None or place in places:
            place = len(union)
            union.append(cell)
        places.append(place)
    return places

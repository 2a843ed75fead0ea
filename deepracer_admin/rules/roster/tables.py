"""Several tables in one list: headings that come again, further headings, titles between them.

Nothing vanishes: what is not read as a person is named in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.columns import Header
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.headings import field_of, plain_heading
from deepracer_admin.rules.roster.lazy_column import places_without

__all__ = ["Tables", "addresses_above", "further_tables", "rows_above", "without_second_headings"]

_LOOKED_AT = 2_000  # records without an address; a list with more of them is no list
_SECOND_HEADINGS = 5
_SHOWN = 5


class Tables(NamedTuple):
    """All tables of a list as one: their headings side by side, their records below each other."""

    heading: list[str]
    body: Grid


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


def addresses_above(grid: Grid, header: Header) -> str | None:
    """A sentence about addresses that stand further above the heading and were not read."""
    if not header.place:
        return None
    found = [
        (grid.lines[place], next(cell.strip() for cell in record if holds_address(cell)))
        for place, record in enumerate(grid.head(header.place - rows_above(grid, header)))
        if any(map(holds_address, record))
    ]
    if not found:
        return None
    shown = "; ".join(f"row {line}: {cell[:80]}" for line, cell in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    verb = "stands" if len(found) == 1 else "stand"
    return (
        f"{counted(len(found), 'address', 'addresses')} {verb} in other places of this file, above the heading, and "
        f"{'was' if len(found) == 1 else 'were'} not read ({shown}{more})."
    )


def further_tables(heading: Sequence[str], body: Grid, email: int, warnings: list[str]) -> Tables | None:
    """The tables that follow within the body, joined with the first one; None when there is but one."""
    if email >= body.width:
        return None
    suspects = places_without("@", body.columns[email])
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
    for place in range(body.height):
        if place in at:
            places = _laid_out(at[place], union)
            if [plain_heading(cell) for cell in at[place]] != [
                plain_heading(cell) for cell in heading[: len(at[place])]
            ]:
                others.append(body.lines[place])
            continue
        if place in titles:
            continue
        record = body.record(place)
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
        warnings.append(
            f"The file holds {len(others) + 1} lists (a further heading in line {shown}): all of them were read."
        )
    return Tables(union, Grid.of_records(records, lines))


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

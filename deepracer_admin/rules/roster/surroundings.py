"""What stands around a list that was read: the first rows, who says they do not come, addresses in other places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from deepracer_admin.rules.roster.addresses import normalise_email
from deepracer_admin.rules.roster.cells import find_address, holds_address
from deepracer_admin.rules.roster.columns import Header
from deepracer_admin.rules.roster.findings import Column, cut
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.lazy_column import distinct
from deepracer_admin.rules.roster.people import fold
from deepracer_admin.rules.roster.shape import Elsewhere, HeadRow, StatusFound, StatusValue
from deepracer_admin.rules.roster.status import Status, word_of
from deepracer_admin.rules.roster.tables import Tables

__all__ = ["HEAD_CELLS", "elsewhere_of", "head_of", "status_found"]

_ROWS = 60  # as many as a heading is looked for in
_BELOW = 3
_WORDS, _MOST_WORDS = 20, 60
_SHOWN = 5
HEAD_CELLS = 30
"""So many cells of each of the first rows are shown."""


def head_of(grid: Grid, header: Header, tables: Tables | None, below: tuple[int, Grid] | None) -> tuple[HeadRow, ...]:
    """The first rows that hold anything, the heading, the headings of further lists, and how that begins which was cut
    off below: what a heading is chosen from."""
    places = [place for place in range(min(grid.height, _ROWS * 4)) if any(map(str.strip, grid.record(place)))][:_ROWS]
    further = {table.line for table in tables.found} if tables else set()
    further |= set(below[1].lines[:_BELOW]) if below is not None else set()
    if header.place is not None:
        further.add(grid.lines[header.place])
    if further - {grid.lines[place] for place in places}:
        places = sorted({*places, *(place for place, line in enumerate(grid.lines) if line in further)})
    return tuple(
        HeadRow(grid.lines[place], tuple(cut(fold(cell)) for cell in grid.record(place)[:HEAD_CELLS]))
        for place in places
    )


def status_found(status: Status, body: Grid, *, is_in: bool) -> StatusFound:
    """The words of a status column, the most frequent first, before anybody is left out."""
    rows: Counter[str] = Counter()
    words: dict[str, str] = {}
    for value, number in Counter(body.columns[status.column.position]).items():
        if value in status.values:
            rows[word_of(value)] += number
            words.setdefault(word_of(value), value)
    # Whoever is left out can be let in, and a column of many words does not fill the screen.
    shown = [
        (word, number)
        for place, (word, number) in enumerate(rows.most_common())
        if place < _WORDS or words[word] in status.away or words[word] in status.saying_no
    ][:_MOST_WORDS]
    values = tuple(
        StatusValue(fold(words[word]), number, words[word] in status.saying_no, is_in or words[word] not in status.away)
        for word, number in shown
    )
    return StatusFound(status.column.position, status.column.name, values)


def elsewhere_of(
    reading: Reading,
    body: Grid,
    accepted: Sequence[str],
    aside: Iterable[Column],
    above: Sequence[tuple[int, str]],
    below: tuple[int, Grid] | None,
) -> tuple[Elsewhere, ...]:
    """Different addresses that stand in the file and were not read as anybody's, place by place.

    Of other sheets the rows are counted that hold an address.
    """
    found: list[Elsewhere] = []
    known: set[str] | None = None
    for column in aside:
        known = set(accepted) if known is None else known
        if column.position < body.width:
            others = set(_addresses(distinct(body.columns[column.position]))) - known
            found.append(Elsewhere(f"column {column.name}", len(others)))
    if above:
        shown = "; ".join(f"row {line} {cut(cell)}" for line, cell in above[:_SHOWN])
        more = f" and {len(above) - _SHOWN} more" if len(above) > _SHOWN else ""
        addresses = set(_addresses(cell for _, cell in above))
        found.append(Elsewhere(f"above the heading, {shown}{more}", len(addresses)))
    if below is not None:
        line, grid = below
        cells = (cell for column in grid.columns for cell in column)
        found.append(Elsewhere(f"from line {line} on", len(set(_addresses(cells)) - (known or set(accepted)))))
    for name, count in reading.other_sheets:
        hidden = "hidden sheet" if name in reading.hidden_sheets else "sheet"
        found.append(Elsewhere(f"{hidden} {name}", count, is_sheet=True))
    return tuple(each for each in found if each.number)


def _addresses(cells: Iterable[str]) -> Iterator[str]:
    for cell in cells:
        if holds_address(cell):
            address = find_address(cell)
            yield from map(normalise_email, address.others or (address.address,))

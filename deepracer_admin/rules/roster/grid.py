"""A list as columns of text cells: what every reader gives and every rule works on, a whole column at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, compress

from deepracer_admin.rules.roster.findings import Candidate
from deepracer_admin.rules.roster.lazy_column import places_of_blank
from deepracer_admin.rules.roster.shape import Kind

__all__ = ["Grid", "Reading"]


@dataclass(frozen=True, slots=True)
class Grid:
    """`columns[c][r]` is a cell; all columns are equally long. `lines[r]` is the 1-based line or sheet row on which
    record `r` starts. `widths[r]` is how many cells the record had before it was filled up; None when all had the same.
    """

    columns: Sequence[Sequence[str]]
    lines: Sequence[int]
    widths: Sequence[int] | None = None

    @classmethod
    def of_records(cls, records: Sequence[Sequence[str]], lines: Sequence[int]) -> Grid:
        """Columns from records, short records filled up with empty cells."""
        widths = list(map(len, records))
        width = max(widths, default=0)
        is_even = min(widths, default=0) == width
        if not is_even:
            records = [[*record, *[""] * (width - len(record))] for record in records]
        flat = list(chain.from_iterable(records))
        return cls([flat[place::width] for place in range(width)], lines, None if is_even else widths)

    @property
    def height(self) -> int:
        return len(self.lines)

    @property
    def width(self) -> int:
        return len(self.columns)

    def record(self, place: int) -> list[str]:
        """The cells of one record, as many as it had."""
        return [column[place] for column in self.columns[: self.width_of(place)]]

    def width_of(self, place: int) -> int:
        return self.widths[place] if self.widths is not None else self.width

    def head(self, count: int) -> list[list[str]]:
        """The first records."""
        return [self.record(place) for place in range(min(count, self.height))]

    def cut(self, first: int, end: int | None = None) -> Grid:
        """The records from `first` to before `end`."""
        if first == 0 and (end is None or end >= self.height):
            return self
        return Grid(
            [column[first:end] for column in self.columns],
            self.lines[first:end],
            self.widths[first:end] if self.widths is not None else None,
        )

    def keep(self, kept: Sequence[bool]) -> Grid:
        """The records whose place is kept."""
        if all(kept):
            return self
        return Grid(
            [list(compress(column, kept)) for column in self.columns],
            list(compress(self.lines, kept)),
            list(compress(self.widths, kept)) if self.widths is not None else None,
        )

    def without_blank(self) -> Grid:
        """The records that hold anything but white space."""
        blank = set(self._blank())
        if not blank:
            return self
        return self.keep([place not in blank for place in range(self.height)])

    def _blank(self) -> Iterable[int]:
        if not self.columns:
            return range(self.height)
        suspects = places_of_blank(self.columns[0])
        for column in self.columns[1:]:
            suspects = [place for place in suspects if not column[place].strip()]
        return suspects


@dataclass(frozen=True, slots=True)
class Reading:
    """The cells, and how they were read.

    `heading` is given only where the form of the list says what its columns are (a pasted "To:" line). `hidden` are
    lines that the workbook hides, `struck` those that it strikes through; `formulas` are cells (line, column from 0)
    with a formula whose result was not saved.
    `other_sheets` tells how many rows with an address each sheet has that was not read.
    """

    grid: Grid
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    heading: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    hidden: frozenset[int] = frozenset()
    struck: frozenset[int] = frozenset()
    formulas: frozenset[tuple[int, int]] = frozenset()
    candidates: tuple[Candidate, ...] = ()
    hidden_sheets: tuple[str, ...] = ()
    kind: Kind = "text"
    other_sheets: tuple[tuple[str, int], ...] = ()
    hidden_columns: frozenset[int] = frozenset()

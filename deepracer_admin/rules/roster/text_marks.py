"""What programs write so that a spreadsheet takes a cell for text: an apostrophe before it, or ="..." around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.lazy_column import LazyColumn

__all__ = ["without_text_marks"]

_LOOKED_AT = 50  # cells; a column is marked from the first one on
_LEAST = 2


def without_text_marks(grid: Grid) -> Grid:
    """The cells without such marks in columns that have one on every filled cell, but perhaps in the heading."""
    if grid.height < _LEAST or not any(_is_suspect(column) for column in grid.columns):
        return grid
    columns = [_bare(column) if _is_marked(column) else column for column in grid.columns]
    return Grid(columns, grid.lines, grid.widths)


def _is_suspect(column: Sequence[str]) -> bool:
    return any(_has_mark(cell) for cell in islice(column[: _LEAST + 1], _LEAST + 1))


def _is_marked(column: Sequence[str]) -> bool:
    if not any(map(_has_mark, column[:_LOOKED_AT])) or isinstance(column, LazyColumn):
        return False
    filled = [cell for cell in column if cell.strip()]
    return len(filled) > _LEAST - 1 and all(map(_has_mark, filled[1:])) and len(filled[1:]) > 0


def _has_mark(cell: str) -> bool:
    # "'t Hooft" is a name: a mark stands right before a letter or digit and the word goes on.
    if cell.startswith("'"):
        return len(cell) > _LEAST and cell[1].isalnum() and cell[2] != " "
    return cell.startswith('="') and cell.endswith('"') and len(cell) > _LEAST


def _bare(column: Sequence[str]) -> list[str]:
    return [_unmarked(cell) if _has_mark(cell) else cell for cell in column]


def _unmarked(cell: str) -> str:
    if cell.startswith("="):
        return cell[2:-1].replace('""', '"')
    return cell[1:-1] if cell.endswith("'") and len(cell) > _LEAST else cell[1:]

"""Quotation marks that were set wrongly: doubled by nobody, escaped with a backslash, or around whole lines."""

from __future__ import annotations

import csv
import io
import re
from collections import deque

__all__ = ["is_badly_quoted", "read_backslashed", "read_bare"]

_MOST = 4_000_000  # characters; a larger text with wrong marks is left as the library reads it


def is_badly_quoted(text: str, delimiter: str) -> bool:
    """Whether a quoted cell goes on after its closing mark, which no well-formed text does."""
    if '"' not in text or len(text) > _MOST:
        return False
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        deque(reader, maxlen=0)
    except csv.Error as flaw:
        return "expected after" in str(flaw)
    return False


def read_backslashed(text: str, delimiter: str) -> list[list[str]] | None:
    r"""The records of a text that writes \" for a mark inside a cell; None when it does not."""
    if '\\"' not in text:
        return None
    try:
        return list(
            csv.reader(
                io.StringIO(text, newline=""),
                delimiter=delimiter,
                doublequote=False,
                escapechar="\\",
                skipinitialspace=True,
                strict=True,
            )
        )
    except csv.Error:
        return None


def read_bare(text: str, delimiter: str) -> tuple[list[list[str]], list[int]] | None:
    """(records, lines that hold bare marks): a mark closes a cell only before a delimiter or the end of the line.

    One record a line; None when a quoted cell does not end on its line.
    """
    records: list[list[str]] = []
    bare: list[int] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        found = _cells(line, delimiter)
        if found is None:
            return None
        cells, is_bare = found
        records.append(cells if line.strip() else [])
        if is_bare:
            bare.append(number)
    return records, bare


def _cells(line: str, delimiter: str) -> tuple[list[str], bool] | None:
    cells: list[str] = []
    is_bare = False
    open_cell: list[str] | None = None
    for piece in line.split(delimiter):
        if open_cell is None and not piece.lstrip(" ").startswith('"'):
            cells.append(piece)
            continue
        if open_cell is None:
            open_cell, piece = [], piece.lstrip(" ")[1:]
        open_cell.append(piece)
        if piece.rstrip(" ").endswith('"') and not _is_doubled(piece):
            inner = delimiter.join(open_cell).rstrip(" ")[:-1]
            is_bare = is_bare or '"' in inner.replace('""', "")
            cells.append(inner.replace('""', '"'))
            open_cell = None
    return (cells, is_bare) if open_cell is None else None


def _is_doubled(piece: str) -> bool:
    """Whether the marks at the end are doubled ones, so that the cell goes on."""
    bare = piece.rstrip(" ")
    count = len(bare) - len(bare.rstrip('"'))
    return count % 2 == 0 and len(bare) > count

"""The short way for a table with one record on each line and as many cells in each: split all at once."""

from __future__ import annotations

import re
from itertools import repeat

from deepracer_admin.rules.roster.delimiters import read_with
from deepracer_admin.rules.roster.findings import Limits
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.lazy_column import read_columns

__all__ = ["LARGE", "split_even"]

LARGE = 2_000_000  # bytes; from here on cells stay in Arrow's buffers
_LARGE_QUOTED = 200_000
_LINE_END = re.compile("\\r\\n|\\r")


def split_even(text: str, delimiter: str | None, limits: Limits, raw: bytes) -> Grid | None:
    """The short way for a text with one record on each line and as many cells in each; None when it is another.

    Splitting the whole text at once takes a quarter of the time, or less, of parsing record by record.
    """
    is_quoted = b'"' in raw
    if is_quoted and (len(raw) < _LARGE_QUOTED or delimiter is None or not _is_well_quoted(text, delimiter)):
        return None
    raw = raw.rstrip(b"\r\n")  # empty lines at the end are no records
    lines = _even_lines(raw)
    if lines is None:
        return None
    end, height = lines
    if height > limits.rows:
        return None
    if delimiter is None:
        return Grid([text.rstrip("\r\n").split(end.decode())], range(1, height + 1))
    first = raw[: raw.find(end)] if height > 1 else raw
    between = delimiter.encode()
    width = len(next(read_with(first.decode(), delimiter))) if is_quoted else first.count(between) + 1
    if width > limits.columns:
        return None
    if is_quoted or len(raw) >= LARGE:
        columns = read_columns(raw, delimiter, width, is_quoted=is_quoted)
    else:
        columns = _split_all(text.rstrip("\r\n"), delimiter, width)
    if columns is None or len(columns[0]) != height:
        return None
    return Grid(columns, range(1, height + 1))


def _even_lines(raw: bytes) -> tuple[bytes, int] | None:
    """(how lines end, how many there are); None when they end in several ways, or one is empty."""
    if len(raw) >= LARGE:
        return _many_even_lines(raw)
    feeds, returns = raw.count(b"\n"), raw.count(b"\r")
    end = b"\r\n" if feeds == returns else b"\r" if not feeds else b"\n"
    if returns and feeds and raw.count(b"\r\n") != max(feeds, returns):
        return None
    return None if end + end in raw or raw.startswith(end) else (end, (feeds or returns) + 1)


def _many_even_lines(raw: bytes) -> tuple[bytes, int] | None:
    """`_even_lines` of a large text, whose bytes are looked at all at once."""
    import numpy

    letters = numpy.frombuffer(raw, dtype=numpy.uint8)
    feeds, returns = numpy.flatnonzero(letters == ord("\n")), raw.count(b"\r")
    if not len(feeds):
        return None
    if returns and (returns != len(feeds) or feeds[0] == 0 or (letters[feeds - 1] != ord("\r")).any()):
        return None
    end = b"\r\n" if returns else b"\n"
    is_empty = feeds[0] == len(end) - 1 or (numpy.diff(feeds) == len(end)).any()
    return None if is_empty else (end, len(feeds) + 1)


def _is_well_quoted(text: str, delimiter: str) -> bool:
    """Whether every quotation mark opens, closes or stands doubled inside a cell that ends on its own line."""
    edge = re.escape(delimiter)
    cell = rf'(?:^|(?<=[{edge}\r\n]))"(?:[^"\r\n]|"")*"(?=[{edge}\r\n]|\Z)'
    return '"' not in re.sub(cell, "", text)


def _split_all(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    lines = _LINE_END.split(text) if "\r" in text else text.split("\n")
    if set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
        return None
    flat = delimiter.join(lines).split(delimiter)
    return [flat[place::width] for place in range(width)]

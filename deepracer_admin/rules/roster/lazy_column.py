"""Columns of large lists: cells stay in Arrow's buffers until a rule asks for them.

Most rules look at the address alone, or at the distinct values of a column. Making a Python string of each of 700,000
cells would cost more than all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any, TypeVar, cast, overload

__all__ = ["LazyColumn", "distinct", "each", "load", "longest", "picked", "read_columns"]

_T = TypeVar("_T")


class LazyColumn(Sequence[str]):
    """One column of text; its cells become strings all at once, when the column is first walked."""

    __slots__ = ("_cells", "_strings")

    def __init__(self, cells: Any) -> None:
        self._cells = cells
        self._strings: list[str] | None = None

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if self._strings is not None:
            return self._strings[place]
        cells = self._cells[place]
        return LazyColumn(cells) if isinstance(place, slice) else cells.as_py()

    def __iter__(self) -> Iterator[str]:
        strings = self._strings
        if strings is None:
            strings = self._strings = self._cells.to_pylist()
        return iter(strings or ())

    def distinct(self) -> set[str]:
        return set(self._cells.unique().to_pylist())

    def picked(self, chosen: Sequence[bool]) -> LazyColumn:
        """The cells whose place is chosen."""
        from pyarrow import array

        return LazyColumn(self._cells.filter(array(chosen)))

    def each(self, rule: Callable[[str], _T]) -> list[_T]:
        """`rule` of every cell; Python strings are made of the distinct ones alone."""
        encoded = self._cells.dictionary_encode()
        results = list(map(rule, encoded.dictionary.to_pylist()))
        return list(map(results.__getitem__, encoded.indices.to_numpy().tolist()))

    def longest(self) -> int:
        from pyarrow.compute import call_function

        return call_function("max", [call_function("utf8_length", [self._cells])]).as_py() or 0


def load() -> None:
    """Import what large lists need, before one comes."""
    import pyarrow.compute
    import pyarrow.csv  # noqa: F401


def distinct(column: Sequence[str]) -> set[str]:
    """The different values of a column."""
    return column.distinct() if isinstance(column, LazyColumn) else set(column)


def picked(column: Sequence[_T], chosen: Sequence[bool]) -> Sequence[_T]:
    """The cells whose place is chosen, as many as `chosen` has true."""
    if isinstance(column, LazyColumn):
        return cast("Sequence[_T]", column.picked(chosen))
    return list(compress(column, chosen))


def each(rule: Callable[[str], _T], column: Sequence[str]) -> list[_T]:
    """`rule` of every cell of a column, asked once for each distinct one."""
    if isinstance(column, LazyColumn):
        return column.each(rule)
    known = {value: rule(value) for value in set(column)}
    return list(map(known.__getitem__, column))


def longest(column: Sequence[str]) -> int:
    """The length of a column's longest value, in characters."""
    return column.longest() if isinstance(column, LazyColumn) else max(map(len, column), default=0)


def read_columns(text: str, delimiter: str, width: int, *, is_quoted: bool) -> list[LazyColumn] | None:
    """The columns of a text; None when a record has more or fewer than `width` cells."""
    # Imported here because a small list never needs it, and the command line should start fast.
    import pyarrow
    from pyarrow import csv

    raw = text.encode("utf-8")
    names = [str(place) for place in range(width)]
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(raw),
            # One block: a list is at most some megabytes, and a line must never be cut.
            read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=len(raw) + 1),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if is_quoted else False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False
            ),
        )
    except pyarrow.ArrowInvalid:
        return None
    return [LazyColumn(column.combine_chunks()) for column in table.columns]

"""Columns of large lists: cells stay in Arrow's buffers until a rule asks for them.

Most rules look at the address alone, or at the distinct values of a column. Making a Python string of each of 700,000
cells would cost more than all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any, TypeVar, cast, overload

__all__ = [
    "LazyColumn",
    "distinct",
    "each",
    "longest",
    "mapped",
    "operations",
    "picked",
    "places_without",
    "read_columns",
]

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

    def mapped(self, rule: Callable[[str], str]) -> LazyColumn:
        """`rule` of every cell, as a column; asked once for each distinct one."""
        from pyarrow import array, string

        encoded = self._cells.dictionary_encode()
        return LazyColumn(array(list(map(rule, encoded.dictionary.to_pylist())), string()).take(encoded.indices))

    def coded(self, rule: Callable[[str], int]) -> bytes:
        """`rule` of every cell, 0 to 255, one byte each; asked once for each distinct one."""
        import numpy

        encoded = self._cells.dictionary_encode()
        codes = numpy.array(list(map(rule, encoded.dictionary.to_pylist())), dtype=numpy.uint8)
        return codes[encoded.indices.to_numpy()].tobytes() if len(codes) else b""

    def places_without(self, text: str) -> list[int]:
        """Where the cells are that do not hold `text`."""
        compute = operations()
        missing = compute.invert(compute.match_substring(self._cells, text))
        return compute.indices_nonzero(missing).to_pylist()

    def has_like(self, pattern: str) -> bool:
        """Whether the pattern (RE2) is found in any cell."""
        return operations().any(operations().match_substring_regex(self._cells.unique(), pattern)).as_py() is True

    def places_of_several(self, text: str) -> list[int]:
        """Where the cells are that hold `text` more than once."""
        compute = operations()
        return compute.indices_nonzero(compute.greater(compute.count_substring(self._cells, text), 1)).to_pylist()

    def unlike(self, pattern: str) -> list[str]:
        """The cells that the pattern (RE2) is not found in."""
        compute = operations()
        return self._cells.filter(compute.invert(compute.match_substring_regex(self._cells, pattern))).to_pylist()

    def joined(self, between: str) -> bytes:
        """All cells in one text, as UTF-8."""
        from pyarrow import ListArray, array, int32
        from pyarrow.compute import call_function

        if not len(self._cells):
            return b""
        whole = ListArray.from_arrays(array([0, len(self._cells)], int32()), self._cells)
        return call_function("binary_join", [whole, between])[0].as_buffer().to_pybytes()

    def beside(self, other: LazyColumn) -> LazyColumn:
        """`self other` of each record."""
        from pyarrow.compute import call_function

        return LazyColumn(call_function("binary_join_element_wise", [self._cells, other._cells, " "]))

    def has_empty(self) -> bool:
        """Whether any cell is empty."""
        from pyarrow.compute import call_function

        lengths = call_function("binary_length", [self._cells])
        return bool(len(self._cells)) and call_function("min_max", [lengths])["min"].as_py() == 0

    @property
    def cells(self) -> Any:
        """The Arrow array itself."""
        return self._cells

    def longest(self) -> int:
        from pyarrow.compute import call_function

        return call_function("max", [call_function("utf8_length", [self._cells])]).as_py() or 0


def operations() -> Any:
    """Arrow's functions on columns. They are made when the module is imported, so no type checker knows them."""
    from importlib import import_module

    return import_module("pyarrow.compute")


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


def mapped(rule: Callable[[str], str], column: Sequence[str]) -> Sequence[str]:
    """`each` where the result is text again, which stays in Arrow's buffers."""
    return column.mapped(rule) if isinstance(column, LazyColumn) else each(rule, column)


def places_without(text: str, column: Sequence[str]) -> list[int]:
    """Where the cells are that do not hold `text`."""
    if isinstance(column, LazyColumn):
        return column.places_without(text)
    return [place for place, cell in enumerate(column) if text not in cell]


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

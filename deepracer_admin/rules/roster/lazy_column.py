"""Columns of large lists: cells stay in Arrow's buffers until a rule asks for them.

Most rules look at the address alone, or at the distinct values of a column. Making a Python string of each of 700,000
cells would cost more than all of them together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any, TypeVar, cast, overload

__all__ = [
    "CodedColumn",
    "LazyColumn",
    "coded_or_mapped",
    "distinct",
    "each",
    "longest",
    "mapped",
    "operations",
    "picked",
    "places_of_blank",
    "places_without_at",
    "read_columns",
]

_T = TypeVar("_T")
_DOMAINS_AT_ONCE = 12
_LOOKED_AT = 20  # cells
# With what white space begins in UTF-8: ASCII's, U+0085 and U+00A0, U+1680, U+2000 to U+205F, U+3000.
_MAY_BE_BLANK = [*range(9, 14), *range(28, 33), 0xC2, 0xE1, 0xE2, 0xE3]


class CodedColumn(Sequence[str]):
    """A column whose values repeat: the different ones, and for each cell which of them it is."""

    __slots__ = ("codes", "words")

    def __init__(self, words: list[str], codes: Sequence[int]) -> None:
        self.words = words
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> CodedColumn: ...
    def __getitem__(self, place: int | slice) -> str | CodedColumn:
        return CodedColumn(self.words, self.codes[place]) if isinstance(place, slice) else self.words[self.codes[place]]

    def __iter__(self) -> Iterator[str]:
        return map(self.words.__getitem__, self.codes)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class LazyColumn(Sequence[str]):
    """One column of text; its cells become strings all at once, when the column is first walked."""

    __slots__ = ("_at_signs", "_cells", "_encoded", "_is_part", "_strings")

    def __init__(self, cells: Any, encoded: Any = None) -> None:
        self._cells = cells
        self._encoded = encoded
        self._is_part = encoded is not None
        self._strings: list[str] | None = None
        self._at_signs: Any = None

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
        return set(self._values().to_pylist())

    def _values(self) -> Any:
        return self._cells.unique() if self._is_part else self._as_codes().dictionary

    def get_ready(self) -> None:
        """Do now what most rules ask of a column."""
        self._as_codes()

    def holds_addresses(self) -> bool:
        """Whether one of the first cells looks like an address: such values hardly repeat."""
        return any("@" in cell for cell in self._cells[:_LOOKED_AT].to_pylist())

    def _as_codes(self) -> Any:
        """The different values, and which of them each cell is. Of a part of a column some may be in no cell."""
        if self._encoded is None:
            self._encoded = self._cells.dictionary_encode()
        return self._encoded

    def picked(self, chosen: Sequence[bool]) -> LazyColumn:
        """The cells whose place is chosen."""
        from pyarrow import array

        mask = array(chosen)
        return LazyColumn(self._cells.filter(mask), self._encoded.filter(mask) if self._encoded is not None else None)

    def each(self, rule: Callable[[str], _T]) -> list[_T]:
        """`rule` of every cell; Python strings are made of the distinct ones alone."""
        encoded = self._as_codes()
        results = list(map(rule, encoded.dictionary.to_pylist()))
        return list(map(results.__getitem__, encoded.indices.to_numpy().tolist()))

    def mapped(self, rule: Callable[[str], str]) -> LazyColumn:
        """`rule` of every cell, as a column; asked once for each distinct one."""
        from pyarrow import array, string

        encoded = self._as_codes()
        return LazyColumn(array(list(map(rule, encoded.dictionary.to_pylist())), string()).take(encoded.indices))

    def coded(self, rule: Callable[[str], int]) -> bytes:
        """`rule` of every cell, 0 to 255, one byte each; asked once for each distinct one."""
        import numpy

        encoded = self._as_codes()
        codes = numpy.array(list(map(rule, encoded.dictionary.to_pylist())), dtype=numpy.uint8)
        return codes[encoded.indices.to_numpy()].tobytes() if len(codes) else b""

    def coded_texts(self, rule: Callable[[str], str]) -> CodedColumn:
        """`rule` of every cell, asked once for each distinct one."""
        encoded = self._as_codes()
        return CodedColumn(list(map(rule, encoded.dictionary.to_pylist())), encoded.indices.to_numpy())

    def places_without_at(self) -> list[int]:
        """Where the cells are that hold no at-sign."""
        return (self._counted_at_signs() == 0).nonzero()[0].tolist()

    def places_of_several_at(self) -> list[int]:
        """Where the cells are that hold more than one."""
        return (self._counted_at_signs() > 1).nonzero()[0].tolist()

    def _counted_at_signs(self) -> Any:
        """How many each cell has, counted over all cells at once."""
        if self._at_signs is None:
            import numpy

            offsets, raw = self._laid_out()
            places = numpy.flatnonzero(raw == ord("@"))
            self._at_signs = numpy.bincount(
                numpy.searchsorted(offsets[1:], places, side="right"), minlength=len(self._cells)
            )
        return self._at_signs

    def _laid_out(self) -> tuple[Any, Any]:
        """(where each cell begins and the last one ends, all cells' bytes) as numpy arrays; no cell is null."""
        import numpy

        _, offsets, data = self._cells.buffers()
        first = self._cells.offset
        at = numpy.frombuffer(offsets, dtype=numpy.int32)[first : first + len(self._cells) + 1]
        raw = numpy.frombuffer(data, dtype=numpy.uint8)[at[0] : at[-1]] if data is not None else numpy.empty(0, "u1")
        return at - at[0], raw

    def places_of_blank(self) -> list[int]:
        """Where the cells are that hold white space alone, or nothing."""
        import numpy

        offsets, raw = self._laid_out()
        starts, ends = offsets[:-1], offsets[1:]
        is_suspect = starts == ends
        filled = numpy.flatnonzero(~is_suspect)
        is_suspect[filled] = numpy.isin(raw[starts[filled]], _MAY_BE_BLANK)
        return [place for place in numpy.flatnonzero(is_suspect).tolist() if not self[place].strip()]

    def holds_only(self, letters: bytes) -> bool:
        """Whether no cell holds any other letter than these (ASCII)."""
        _, raw = self._laid_out()
        return not raw.tobytes().translate(None, letters)

    def domains(self) -> set[str]:
        """What stands behind the at-sign; of a cell with several, behind the last."""
        compute = operations()
        left, found = self._cells, set[str]()
        for _ in range(_DOMAINS_AT_ONCE):
            if not len(left):
                break
            domain = left[0].as_py().rpartition("@")[2]
            found.add(domain)
            left = left.filter(compute.invert(compute.ends_with(left, f"@{domain}")))
        # The first cell may have no at-sign, and so stay; whatever is left is looked at one by one.
        return found | {cell.rpartition("@")[2] for cell in left.to_pylist()}

    def has_like(self, pattern: str) -> bool:
        """Whether the pattern (RE2) is found in any cell."""
        return operations().any(operations().match_substring_regex(self._values(), pattern)).as_py() is True

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
    lines: Any = column
    mask: Any = chosen
    if isinstance(lines, range) and hasattr(mask, "nonzero"):  # numpy's
        return (mask.nonzero()[0] * lines.step + lines.start).tolist()
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


def coded_or_mapped(rule: Callable[[str], str], column: Sequence[str]) -> Sequence[str]:
    """`mapped` for columns whose values repeat."""
    return column.coded_texts(rule) if isinstance(column, LazyColumn) else each(rule, column)


def places_without_at(column: Sequence[str]) -> list[int]:
    """Where the cells are that hold no at-sign."""
    if isinstance(column, LazyColumn):
        return column.places_without_at()
    return [place for place, cell in enumerate(column) if "@" not in cell]


def places_of_blank(column: Sequence[str]) -> list[int]:
    """Where the cells are that hold white space alone, or nothing."""
    if isinstance(column, LazyColumn):
        return column.places_of_blank()
    bare = list(map(str.strip, column))
    return [place for place, cell in enumerate(bare) if not cell] if "" in bare else []


def longest(column: Sequence[str]) -> int:
    """The length of a column's longest value, in characters."""
    return column.longest() if isinstance(column, LazyColumn) else max(map(len, column), default=0)


def read_columns(raw: bytes, delimiter: str, width: int, *, is_quoted: bool) -> list[LazyColumn] | None:
    """The columns of a text in UTF-8; None when a record has more or fewer than `width` cells."""
    # Imported here because a small list never needs it, and the command line should start fast.
    import pyarrow
    from pyarrow import csv

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
    columns = [LazyColumn(column.combine_chunks()) for column in table.columns]
    # Arrow lets other threads run meanwhile: while addresses are judged, the other columns are got ready.
    with suppress(RuntimeError):  # no room for a thread: they are got ready when they are asked for
        threading.Thread(target=_get_ready, args=(columns,), name="columns", daemon=True).start()
    return columns


def _get_ready(columns: Sequence[LazyColumn]) -> None:
    for column in columns:
        if not column.holds_addresses():
            column.get_ready()

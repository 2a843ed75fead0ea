"""A checked list as plain values and blocks of bytes, for a pipe, and back.

The far end may be a process that a hostile file has taken over, so what comes back is taken apart by counting and
decoding alone: texts are UTF-8 with NUL between the cells (no cell holds one), numbers are 32 bits wide,
or 8 where a column has few different values. Cells become
strings when somebody looks at them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from deepracer_admin.rules.roster.findings import (
    AcceptedColumns,
    AcceptedRows,
    AnswerColumn,
    Candidate,
    Column,
    Duplicate,
    LeftOut,
    Rejected,
    RosterCheck,
)
from deepracer_admin.rules.roster.lazy_column import CodedColumn, LazyColumn
from deepracer_admin.rules.roster.shape import Shape

__all__ = ["pack", "unpack"]

_BETWEEN = "\0"
_NO_MORE = object()
_SHORT = 256  # different values whose numbers fit into a byte
_REPEATS = 4
_CODES = {None: 0, False: 1, True: 2}
_PLAIN = ("file", "encoding", "delimiter", "sheet", "header_row", "rows", "further_people")
Block = bytes | memoryview


def pack(check: RosterCheck) -> tuple[dict[str, Any], list[bytes]]:
    """The whole check. The inverse of `unpack`."""
    people = check.accepted.columns() if isinstance(check.accepted, AcceptedRows) else _columns_of(check)
    places = [place for place, email in enumerate(people.emails) if email in people.refusals] if people.refusals else []
    values = {
        **{name: getattr(check, name) for name in _PLAIN},
        "sheets": list(check.sheets),
        "columns": [list(column) for column in check.columns],
        "warnings": list(check.warnings),
        "headings": list(people.extra),
        "candidates": [[candidate.encoding, *candidate.samples] for candidate in check.candidates],
        "shape": check.shape.as_json(),
        "words": [_words_of(cells) for cells in (people.offices, people.cost_centres, *people.extra.values())],
        "counts": [len(people.emails), len(places), len(check.duplicates), len(check.rejected), len(check.left_out)],
    }
    duplicates, rejected, left_out = check.duplicates, check.rejected, check.left_out
    blocks = [
        _numbers(people.rows),
        _texts(people.emails),
        _texts(people.names),
        *_repeating(people.offices),
        *_repeating(people.cost_centres),
        _answers(people.new_to_ml),
        _answers(people.new_to_aws),
        _numbers(places),
        _texts([people.refusals[people.emails[place]] for place in places]),
        _numbers([again.row for again in duplicates]),
        _texts([again.email for again in duplicates]),
        _numbers([again.first_row for again in duplicates]),
        _numbers([bad.row for bad in rejected]),
        *(_texts([str(bad[place]) for bad in rejected]) for place in range(1, 5)),
        _numbers([out.row for out in left_out]),
        *(_texts([str(out[place]) for out in left_out]) for place in range(1, 4)),
        *(block for cells in people.extra.values() for block in _repeating(cells)),
    ]
    return values, blocks


def unpack(values: Mapping[str, Any], blocks: Sequence[Block]) -> RosterCheck:
    """The check again. Raises ValueError for anything that `pack` would not have written."""
    try:
        return _unpack(values, list(blocks))
    except (KeyError, TypeError, IndexError, UnicodeError, AttributeError, StopIteration) as flaw:
        raise ValueError(f"This is no packed list: {flaw}") from None


def _unpack(values: Mapping[str, Any], blocks: list[Block]) -> RosterCheck:
    people, refused, again, bad, out = map(_whole, values["counts"])
    headings = [_word(heading) for heading in values["headings"]]
    take = iter(blocks)
    rows = _read_numbers(next(take), people)
    words = iter([None if count is None else _whole(count) for count in values["words"]])
    emails, names = [_Texts(next(take), people) for _ in range(2)]
    offices, centres = [_read_repeating(next(take), next(take), people, next(words)) for _ in range(2)]
    ml, aws = [_read_answers(next(take), people) for _ in range(2)]
    places, reasons = _read_numbers(next(take), refused), _Texts(next(take), refused)
    duplicates = zip(
        _read_numbers(next(take), again), _Texts(next(take), again).cells(), _read_numbers(next(take), again),
        strict=True,
    )  # fmt: skip
    rejected = zip(
        _read_numbers(next(take), bad), *[_Texts(next(take), bad).cells() for _ in range(4)], strict=True
    )  # fmt: skip
    left_out = zip(
        _read_numbers(next(take), out), *[_Texts(next(take), out).cells() for _ in range(3)], strict=True
    )  # fmt: skip
    extra = {heading: _read_repeating(next(take), next(take), people, next(words)) for heading in headings}
    if (
        next(take, None) is not None
        or next(words, _NO_MORE) is not _NO_MORE
        or any(place >= people for place in places)
    ):
        raise ValueError("This is no packed list.")

    def columns() -> AcceptedColumns:
        addresses = emails.cells()
        return AcceptedColumns(
            rows=rows,
            emails=addresses,
            names=names.cells(),
            offices=offices.cells(),
            cost_centres=centres.cells(),
            new_to_ml=ml,
            new_to_aws=aws,
            extra={heading: texts.cells() for heading, texts in extra.items()},
            refusals={addresses[place]: reason for place, reason in zip(places, reasons.cells(), strict=True)},
        )

    return RosterCheck(
        file=_word(values["file"]),
        encoding=_word_or_none(values["encoding"]),
        delimiter=_word_or_none(values["delimiter"]),
        sheet=_word_or_none(values["sheet"]),
        sheets=tuple(map(_word, values["sheets"])),
        header_row=None if values["header_row"] is None else _whole(values["header_row"]),
        columns=tuple(
            Column(_whole(position), _word(name), _word_or_none(field)) for position, name, field in values["columns"]
        ),
        rows=_whole(values["rows"]),
        accepted=AcceptedRows(people, columns),
        duplicates=tuple(map(Duplicate._make, duplicates)),
        rejected=tuple(map(Rejected._make, rejected)),
        warnings=tuple(map(_word, values["warnings"])),
        left_out=tuple(map(LeftOut._make, left_out)),
        further_people=_whole(values["further_people"]),
        candidates=tuple(
            Candidate(_word(encoding), tuple(map(_word, samples))) for encoding, *samples in values["candidates"]
        ),
        shape=Shape.of_json(values["shape"]),
    )


class _Texts:
    """A column of cells in one block, counted at once; decoded and split when it is looked at."""

    __slots__ = ("_count", "_raw")

    def __init__(self, block: Block, count: int) -> None:
        self._count = count
        self._raw = bytes(block)
        if self._raw.count(0) != max(count - 1, 0) or (not count and self._raw):
            raise ValueError("A column has more or fewer cells than the list has rows.")

    def cells(self) -> list[str]:
        return self._raw.decode("utf-8", errors="replace").split(_BETWEEN) if self._count else []


class _Repeating:
    """A column whose values repeat: each is made into a string once."""

    __slots__ = ("_codes", "_words")

    def __init__(self, words: _Texts, codes: Sequence[int]) -> None:
        self._words = words
        self._codes = codes

    def cells(self) -> list[str]:
        return list(map(self._words.cells().__getitem__, self._codes))


def _words_of(cells: Sequence[str]) -> int | None:
    """How many different values a column has that travels as numbers of them; None for any other."""
    if not isinstance(cells, CodedColumn) or len(cells.words) * _REPEATS > len(cells):
        return None
    return len(cells.words)


def _repeating(cells: Sequence[str]) -> tuple[bytes, bytes]:
    """(texts, which of them each cell is): no numbers where each cell has a text of its own."""
    count = _words_of(cells)
    if count is None or not isinstance(cells, CodedColumn):
        return _texts(cells), b""
    import numpy

    codes = numpy.asarray(cells.codes)
    return _texts(cells.words), codes.astype("u1" if count <= _SHORT else "<u4").tobytes()


def _read_repeating(texts: Block, numbers: Block, count: int, words: int | None) -> _Texts | _Repeating:
    if words is None:
        if len(numbers):
            raise ValueError("There are numbers where texts stand.")
        return _Texts(texts, count)
    codes: Sequence[int] = bytes(numbers) if words <= _SHORT else _read_numbers(numbers, count)
    is_other = (
        codes.translate(None, bytes(range(words))) if isinstance(codes, bytes) else max(codes, default=0) >= words
    )
    if len(codes) != count or is_other:
        raise ValueError("A column has more or fewer cells than the list has rows, or one that is none of its values.")
    return _Repeating(_Texts(texts, words), codes)


def _texts(cells: Sequence[str]) -> bytes:
    if isinstance(cells, LazyColumn):
        joined = cells.joined(_BETWEEN)
        if joined.count(b"\0") == max(len(cells) - 1, 0):
            return joined
    text = _BETWEEN.join(cells)
    if text.count(_BETWEEN) != max(len(cells) - 1, 0):
        text = _BETWEEN.join([cell.replace(_BETWEEN, "") for cell in cells])
    return text.encode("utf-8", errors="replace")


def _numbers(numbers: Sequence[int]) -> bytes:
    packed = array("I", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _read_numbers(block: Block, count: int) -> array[int]:
    numbers = array("I")
    numbers.frombytes(block)
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != count:
        raise ValueError("There are more or fewer numbers than rows.")
    return numbers


def _answers(answers: Sequence[bool | None]) -> bytes:
    if isinstance(answers, AnswerColumn):
        return answers.codes
    return bytes(map(_CODES.__getitem__, answers))


def _read_answers(block: Block, count: int) -> AnswerColumn:
    codes = bytes(block)
    if len(codes) != count or codes.translate(None, b"\0\1\2"):
        raise ValueError("There are more or fewer answers than rows, or one that is none.")
    return AnswerColumn(codes)


def _columns_of(check: RosterCheck) -> AcceptedColumns:
    """Columns of rows that somebody made one by one."""
    rows = check.accepted
    headings = list(dict.fromkeys(heading for row in rows for heading in row.extra))
    return AcceptedColumns(
        rows=[row.row for row in rows],
        emails=[row.email for row in rows],
        names=[row.name for row in rows],
        offices=[row.office for row in rows],
        cost_centres=[row.cost_centre for row in rows],
        new_to_ml=[row.new_to_ml for row in rows],
        new_to_aws=[row.new_to_aws for row in rows],
        extra={heading: [row.extra.get(heading, "") for row in rows] for heading in headings},
        refusals={row.email: row.service_refusal for row in rows if row.service_refusal},
    )


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**32:
        raise ValueError("A number is out of place.")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("A text is out of place.")
    return value


def _word_or_none(value: object) -> str | None:
    return None if value is None else _word(value)

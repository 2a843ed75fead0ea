"""What every reader of workbooks gives, and what all of them may cost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster

__all__ = [
    "CORRUPT",
    "LOCKED",
    "SAVE_AGAIN",
    "TOO_LARGE",
    "Budget",
    "Sheet",
    "SheetName",
    "cell_name",
    "is_row_struck",
    "parse_xml",
    "with_link",
]

SAVE_AGAIN = "open it in a spreadsheet program and save it again as .xlsx, or export the list as CSV UTF-8"
LOCKED = "The workbook is protected by a password: save it without one and choose it again."
CORRUPT = f"The workbook is damaged: {SAVE_AGAIN}."
TOO_LARGE = f"The workbook unpacks to far more than its size: copy the list alone into a new workbook, or {SAVE_AGAIN}."
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class SheetName:
    """A sheet as the workbook lists it. `part` is where its cells stand; hidden is also what only a macro shows."""

    name: str
    part: str
    is_hidden: bool = False


@dataclass(slots=True)
class Sheet:
    """The filled rows of a sheet, as it shows them. `lines[r]` is the 1-based row of `records[r]`.

    `hidden` are rows that are filtered away or hidden; `struck` are rows whose address, or all of whose cells, are
    struck through; `formulas` are cells (row, column from 0) that hold a formula
    without a saved result, `hidden_columns` count from 0.
    """

    records: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    struck: set[int] = field(default_factory=set)
    formulas: set[tuple[int, int]] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def is_row_struck(record: Sequence[str], struck: Collection[int]) -> bool:
    """Whether a row says that it no longer holds, when the cells in these columns are struck through."""
    if not struck:
        return False
    return any("@" in record[place] for place in struck) or len(struck) == sum(map(bool, record))


def with_link(value: str, address: str) -> str:
    """What a cell tells whose link leads to a mailbox: often the name is shown, and the address stands in the link."""
    if "@" in value:
        return value
    return f"{value} <{address}>" if value else address


class Budget:
    """What a whole workbook may still take. Each method raises UnreadableRoster with the sentence."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = limits.unpacked_bytes
        self._cells = limits.sheet_cells
        self._characters = limits.characters

    def unpack(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise UnreadableRoster(TOO_LARGE)

    def text(self, size: int) -> None:
        self._characters -= size
        if self._characters < 0:
            raise UnreadableRoster(
                f"The workbook holds more than {self._limits.characters:,} characters: "
                "copy the list alone into a new workbook."
            )

    def record(self, sheet: Sheet, record: list[str]) -> None:
        self._cells -= len(record)
        if self._cells < 0:
            raise UnreadableRoster("The sheet spans too many cells: copy the list alone into a new workbook.")
        if len(sheet.records) >= self._limits.rows + 200:
            raise UnreadableRoster(
                f"The sheet has more than {self._limits.rows:,} rows: delete what stands below the list, or import it "
                "in parts."
            )

    def column(self, line: int, column: int) -> None:
        """A cell with a value stands here."""
        if column >= self._limits.columns:
            raise UnreadableRoster(
                f"The sheet has more than {self._limits.columns} columns, cell {cell_name(line, column)} is filled: "
                "delete the columns that are not needed."
            )


def cell_name(line: int, column: int) -> str:
    """`C7` for row 7, column 2 (from 0)."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{line}"


def parse_xml(
    source: BinaryIO,
    budget: Budget,
    *,
    start: Callable[[str, dict[str, str]], Any],
    end: Callable[[str], Any] | None = None,
    text: Callable[[str], Any] | None = None,
) -> None:
    """Walk one part. Element names arrive as they are written, prefix included.

    Raises UnreadableRoster for a document type (entities) and when the budget ends, ExpatError for what is no XML.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    while chunk := source.read(_CHUNK):
        budget.unpack(len(chunk))
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _refuse_doctype(*_: object) -> None:
    raise UnreadableRoster(CORRUPT)

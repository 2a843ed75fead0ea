"""Workbooks (.xlsx, .xlsm, .xls, .ods): refused when unsafe, then the sheet that holds addresses."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from deepracer_admin.rules.roster.addresses import ADDRESS_CELL
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.people import UNWANTED

__all__ = ["is_workbook", "read_workbook"]

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 20
_CELL_REFERENCE = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_LONGEST_REFERENCE = 32
# [MS-XLS] 2.3.1, 2.4.117: the BOF record, perhaps a write protection, then FILEPASS: what follows is encrypted.
_ENCRYPTED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
_FIRST_RECORDS = 1 << 20
_SAVE_AGAIN = "open it in a spreadsheet program and save it again as .xlsx, or export the list as CSV UTF-8"
_LOCKED = "The workbook is protected by a password: save it without one and choose it again."
_CORRUPT = f"The workbook is damaged: {_SAVE_AGAIN}."
_TOO_LARGE = (
    f"The workbook unpacks to far more than its size: copy the list alone into a new workbook, or {_SAVE_AGAIN}."
)


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a ZIP or OLE container, as all workbooks are."""
    return data.startswith((_ZIP, _OLE, b"PK\x05\x06"))


def read_workbook(data: bytes, *, limits: Limits, sheet: str | None) -> Reading:
    """The records of `sheet`, or of the sheet with the most addresses. Values are read, never formulas or macros.

    Raises UnreadableRoster.
    """
    _refuse_locked(data)
    if data.startswith(b"PK"):
        _refuse_bomb(data, limits)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = tuple(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise UnreadableRoster(f"The workbook has no sheet named {sheet}: choose one of {', '.join(names[:10])}.")
        return _best_sheet(book, names, limits, sheet)
    except UnreadableRoster:
        raise
    except (CalamineError, OSError, ValueError) as cause:
        locked = isinstance(cause, PasswordError) or _ENCRYPTED_XLS.search(data[:_FIRST_RECORDS]) is not None
        raise UnreadableRoster(_LOCKED if locked else _CORRUPT) from None
    except BaseException as cause:
        # The reader's native part answers some damaged workbooks with a PanicException, which is no Exception.
        if type(cause).__name__ == "PanicException":
            raise UnreadableRoster(_CORRUPT) from None
        raise


def _best_sheet(book: CalamineWorkbook, names: tuple[str, ...], limits: Limits, wanted: str | None) -> Reading:
    best: tuple[tuple[int, int], str, list[list[str]]] | None = None
    for name in (wanted,) if wanted is not None else names[: limits.sheets]:
        cells = book.get_sheet_by_name(name)
        height, width = cells.end if cells.end else (0, 0)
        _refuse_size(height + 1, width + 1, limits)
        records = [[_text(value) for value in row] for row in cells.to_python(skip_empty_area=False)]
        addresses = sum(any(ADDRESS_CELL.fullmatch(cell) for cell in record) for record in records)
        filled = sum(any(record) for record in records)
        if best is None or (addresses, filled) > best[0]:
            best = ((addresses, filled), name, records if filled else [])
    if best is None or not best[2]:
        raise UnreadableRoster("The workbook holds no cells: choose the file that holds the list.")
    _, name, records = best
    return Reading(Grid.of_records(records, range(1, len(records) + 1)), sheet=name, sheets=names)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return UNWANTED.sub("", value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return "" if value is None else str(value)


def _refuse_locked(data: bytes) -> None:
    if not data.startswith(_OLE):
        return
    # An encrypted .xlsx is an OLE container with one stream of this name ([MS-OFFCRYPTO] 2.3.4.4).
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableRoster(_LOCKED)


def _refuse_size(height: int, width: int, limits: Limits) -> None:
    if height > limits.rows + 200:
        raise UnreadableRoster(
            f"The sheet has more than {limits.rows:,} rows: delete what stands below the list, or import it in parts."
        )
    if width > limits.columns:
        raise UnreadableRoster(
            f"The sheet has more than {limits.columns} columns: delete the columns that are not needed."
        )
    if height * width > limits.sheet_cells:
        raise UnreadableRoster("The sheet spans too many cells: copy the list alone into a new workbook.")


def _refuse_bomb(data: bytes, limits: Limits) -> None:
    """Refuse by what the container says, then by what its sheets unpack to; nothing is held in memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            if len(entries) > limits.packed_entries:
                raise UnreadableRoster(_TOO_LARGE)
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > limits.unpacked_bytes or unpacked > limits.packed_ratio * max(len(data), 50_000):
                raise UnreadableRoster(_TOO_LARGE)
            if any(entry.flag_bits & 1 for entry in entries):
                raise UnreadableRoster(_LOCKED)
            _refuse_sheets(package, entries, limits)
    except UnreadableRoster:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, ValueError, KeyError, RuntimeError):
        raise UnreadableRoster(_CORRUPT) from None
    except expat.ExpatError:
        raise UnreadableRoster(_CORRUPT) from None


def _refuse_sheets(package: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if "content.xml" in names:
        with package.open("content.xml") as content:
            _refuse_wide_ods(content, limits)
    elif any(name.startswith("xl/") and name.endswith(".bin") and "worksheets" in name for name in names):
        raise UnreadableRoster(f"Binary workbooks (.xlsb) are not read: {_SAVE_AGAIN}.")
    elif any(name.startswith("xl/") for name in names):
        for name in names:
            if name.startswith("xl/") and name.endswith(".xml"):
                with package.open(name) as part:
                    _refuse_wide_xlsx(part, limits, is_sheet="worksheets/" in name)
    else:
        raise UnreadableRoster("This is a compressed file, not a workbook: unpack it and choose the list inside.")


def _refuse_wide_xlsx(part: Any, limits: Limits, *, is_sheet: bool) -> None:
    """Read one part to its end (which proves its size and checksum); in a sheet, find the farthest cell.

    The reader holds the rectangle from A1 to the farthest cell: two cells far apart would take all memory.
    """
    widest, lowest, rest = b"A", 1, b""
    while chunk := part.read(_CHUNK):
        if not is_sheet:
            continue
        window = rest + chunk
        for letters, digits in _CELL_REFERENCE.findall(window):
            if (len(letters), letters) > (len(widest), widest):
                widest = letters
            row = int(digits)
            if row > lowest:
                lowest = row
        rest = window[-_LONGEST_REFERENCE:]
        _refuse_size(lowest, _column_number(widest), limits)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _refuse_wide_ods(content: Any, limits: Limits) -> None:
    """The same for OpenDocument, where a few bytes may repeat a cell or a row a million times."""
    extent = _OdsExtent(limits)
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.start
    parser.EndElementHandler = extent.end
    parser.StartDoctypeDeclHandler = extent.doctype
    parser.ParseFile(content)


class _OdsExtent:
    """Counts rows and columns up to the last cell with a value, repeats included."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._row = self._row_repeat = self._column = self._width = 0
        self._filled = False
        self._waiting = 0

    def doctype(self, *_: object) -> None:
        raise UnreadableRoster(_CORRUPT)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._row = self._width = self._waiting = 0
        elif tag == "table:table-row":
            self._row_repeat = _repeat(attributes, "table:number-rows-repeated")
            self._column, self._filled = 0, False
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._column += _repeat(attributes, "table:number-columns-repeated")
            if any(name.startswith(("office:", "calcext:")) or name == "table:formula" for name in attributes):
                self._mark()
        elif tag == "text:p":
            self._mark()

    def _mark(self) -> None:
        self._filled = True
        self._width = max(self._width, self._column)

    def end(self, tag: str) -> None:
        if tag != "table:table-row":
            return
        self._waiting += self._row_repeat
        if self._filled:
            self._row, self._waiting = self._row + self._waiting, 0
            _refuse_size(self._row, self._width, self._limits)


def _repeat(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return int(text) if text.isdigit() and len(text) < 10 else 1

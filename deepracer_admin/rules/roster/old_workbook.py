"""Old workbooks (.xls, Excel 95 to 2003) by xlrd: the filled cells as the sheet shows them.

xlrd keeps rows as long as they are filled, so two cells far apart cost two cells; it knows hidden rows, merged cells
and number formats. (calamine, which reads .xlsb, holds the rectangle around all cells and knows none of these.)
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any, TypeVar

import xlrd

from deepracer_admin.rules.roster.findings import UnreadableRoster
from deepracer_admin.rules.roster.number_formats import GENERAL, Format, format_of, shown
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import CORRUPT, LOCKED, Budget, Sheet, SheetName, is_row_struck

__all__ = ["OldBook"]

# [MS-XLS] 2.3.1, 2.4.117: the BOF record, perhaps a write protection, then FILEPASS: what follows is encrypted.
_ENCRYPTED = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
_FIRST_RECORDS = 1 << 20
# Directory entries of an OLE container name what it holds ([MS-CFB] 2.6.1).
_OTHERS = {
    "WordDocument": "a Word document",
    "PowerPoint Document": "a presentation",
    "__properties_version1.0": "a mail of Outlook",
}
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_MOST_MERGED = 100_000
_T = TypeVar("_T")


class OldBook:
    """An opened workbook. Raises UnreadableRoster when it is locked, damaged or no workbook at all."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        # An encrypted .xlsx is an OLE container with one stream of this name ([MS-OFFCRYPTO] 2.3.4.4).
        if _wide("EncryptedPackage") in data:
            raise UnreadableRoster(LOCKED)
        if not (_wide("Workbook") in data or _wide("Book") in data):
            for name, kind in _OTHERS.items():
                if _wide(name) in data:
                    raise UnreadableRoster(
                        f"This is {kind}, not a list: copy the list into a spreadsheet and save it as .xlsx."
                    )
        self._data = data
        self._budget = budget
        self._book = self._guarded(
            lambda: xlrd.open_workbook(
                file_contents=data, logfile=io.StringIO(), formatting_info=True, on_demand=True, ragged_rows=True
            )
        )
        # The library tells it only of sheets that were read, and to read a hidden one costs what it costs.
        states: list[int] = getattr(self._book, "_sheet_visibility", [])
        self.sheets = tuple(
            SheetName(name, str(place), bool(states[place]) if place < len(states) else False)
            for place, name in enumerate(self._guarded(self._book.sheet_names))
        )
        self._formats: dict[int, Format] = {}
        fonts = [bool(font.struck_out) for font in self._book.font_list]
        self._through = frozenset(
            place
            for place, style in enumerate(self._book.xf_list)
            if style.font_index in range(len(fonts)) and fonts[style.font_index]
        )

    def read(self, name: SheetName) -> Sheet:
        """The filled rows of one sheet."""
        return self._guarded(lambda: self._read(int(name.part)))

    def _read(self, place: int) -> Sheet:
        cells = self._book.sheet_by_index(place)
        sheet = Sheet()
        down = _reaching_down(cells.merged_cells)
        sheet.hidden_columns.update(place for place, column in cells.colinfo_map.items() if column.hidden)
        for row in range(cells.nrows):
            if not cells.row_len(row) and row not in down:
                continue
            record = [
                self._shown(kind, value, style)
                for kind, value, style in zip(
                    cells.row_types(row),
                    cells.row_values(row),
                    (cell.xf_index for cell in cells.row(row)),
                    strict=True,
                )
            ]
            for column, top in down.get(row, ()):
                if top in range(cells.nrows) and column < cells.row_len(top):
                    record.extend([""] * (column + 1 - len(record)))
                    cell = cells.cell(top, column)
                    record[column] = record[column] or self._shown(cell.ctype, cell.value, cell.xf_index)
            while record and not record[-1]:
                record.pop()
            if not record:
                continue
            self._budget.column(row + 1, len(record) - 1)
            self._budget.record(sheet, record)
            self._budget.text(sum(map(len, record)))
            sheet.records.append(record)
            sheet.lines.append(row + 1)
            if self._through and is_row_struck(record, self._struck(cells, row, record)):
                sheet.struck.add(row + 1)
            info = cells.rowinfo_map.get(row)
            if info is not None and (info.hidden or info.height == 0):
                sheet.hidden.add(row + 1)
        self._book.unload_sheet(place)
        return sheet

    def _struck(self, cells: Any, row: int, record: list[str]) -> list[int]:
        width = min(len(record), cells.row_len(row))
        return [place for place in range(width) if record[place] and cells.cell_xf_index(row, place) in self._through]

    def _shown(self, kind: int, value: Any, style: int | None) -> str:
        if kind == xlrd.XL_CELL_TEXT:
            return UNWANTED.sub("", value) if UNWANTED.search(value) else value
        if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
            return ""
        if kind == xlrd.XL_CELL_BOOLEAN:
            return "yes" if value else "no"
        if kind == xlrd.XL_CELL_ERROR:
            return _ERRORS.get(value, "#N/A")
        raw = str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
        return shown(raw, self._format(style), is_1904=self._book.datemode == 1)

    def _format(self, style: int | None) -> Format:
        if style is None:
            return GENERAL
        known = self._formats.get(style)
        if known is None:
            styles = self._book.xf_list
            number = styles[style].format_key if style < len(styles) else 0
            made = self._book.format_map.get(number)
            code = made.format_str if made is not None else None
            is_own = number >= 164  # below are the formats that every workbook knows ([MS-XLS] 2.4.126)
            known = self._formats[style] = format_of(str(number), code if is_own else None)
        return known

    def _guarded(self, step: Callable[[], _T]) -> _T:
        try:
            return step()
        except (UnreadableRoster, MemoryError):
            raise
        except Exception as cause:  # noqa: BLE001 (a damaged workbook makes the library fail in a dozen ways)
            is_locked = "encrypted" in str(cause) or _ENCRYPTED.search(self._data[:_FIRST_RECORDS]) is not None
            raise UnreadableRoster(LOCKED if is_locked else CORRUPT) from None


def _wide(name: str) -> bytes:
    return name.encode("utf-16-le")


def _reaching_down(merged: list[tuple[int, int, int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Row -> (column, top row) of cells that reach down into it; the sheet shows one value over all their rows."""
    found: dict[int, list[tuple[int, int]]] = {}
    count = 0
    for first, end, column, _ in merged:
        for row in range(first + 1, end):
            found.setdefault(row, []).append((column, first))
            count += 1
            if count > _MOST_MERGED:
                return found
    return found

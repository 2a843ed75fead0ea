"""Binary workbooks (.xlsb) by calamine, a library in Rust.

It holds the rectangle from the first to the last cell of a sheet and aborts its process when that is too much; that
is why files are read in a child process.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from deepracer_admin.rules.roster.findings import UnreadableRoster
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import CORRUPT, LOCKED, Budget, Sheet, SheetName

__all__ = ["BinaryBook"]


class BinaryBook:
    """An opened workbook. Raises UnreadableRoster when it is locked or damaged."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self._budget = budget
        self._book = self._guarded(lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
        self.sheets = tuple(
            SheetName(sheet.name, sheet.name, sheet.visible is not SheetVisibleEnum.Visible)
            for sheet in self._guarded(lambda: self._book.sheets_metadata)
            if sheet.typ is SheetTypeEnum.WorkSheet
        )

    def read(self, name: SheetName) -> Sheet:
        """The filled rows of one sheet."""
        sheet = Sheet()
        cells = self._guarded(lambda: self._book.get_sheet_by_name(name.part))
        if cells.start is None:
            return sheet
        first, left = cells.start
        for line, row in enumerate(cells.iter_rows(), start=1 if not cells.start else first + 1):
            record = [_text(value) for value in row]
            while record and not record[-1]:
                record.pop()
            if not record:
                continue
            record = [""] * left + record
            self._budget.column(line, len(record) - 1)
            self._budget.record(sheet, record)
            self._budget.text(sum(map(len, record)))
            sheet.records.append(record)
            sheet.lines.append(line)
        return sheet

    def _guarded(self, step: Any) -> Any:
        try:
            return step()
        except (CalamineError, OSError, ValueError) as cause:
            raise UnreadableRoster(LOCKED if isinstance(cause, PasswordError) else CORRUPT) from None
        except BaseException as cause:
            # The native part answers some damaged workbooks with a PanicException, which is no Exception.
            if type(cause).__name__ == "PanicException":
                raise UnreadableRoster(CORRUPT) from None
            raise


def _text(value: Any) -> str:
    if isinstance(value, str):
        return UNWANTED.sub("", value) if UNWANTED.search(value) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return "" if value is None else str(value)

"""Workbooks in the XML of Excel 2003 ("XML Spreadsheet"), which many programs write under the name .xls."""

from __future__ import annotations

import io

from deepracer_admin.rules.roster.number_formats import GENERAL, Format, format_of, shown
from deepracer_admin.rules.roster.package_parts import local
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import Budget, Sheet, SheetName, is_row_struck, parse_xml

__all__ = ["XmlBook", "is_xml_workbook"]

_SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_MOST = 1_000_000
_ASIDE = frozenset(("Comment", "PhoneticText"))


def is_xml_workbook(first: str) -> bool:
    """Whether a text that begins like this is one."""
    return first.startswith("<") and _SPACE in first


class XmlBook:
    """All its sheets, read at once. Raises UnreadableRoster and ExpatError."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        reader = _Reader(budget)
        parse_xml(io.BytesIO(data), budget, start=reader.start, end=reader.end, text=reader.text)
        self._read = reader.sheets
        self.sheets = tuple(
            SheetName(name, str(place), place in reader.hidden) for place, (name, _) in enumerate(reader.sheets)
        )

    def read(self, name: SheetName) -> Sheet:
        """The filled rows of one sheet."""
        return self._read[int(name.part)][1]


class _Reader:
    """Takes the elements."""

    def __init__(self, budget: Budget) -> None:
        self.sheets: list[tuple[str, Sheet]] = []
        self.hidden: set[int] = set()
        self._budget = budget
        self._formats: dict[str, Format] = {}
        self._style = ""
        self._through: set[str] = set()  # styles that strike through
        self._aside = 0
        self._line = self._column = 0
        self._row: dict[str, str] = {}
        self._cell: dict[str, str] = {}
        self._record: list[str] = []
        self._struck: list[int] = []
        self._down: dict[int, tuple[int, str]] = {}  # column -> last row of a merged cell, value
        self._kind = ""
        self._pieces: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = local(tag)
        if kind in _ASIDE:
            self._aside += 1
        elif self._aside:
            return
        elif kind == "Style":
            self._style = _of(attributes, "ID")
        elif kind == "NumberFormat":
            self._formats[self._style] = format_of("", _of(attributes, "Format"))
        elif kind == "Font" and _of(attributes, "StrikeThrough") == "1":
            self._through.add(self._style)
        elif kind == "Worksheet":
            self.sheets.append((_of(attributes, "Name"), Sheet()))
            self._line, self._down = 0, {}
        elif kind == "Row" and self.sheets:
            self._line = _number(attributes, "Index", self._line + 1)
            self._row, self._record, self._column = attributes, [], -1
            self._struck = []
        elif kind == "Cell" and self.sheets:
            self._column = _number(attributes, "Index", self._column + 2) - 1
            self._cell = attributes
        elif kind == "Data":
            self._kind, self._pieces = _of(attributes, "Type"), []
        elif kind == "Visible":
            self._pieces = []

    def text(self, piece: str) -> None:
        if self._pieces is not None and not self._aside:
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        kind = local(tag)
        if kind in _ASIDE:
            self._aside -= 1
        elif self._aside:
            return
        elif kind == "Data" and self._pieces is not None:
            self._take("".join(self._pieces))
            self._pieces = None
        elif kind == "Visible" and self._pieces is not None:
            if "".join(self._pieces).strip() in ("SheetHidden", "SheetVeryHidden") and self.sheets:
                self.hidden.add(len(self.sheets) - 1)
            self._pieces = None
        elif kind == "Cell":
            self._column += _number(self._cell, "MergeAcross", 0)
        elif kind == "Row" and self.sheets:
            self._end_row()

    def _take(self, raw: str) -> None:
        value = raw
        if self._kind == "Boolean":
            value = "yes" if raw.strip() == "1" else "no"
        elif self._kind == "Number":
            value = shown(raw.strip(), self._formats.get(_of(self._cell, "StyleID"), GENERAL))
        elif self._kind == "DateTime":
            value = raw.strip().replace("T", " ").removesuffix(" 00:00:00.000").removesuffix(".000")
        value = UNWANTED.sub("", value) if UNWANTED.search(value) else value
        if not value:
            return
        self._put(self._column, value)
        if self._through and _of(self._cell, "StyleID") in self._through:
            self._struck.append(self._column)
        if down := _number(self._cell, "MergeDown", 0):
            self._down[self._column] = (self._line + down, value)

    def _put(self, column: int, value: str) -> None:
        self._budget.column(self._line, column)
        self._budget.text(len(value))
        self._record.extend([""] * (column + 1 - len(self._record)))
        self._record[column] = value

    def _end_row(self) -> None:
        for column, (last, value) in list(self._down.items()):
            if self._line > last:
                del self._down[column]
            elif column >= len(self._record) or not self._record[column]:
                self._put(column, value)
        if self._record:
            sheet = self.sheets[-1][1]
            self._budget.record(sheet, self._record)
            sheet.records.append(self._record)
            sheet.lines.append(self._line)
            if is_row_struck(self._record, self._struck):
                sheet.struck.add(self._line)
            if _of(self._row, "Hidden") == "1" or _of(self._row, "Height") == "0":
                sheet.hidden.add(self._line)


def _of(attributes: dict[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if local(key) == name), "")


def _number(attributes: dict[str, str], name: str, otherwise: int) -> int:
    text = _of(attributes, name)
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise

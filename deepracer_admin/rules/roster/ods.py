"""Workbooks of OpenDocument (.ods; ISO/IEC 26300, 9): the filled cells as the sheet shows them.

A few bytes may repeat a cell or a row a million times, so repeats are counted, and made only of what is filled.
"""

from __future__ import annotations

import zipfile

from deepracer_admin.rules.roster.findings import UnreadableRoster
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import CORRUPT, LOCKED, Budget, Sheet, SheetName, is_row_struck, parse_xml

__all__ = ["OdsBook"]

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_MOST_REPEATED = 10_000_000
_MOST_COLUMNS = 20_000
_ASIDE = frozenset({"office:annotation", "table:shapes", "draw:frame", "text:tracked-changes", "office:forms"})
_CELLS = ("table:table-cell", "table:covered-table-cell")


class OdsBook:
    """An opened package; all its sheets are read at once. Raises UnreadableRoster, BadZipFile and ExpatError."""

    def __init__(self, package: zipfile.ZipFile, budget: Budget) -> None:
        names = set(package.namelist())
        if _MANIFEST in names and self._is_locked(package, budget):
            raise UnreadableRoster(LOCKED)
        if _CONTENT not in names:
            raise UnreadableRoster(CORRUPT)
        reader = _ContentReader(budget)
        with package.open(_CONTENT) as source:
            parse_xml(source, budget, start=reader.start, end=reader.end, text=reader.text)  # type: ignore[arg-type]
        self._read = reader.sheets
        self.sheets = tuple(
            SheetName(name, str(place), style in reader.hidden_styles)
            for place, (name, style, _) in enumerate(reader.sheets)
        )

    @staticmethod
    def _is_locked(package: zipfile.ZipFile, budget: Budget) -> bool:
        found: list[str] = []

        def start(tag: str, _: dict[str, str]) -> None:
            if tag.endswith("encryption-data"):
                found.append(tag)

        with package.open(_MANIFEST) as source:
            parse_xml(source, budget, start=start)  # type: ignore[arg-type]
        return bool(found)

    def read(self, name: SheetName) -> Sheet:
        """The filled rows of one sheet."""
        return self._read[int(name.part)][2]


class _ContentReader:
    """Takes the elements of content.xml."""

    def __init__(self, budget: Budget) -> None:
        self.sheets: list[tuple[str, str, Sheet]] = []
        self.hidden_styles: set[str] = set()
        self._through: set[str] = set()  # styles that strike through
        self._struck: list[int] = []
        self._budget = budget
        self._style = ""
        self._depth = 0  # of tables inside a cell, which are none of ours
        self._aside = 0
        self._line = 0
        self._row: dict[str, str] = {}
        self._record: list[str] = []
        self._unsaved: list[int] = []
        self._column = self._columns = 0
        self._cell: dict[str, str] | None = None
        self._paragraphs = 0
        self._pieces: list[str] = []
        self._is_paragraph = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _ASIDE:
            self._aside += 1
        elif self._aside:
            return
        elif tag in _CELLS and self._depth == 1:
            self._cell, self._pieces, self._paragraphs = attributes, [], 0
        elif tag == "text:p" and self._cell is not None:
            if self._paragraphs:
                self._pieces.append("\n")
            self._paragraphs += 1
            self._is_paragraph = True
        elif tag in ("text:s", "text:tab", "text:line-break") and self._is_paragraph:
            self._pieces.append("\n" if tag == "text:line-break" else " ")
        elif tag == "table:table":
            self._depth += 1
            if self._depth == 1:
                name = attributes.get("table:name", "")
                self.sheets.append((name, attributes.get("table:style-name", ""), Sheet()))
                self._line = self._columns = 0
        elif tag == "table:table-column" and self._depth == 1:
            repeat = min(_repeat(attributes, "table:number-columns-repeated"), _MOST_COLUMNS)
            if attributes.get("table:visibility", "visible") != "visible" and self._columns < _MOST_COLUMNS:
                self.sheets[-1][2].hidden_columns.update(range(self._columns, self._columns + repeat))
            self._columns += repeat
        elif tag == "table:table-row" and self._depth == 1:
            self._row, self._record, self._unsaved, self._column = attributes, [], [], 0
            self._struck = []
        elif tag == "style:style":
            self._style = attributes.get("style:name", "")
        elif tag == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden_styles.add(self._style)
        elif tag == "style:text-properties" and attributes.get("style:text-line-through-style", "none") != "none":
            self._through.add(self._style)

    def text(self, piece: str) -> None:
        if self._is_paragraph and not self._aside:
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag in _ASIDE:
            self._aside -= 1
        elif self._aside:
            return
        elif tag == "text:p":
            self._is_paragraph = False
        elif tag in _CELLS and self._depth == 1 and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif tag == "table:table-row" and self._depth == 1:
            self._end_row()
        elif tag == "table:table":
            self._depth -= 1

    def _end_cell(self, attributes: dict[str, str]) -> None:
        value = _value(attributes, "".join(self._pieces))
        repeat = _repeat(attributes, "table:number-columns-repeated")
        is_unsaved = "table:formula" in attributes and not value and "office:value-type" not in attributes
        if value or is_unsaved:
            self._budget.column(self._line + 1, self._column + repeat - 1)
            self._record.extend([""] * (self._column - len(self._record)))
            self._record.extend([value] * repeat)
            if value and attributes.get("table:style-name", "") in self._through:
                self._struck.extend(range(self._column, self._column + repeat))
            if is_unsaved:
                self._unsaved.append(self._column)
        self._column += repeat

    def _end_row(self) -> None:
        repeat = _repeat(self._row, "table:number-rows-repeated")
        if self._record:
            sheet = self.sheets[-1][2]
            size = sum(map(len, self._record))
            is_struck = is_row_struck(self._record, self._struck)
            for line in range(self._line + 1, self._line + 1 + repeat):
                self._budget.record(sheet, self._record)
                self._budget.text(size)
                sheet.records.append(list(self._record))
                sheet.lines.append(line)
                sheet.formulas.update((line, column) for column in self._unsaved)
                if is_struck:
                    sheet.struck.add(line)
                if self._row.get("table:visibility", "visible") != "visible":
                    sheet.hidden.add(line)
        self._line += repeat


def _value(attributes: dict[str, str], text: str) -> str:
    if attributes.get("office:value-type") == "boolean":
        return "yes" if attributes.get("office:boolean-value") == "true" else "no"
    value = text or attributes.get("office:string-value") or attributes.get("office:value") or ""
    return UNWANTED.sub("", value) if UNWANTED.search(value) else value


def _repeat(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return min(int(text), _MOST_REPEATED) if text.isascii() and text.isdigit() and len(text) < 10 else 1

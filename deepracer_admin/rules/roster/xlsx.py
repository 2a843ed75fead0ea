"""Workbooks of Office Open XML (.xlsx, .xlsm; ISO/IEC 29500-1, 18.3): the filled cells as the sheet shows them.

Read as a stream: two cells far apart, or one string in a million places, cost no more than they take in the file.
Formulas and macros are never run; what counts is the result that was saved with them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import BinaryIO, cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from deepracer_admin.rules.roster.findings import UnreadableRoster
from deepracer_admin.rules.roster.number_formats import GENERAL, Format, format_of, shown
from deepracer_admin.rules.roster.package_parts import MOST_LINKS, clean, local, mail_links, related
from deepracer_admin.rules.roster.sheets import CORRUPT, Budget, Sheet, SheetName, is_row_struck, parse_xml, with_link

__all__ = ["XlsxBook"]

_REFERENCE = re.compile(r"\s*\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\s*")
_RANGE = re.compile(r"\s*\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\s*:\s*\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\s*")
_MOST_SHEETS = 10_000
_MOST_MERGED = 100_000
_MOST_COLUMNS = 20_000
_MOST_HIDDEN = 1_000
_CHUNK = 1 << 16
_DIGITS = "0123456789"
_TRUE = ("1", "true")


class XlsxBook:
    """An opened package. Raises UnreadableRoster, BadZipFile, ExpatError and ParseError for what is damaged."""

    def __init__(self, package: zipfile.ZipFile, main: str, budget: Budget) -> None:
        self._package = package
        self._budget = budget
        self._parts = {entry.filename.lower(): entry for entry in package.infolist()}
        self._is_1904 = False
        self._main = main
        self._targets = related(package, main, budget)
        self.sheets = self._sheets()
        self._shared: list[str] | None = None
        self._formats: list[Format] | None = None
        self._struck = frozenset[str]()

    def _sheets(self) -> tuple[SheetName, ...]:
        found: list[SheetName] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            kind = local(tag)
            if kind == "workbookPr":
                self._is_1904 = attributes.get("date1904") in _TRUE
            elif kind == "sheet" and len(found) < _MOST_SHEETS:
                relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                part, type_ = self._targets.get(relation, ("", ""))
                if type_.endswith("/worksheet"):
                    state = attributes.get("state", "visible").lower()
                    found.append(SheetName(attributes.get("name", ""), part, state != "visible"))

        self._walk(self._main, start)
        return tuple(found)

    def _walk(self, part: str, start, end=None, text=None) -> None:
        entry = self._parts.get(part.lower())
        if entry is None:
            raise UnreadableRoster(CORRUPT)
        with self._package.open(entry) as source:
            parse_xml(source, self._budget, start=start, end=end, text=text)  # type: ignore[arg-type]

    def _part_of(self, kind: str) -> str | None:
        found = (part for part, type_ in self._targets.values() if type_.endswith(f"/{kind}"))
        return next((part for part in found if part.lower() in self._parts), None)

    def read(self, name: SheetName) -> Sheet:
        """The filled rows of one sheet."""
        if self._shared is None:
            part = self._part_of("sharedStrings")
            self._shared = self._strings(part) if part else []
        if self._formats is None:
            part = self._part_of("styles")
            self._formats = self._styles(part) if part else []
        reader = _SheetReader(self._shared, self._formats, self._budget, self._struck, is_1904=self._is_1904)
        entry = self._parts.get(name.part.lower())
        if entry is None:
            raise UnreadableRoster(CORRUPT)
        with self._package.open(entry) as source:
            reader.read(source)  # type: ignore[arg-type]
        if reader.links:
            reader.follow_links(mail_links(self._package, entry.filename, self._budget))
        reader.fill_merged()
        return reader.sheet

    def _strings(self, part: str) -> list[str]:
        found: list[str] = []
        pieces: list[str] = []
        is_text = is_phonetic = False

        def start(tag: str, _: dict[str, str]) -> None:
            nonlocal is_text, is_phonetic
            kind = local(tag)
            if kind == "t":
                is_text = not is_phonetic
            elif kind == "rPh":
                is_phonetic = True
            elif kind == "si":
                pieces.clear()

        def end(tag: str) -> None:
            nonlocal is_text, is_phonetic
            kind = local(tag)
            if kind == "t":
                is_text = False
            elif kind == "rPh":
                is_phonetic = False
            elif kind == "si":
                value = clean("".join(pieces))
                self._budget.text(len(value))
                found.append(value)

        def text(piece: str) -> None:
            if is_text:
                pieces.append(piece)

        self._walk(part, start, end, text)
        return found

    def _styles(self, part: str) -> list[Format]:
        codes: dict[str, str] = {}
        used: list[str] = []
        fonts: list[bool] = []
        in_fonts: list[str] = []
        is_used = is_fonts = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal is_used, is_fonts
            kind = local(tag)
            if kind == "fonts":
                is_fonts = True
            elif kind == "font" and is_fonts:
                fonts.append(False)
            elif kind == "strike" and is_fonts and fonts:
                fonts[-1] = attributes.get("val", "1") in _TRUE
            elif kind == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif kind == "cellXfs":
                is_used = True
            elif kind == "xf" and is_used:
                used.append(attributes.get("numFmtId", "0"))
                in_fonts.append(attributes.get("fontId", "0"))

        def end(tag: str) -> None:
            nonlocal is_used, is_fonts
            kind = local(tag)
            if kind == "cellXfs":
                is_used = False
            elif kind == "fonts":
                is_fonts = False

        self._walk(part, start, end)
        through = {str(place) for place, is_struck in enumerate(fonts) if is_struck}
        self._struck = frozenset(str(place) for place, font in enumerate(in_fonts) if font in through)
        known = {number: format_of(number, codes.get(number)) for number in set(used)}
        return [known[number] for number in used]


def column_number(letters: str) -> int:
    """`A` is 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


class _SheetReader:
    """Takes the rows of one sheet as they come and keeps what is filled."""

    def __init__(
        self,
        shared: Sequence[str],
        formats: Sequence[Format],
        budget: Budget,
        struck: Set[str] = frozenset(),
        *,
        is_1904: bool,
    ) -> None:
        self.sheet = Sheet()
        self._struck = struck  # styles of cells
        self._shared, self._formats, self._budget, self._is_1904 = shared, formats, budget, is_1904
        self._kinds: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._merged: list[tuple[int, int, int]] = []  # first row, last row, column
        self._line = 0
        self.links: list[tuple[int, int, str]] = []  # row, column, relation

    def read(self, source: BinaryIO) -> None:
        """Walk the part row by row. Elements are made by the library; asking for each in Python takes thrice as long.

        Raises ParseError for what is no XML.
        """
        parser = ElementTree.XMLPullParser(("end",))
        kinds = self._kinds
        while True:
            chunk = source.read(_CHUNK)
            if chunk:
                self._budget.unpack(len(chunk))
                parser.feed(chunk)
            else:
                parser.close()
            for _, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
                tag = element.tag
                kind = kinds.get(tag)
                if kind is None:
                    kind = kinds[tag] = tag.rpartition("}")[2]
                if kind == "row":
                    self._take_row(element)
                    element.clear()
                elif kind == "col" and element.get("hidden") in _TRUE:
                    self._hide(element.get("min", ""), element.get("max", ""))
                elif kind == "hyperlink":
                    self._take_link(element)
                elif kind == "mergeCell":
                    self._take_merged(element.get("ref", ""))
            if not chunk:
                return

    def _hide(self, first: str, last: str) -> None:
        if first.isdecimal() and last.isdecimal() and len(first) < 6 and len(last) < 6:
            self.sheet.hidden_columns.update(range(int(first) - 1, min(int(last), _MOST_HIDDEN)))

    def _take_merged(self, reference: str) -> None:
        found = _RANGE.fullmatch(reference)
        if found and int(found[4]) > int(found[2]) and len(self._merged) < _MOST_MERGED:
            self._merged.append((int(found[2]), int(found[4]), column_number(found[1])))

    def _take_link(self, link: Element) -> None:
        found = _REFERENCE.fullmatch(link.get("ref", "").partition(":")[0])
        relation = next((value for name, value in link.items() if name.endswith("}id")), "")
        if found and relation and len(self.links) < MOST_LINKS:
            self.links.append((int(found[2]), column_number(found[1]), relation))

    def follow_links(self, addresses: Mapping[str, str]) -> None:
        """Cells that show a name and link to its mailbox tell both."""
        place_of = {line: place for place, line in enumerate(self.sheet.lines)}
        for line, column, relation in self.links:
            place, address = place_of.get(line), addresses.get(relation)
            if place is not None and address and column < len(record := self.sheet.records[place]) and record[column]:
                record[column] = with_link(record[column], address)
                self._budget.text(len(address) + 3)

    def _take_row(self, row: Element) -> None:
        number = row.get("r", "").strip()
        line = self._line = int(number) if number.isdecimal() and len(number) < 8 else self._line + 1
        if row.get("hidden") in _TRUE or (row.get("customHeight") in _TRUE and row.get("ht") == "0"):
            self.sheet.hidden.add(line)
        record: list[str] = []
        struck: list[int] = []
        columns, kinds = self._columns, self._kinds
        column, size = -1, 0
        for cell in row:
            if kinds.get(cell.tag) != "c":
                continue
            reference = cell.get("r")
            if reference is None:
                column += 1
            else:
                letters = reference.rstrip(_DIGITS)
                known = columns.get(letters)
                if known is None:
                    found = _REFERENCE.fullmatch(reference)
                    known = column_number(found[1]) if found else column + 1
                    if found and len(columns) < _MOST_COLUMNS:
                        columns[letters] = known
                column = known
            if not len(cell):
                continue
            value = self._value(cell, line, column)
            if value is None:
                continue
            self._budget.column(line, column)
            size += len(value)
            if self._struck and cell.get("s", "") in self._struck:
                struck.append(column)
            missing = column - len(record)
            if missing == 0:
                record.append(value)
            elif missing > 0:
                record.extend([""] * missing)
                record.append(value)
            else:
                record[column] = value
        if record:
            self._budget.text(size)
            self._budget.record(self.sheet, record)
            self.sheet.records.append(record)
            self.sheet.lines.append(line)
            if is_row_struck(record, struck):
                self.sheet.struck.add(line)

    def _value(self, cell: Element, line: int, column: int) -> str | None:
        """What the cell shows; None when it is empty."""
        raw: str | None = None
        has_formula = False
        for part in cell:
            kind = self._kinds.get(part.tag)
            if kind == "v":
                raw = part.text or ""
            elif kind == "is":
                raw = _rich(part)
            elif kind == "f":
                has_formula = True
        if not raw and has_formula and cell.get("t") != "str":
            raw = None  # some programs write the place of a result, and no result
        if raw is None:
            if not has_formula:
                return None
            self.sheet.formulas.add((line, column))
            return ""
        kind = cell.get("t", "n")
        if kind == "s":
            return (self._shared[int(raw)] if raw.isdecimal() and int(raw) < len(self._shared) else "") or None
        if kind in ("inlineStr", "str", "e"):
            return clean(raw) or None
        if kind == "b":
            return "yes" if raw.strip() in _TRUE else "no"
        if kind == "d":
            return raw.strip().replace("T", " ") or None
        style = cell.get("s", "")
        form = self._formats[int(style)] if style.isdecimal() and int(style) < len(self._formats) else GENERAL
        return shown(raw, form, is_1904=self._is_1904) or None

    def fill_merged(self) -> None:
        """A cell that is merged over several rows shows its value on each of them."""
        if not self._merged:
            return
        place_of = {line: place for place, line in enumerate(self.sheet.lines)}
        filled = 0
        for first, last, column in self._merged:
            top = place_of.get(first)
            if top is None or column >= len(self.sheet.records[top]) or not self.sheet.records[top][column]:
                continue
            value = self.sheet.records[top][column]
            place = top + 1
            while place < len(self.sheet.lines) and first < self.sheet.lines[place] <= last:
                record = self.sheet.records[place]
                record.extend([""] * (column + 1 - len(record)))
                record[column] = record[column] or value
                self._budget.text(len(value))
                place, filled = place + 1, filled + 1
                if filled > _MOST_MERGED:
                    return


def _rich(text: Element) -> str:
    """The text of a cell in pieces, without the pronunciation that stands beside it."""
    pieces: list[str] = []
    for part in text:
        kind = part.tag.rpartition("}")[2]
        if kind == "t":
            pieces.append(part.text or "")
        elif kind == "r":
            pieces += [run.text or "" for run in part if run.tag.rpartition("}")[2] == "t"]
    return "".join(pieces)

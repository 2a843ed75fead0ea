"""Tables of web pages, which many programs write under the name of a spreadsheet (.xls): the one with the list."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.sheets import Budget, Sheet, is_row_struck, with_link
from deepracer_admin.rules.roster.text import decode

__all__ = ["is_web_page", "read_web_page"]

_TAG = re.compile(
    r"<(?:!--|(?:!doctype\s+html|html|head|body|meta|style|title|table|tbody|thead|tr|td|div|span|p|br|center|font|form|"
    r"h[1-6]|ul|ol|link|script|section|main|article)\b)",
    re.IGNORECASE,
)
_PROLOG = re.compile(r"<\?xml[^>]*\?>\s*", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|template|noscript)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"<[!?][^>]*(?:>|\Z)")
_STRUCK = ("s", "strike", "del")
_LINE_THROUGH = re.compile(r"line-through", re.IGNORECASE)
_MAILTO = re.compile(r"\s*mailto:\s*([^?\s]+)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HEAD_BYTES = 4096
_MOST_TAGS = 600_000
_MOST_TABLES = 2_000
_DEEPEST = 50  # tables within each other
_SPAN = 500
_BREAKS = frozenset(("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"))
_SAVE_AS = "open it in a spreadsheet program and save the list as CSV UTF-8 or .xlsx"
_NO_TABLE = f"This is a web page without a table that holds addresses, whatever its name ends with: {_SAVE_AS}."


def is_web_page(first: str) -> bool:
    """Whether a text that begins like this is HTML."""
    return _TAG.match(_PROLOG.sub("", first, count=1).lstrip()) is not None


def read_web_page(data: bytes, *, limits: Limits, encoding: str | None) -> Reading:
    """The rows of the table with most addresses; tables within cells are tables of their own.

    Lines count the table's rows from 1. Raises UnreadableRoster for a page without such a table.
    """
    if data.count(b"<") > _MOST_TAGS:
        raise UnreadableRoster(f"This is a web page with too many elements: {_SAVE_AS}.")
    text, name, warnings = decode(data, encoding or _declared(data))
    reader = _TableReader(Budget(limits))
    reader.feed(_seen(text))
    reader.close()
    tables = [table for table in reader.finished() if table.sheet.records]
    holding = [sum(any(map(holds_address, record)) for record in table.sheet.records) for table in tables]
    if not any(holding):
        raise UnreadableRoster(_NO_TABLE)
    taken = max(range(len(tables)), key=lambda place: (holding[place], -place))
    sheet = tables[taken].sheet
    warnings = (
        *warnings,
        "This is a web page, whatever its name ends with; the table with the addresses was read, and rows are counted "
        "within it.",
    )
    others = [(place, count) for place, count in enumerate(holding) if count and place != taken]
    warnings += tuple(
        f"Table {place + 1} of the page holds {counted(count, 'row')} with an address and was not read."
        for place, count in others[:5]
    )
    grid = Grid.of_records(sheet.records, sheet.lines)
    return Reading(
        grid,
        encoding=name,
        warnings=warnings,
        kind="page",
        hidden=frozenset(sheet.hidden.intersection(sheet.lines)),
        struck=frozenset(sheet.struck.intersection(sheet.lines)),
    )


def _declared(data: bytes) -> str | None:
    """The encoding that the page says it is in, when Python knows it and the page has no mark."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return None
    found = _CHARSET.search(data[:_HEAD_BYTES])
    name = found[1].decode("ascii").lower() if found else None
    if name in ("iso-8859-1", "latin1", "us-ascii", "ascii"):
        name = "cp1252"  # what browsers take it for
    if name is None or name.startswith("utf-16"):
        return None
    try:
        data.decode(name)
    except (UnicodeError, LookupError):
        return None
    return name


def _seen(text: str) -> str:
    """Without comments, scripts, styles and declarations; one walk, however many of them are left open."""
    pieces: list[str] = []
    place = 0
    while True:
        comment = text.find("<!--", place)
        unseen = _UNSEEN.search(text, place, comment if comment >= 0 else len(text))
        if unseen:
            pieces.append(text[place : unseen.start()])
            closing = re.compile(f"</{unseen[1]}", re.IGNORECASE).search(text, unseen.end())
            end = text.find(">", closing.end()) if closing else -1
        elif comment >= 0:
            pieces.append(text[place:comment])
            end = text.find("-->", comment + 4)
            end = end + 2 if end >= 0 else -1
        else:
            pieces.append(text[place:])
            break
        if end < 0:
            break
        place = end + 1
    return _DECLARATION.sub("", "".join(pieces))


@dataclass(slots=True)
class _Table:
    sheet: Sheet = field(default_factory=Sheet)
    line: int = 0
    record: list[str] | None = None
    is_hidden: bool = False
    is_row_struck: bool = False  # by its own style
    is_cell_struck: bool = False
    struck: list[int] = field(default_factory=list)
    pieces: list[str] | None = None
    links: list[str] = field(default_factory=list)
    across: int = 1
    down: int = 1
    spanned: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> rows to come, value


class _TableReader(HTMLParser):
    """Takes the cells of all tables."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(convert_charrefs=True)
        self._budget = budget
        self._open: list[_Table] = []
        self._tables: list[_Table] = []

    def finished(self) -> list[_Table]:
        while self._open:
            self._end_table()
        return self._tables

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self._tables) >= _MOST_TABLES or len(self._open) >= _DEEPEST:
                raise UnreadableRoster(f"This is a web page with too many tables: {_SAVE_AS}.")
            table = _Table()
            self._tables.append(table)
            self._open.append(table)
            return
        if not self._open:
            return
        table = self._open[-1]
        if tag == "tr":
            self._end_row(table)
            self._start_row(table, attrs)
        elif tag in ("td", "th"):
            self._end_cell(table)
            if table.record is None:
                self._start_row(table, [])
            table.pieces, table.links = [], []
            table.is_cell_struck = table.is_row_struck or _strikes(attrs)
            table.across, table.down = _span(attrs, "colspan"), _span(attrs, "rowspan")
        elif tag == "a" and table.pieces is not None:
            found = _MAILTO.match(next((value or "" for name, value in attrs if name == "href"), ""))
            if found:
                table.links.append(found[1])
        elif table.pieces is not None and not "".join(table.pieces).strip() and (tag in _STRUCK or _strikes(attrs)):
            table.is_cell_struck = True
        elif tag in _BREAKS and table.pieces is not None:
            table.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        if tag == "table":
            self._end_table()
        elif tag == "tr":
            self._end_row(self._open[-1])
        elif tag in ("td", "th"):
            self._end_cell(self._open[-1])

    def handle_data(self, data: str) -> None:
        if self._open and (pieces := self._open[-1].pieces) is not None:
            pieces.append(data)

    def _start_row(self, table: _Table, attrs: list[tuple[str, str | None]]) -> None:
        table.line += 1
        table.record, table.struck = [], []
        table.is_row_struck = _strikes(attrs)
        style = next((value or "" for name, value in attrs if name == "style"), "")
        table.is_hidden = _HIDDEN.search(style[:1_000]) is not None or any(name == "hidden" for name, _ in attrs)

    def _end_cell(self, table: _Table) -> None:
        if table.pieces is None or table.record is None:
            return
        value = _as_shown("".join(table.pieces))
        if table.links:
            value = with_link(value, table.links[0])
        table.pieces = None
        self._fill_spanned(table)
        self._budget.text(len(value))
        column = len(table.record)
        if value and table.is_cell_struck:
            table.struck.append(column)
        self._budget.column(table.line, column + table.across - 1 if value else column)
        table.record.extend([value, *[""] * (table.across - 1)])
        if table.down > 1:
            table.spanned[column] = (table.down - 1, value)

    def _fill_spanned(self, table: _Table) -> None:
        """Cells that reach down from rows above."""
        record = table.record or []
        while (found := table.spanned.get(len(record))) is not None:
            rows, value = found
            if rows > 1:
                table.spanned[len(record)] = (rows - 1, value)
            else:
                del table.spanned[len(record)]
            self._budget.text(len(value))
            record.append(value)

    def _end_row(self, table: _Table) -> None:
        self._end_cell(table)
        if table.record is None:
            return
        self._fill_spanned(table)
        while table.record and not table.record[-1]:
            table.record.pop()
        if table.record:
            self._budget.record(table.sheet, table.record)
            table.sheet.records.append(table.record)
            table.sheet.lines.append(table.line)
            if is_row_struck(table.record, table.struck):
                table.sheet.struck.add(table.line)
            if table.is_hidden:
                table.sheet.hidden.add(table.line)
        table.record = None

    def _end_table(self) -> None:
        self._end_row(self._open.pop())


def _as_shown(text: str) -> str:
    value = UNWANTED.sub("", text)
    return "\n".join(line for piece in value.split("\n") if (line := " ".join(piece.split())))


def _strikes(attrs: list[tuple[str, str | None]]) -> bool:
    style = next((value or "" for name, value in attrs if name == "style"), "")
    return _LINE_THROUGH.search(style[:1_000]) is not None


def _span(attrs: list[tuple[str, str | None]], name: str) -> int:
    text = next((value or "" for key, value in attrs if key == name), "").strip()
    return min(max(int(text), 1), _SPAN) if text.isdecimal() and len(text) < 6 else 1

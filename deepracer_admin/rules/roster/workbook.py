"""Workbooks (.xlsx, .xlsm, .xls, .xlsb, .ods): which reader, and which sheet holds the list."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Protocol
from xml.parsers import expat

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.addresses import ADDRESS_CELL
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.ods import OdsBook
from deepracer_admin.rules.roster.package_parts import local, related
from deepracer_admin.rules.roster.sections import likely_by_name
from deepracer_admin.rules.roster.sheets import CORRUPT, LOCKED, TOO_LARGE, Budget, Sheet, SheetName, parse_xml
from deepracer_admin.rules.roster.xlsx import XlsxBook
from deepracer_admin.rules.roster.xml_workbook import XmlBook

__all__ = ["is_workbook", "read_workbook", "read_xml_workbook"]

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The beginning of a workbook outside any container ([MS-XLS] 2.4.21): Excel 2 to 5, and whatever writes as they did.
_BARE = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
_WORKBOOK = "xl/workbook.xml"
_EXPORT = "export the list as CSV UTF-8 or .xlsx and choose that file"
_OTHERS = {"document": "a Word document", "presentation": "a presentation"}
_NO_CELLS = "The workbook holds no cells: choose the file that holds the list."


class Book(Protocol):
    """What each reader offers."""

    @property
    def sheets(self) -> tuple[SheetName, ...]: ...
    def read(self, name: SheetName) -> Sheet: ...


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a ZIP or OLE container, as all workbooks are but for very old ones."""
    return data.startswith((_ZIP, _OLE, *_BARE, b"PK\x05\x06"))


def read_workbook(data: bytes, *, limits: Limits, sheet: str | None) -> Reading:
    """The records of `sheet`, or of the visible sheet with addresses that its name speaks for, or with most of them.

    Raises UnreadableRoster. May take all memory or abort the process on a hostile file, so it runs in a child.
    """
    budget = Budget(limits)
    if data.startswith((_OLE, *_BARE)):
        return _of_book(_old_book(data, budget), limits, sheet)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _of_book(_open(package, data, limits, budget), limits, sheet)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, KeyError, RuntimeError):
        raise UnreadableRoster(CORRUPT) from None
    except (expat.ExpatError, SyntaxError, ValueError):  # ElementTree's ParseError is a SyntaxError
        raise UnreadableRoster(CORRUPT) from None


def read_xml_workbook(data: bytes, *, limits: Limits, sheet: str | None) -> Reading:
    """`read_workbook` of Excel 2003's XML."""
    budget = Budget(limits)
    try:
        return _of_book(XmlBook(data, budget), limits, sheet)
    except (expat.ExpatError, ValueError):
        raise UnreadableRoster(CORRUPT) from None


def _old_book(data: bytes, budget: Budget) -> Book:
    # Imported here because few lists need it, and the child should start fast.
    from deepracer_admin.rules.roster.old_workbook import OldBook

    return OldBook(data, budget)


def _binary_book(data: bytes, budget: Budget) -> Book:
    from deepracer_admin.rules.roster.binary_workbook import BinaryBook

    return BinaryBook(data, budget)


def _open(package: zipfile.ZipFile, data: bytes, limits: Limits, budget: Budget) -> Book:
    entries = package.infolist()
    if len(entries) > limits.packed_entries:
        raise UnreadableRoster(TOO_LARGE)
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableRoster(LOCKED)
    names = {entry.filename for entry in entries}
    if "content.xml" in names or "mimetype" in names:
        return OdsBook(package, budget)
    if any(name.endswith(".iwa") or name.startswith("Index.zip") for name in names):
        raise UnreadableRoster(f"This is an Apple Numbers document, which only Numbers reads: in Numbers, {_EXPORT}.")
    main = next(
        (part for part, kind in related(package, "", budget).values() if kind.endswith("/officeDocument")), _WORKBOOK
    )
    if main.endswith(".bin"):
        return _binary_book(data, budget)
    entry = next((entry for entry in entries if entry.filename.lower() == main.lower()), None)
    if entry is None:
        raise UnreadableRoster("This is a compressed file, not a workbook: unpack it and choose the list inside.")
    if (other := _OTHERS.get(_root(package, entry, budget))) is not None:
        raise UnreadableRoster(f"This is {other}, not a list: copy the list into a spreadsheet and save it as .xlsx.")
    return XlsxBook(package, main, budget)


def _root(package: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> str:
    found: list[str] = []

    def start(tag: str, _: dict[str, str]) -> None:
        if not found:
            found.append(local(tag))

    with package.open(entry) as source:
        parse_xml(source, budget, start=start)  # type: ignore[arg-type]
    return found[0] if found else ""


def _of_book(book: Book, limits: Limits, wanted: str | None) -> Reading:
    names = tuple(sheet.name for sheet in book.sheets)
    if wanted is not None and wanted not in names:
        raise UnreadableRoster(f"The workbook has no sheet named {wanted}: choose one of {', '.join(names[:10])}.")
    best: tuple[tuple[bool, int, int, int], SheetName, Sheet] | None = None
    holding: dict[SheetName, int] = {}
    for sheet in sorted(book.sheets, key=lambda each: each.name != wanted)[: limits.sheets]:
        is_aside = wanted is not None and sheet.name != wanted
        try:
            cells = book.read(sheet)
        except (UnreadableRoster, expat.ExpatError, SyntaxError, ValueError):
            if is_aside:
                continue  # nobody asked for it; its addresses cannot be counted
            raise
        holding[sheet] = sum(any(ADDRESS_CELL.fullmatch(cell) for cell in record) for record in cells.records)
        if is_aside:
            continue
        rank = (
            not sheet.is_hidden or wanted is not None,
            likely_by_name(sheet.name) if holding[sheet] else -1,
            holding[sheet],
            len(cells.records),
        )
        if cells.records and (best is None or rank > best[0]):
            best = rank, sheet, cells
    if best is None:
        raise UnreadableRoster(_NO_CELLS)
    if not best[0][0]:
        raise UnreadableRoster(
            f"Every sheet with cells is hidden: show the sheet {best[1].name} in a spreadsheet program and save, or "
            "choose it here by its name."
        )
    _, sheet, cells = best
    return Reading(
        Grid.of_records(cells.records, cells.lines),
        kind="workbook",
        sheet=sheet.name,
        sheets=names,
        warnings=tuple(_left_aside(sheet, holding)) if wanted is None else (),
        hidden=frozenset(cells.hidden.intersection(cells.lines)),
        struck=frozenset(cells.struck.intersection(cells.lines)),
        formulas=frozenset(cells.formulas),
        hidden_sheets=tuple(each.name for each in book.sheets if each.is_hidden),
        other_sheets=tuple((each.name, count) for each, count in holding.items() if count and each is not sheet),
        hidden_columns=frozenset(cells.hidden_columns),
    )


def _left_aside(taken: SheetName, holding: dict[SheetName, int]) -> list[str]:
    """A sentence for each sheet that holds addresses and was not read."""
    return [
        f"The {'hidden ' if sheet.is_hidden else ''}sheet {sheet.name} holds {counted(count, 'row')} with an address "
        "and was not read: choose it if it is the list."
        for sheet, count in holding.items()
        if count and sheet is not taken
    ][:10]

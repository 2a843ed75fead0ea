"""Bytes of any list -> a grid: which kind of file it is, which sheet, and on which line each record starts."""

from __future__ import annotations

import re

from deepracer_admin.rules.roster import contact_cards, json_lists, text, web_pages, workbook, xml_workbook
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Reading

__all__ = ["read_list"]

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"{\\rtf", "a text document"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"PAR1", "a Parquet file"),
)
_MARKUP = re.compile(r"<(?:\?xml|!doctype|/?[a-z][a-z0-9:]*(?=[\s/>]))", re.IGNORECASE)
_ARCHIVE = re.compile(
    r"(?:from: <saved by|mime-version:|content-type: multipart/|snapshot-content-location:|received: |return-path: |"
    r"delivered-to: |message-id: |dkim-signature: |x-[a-z-]{2,40}: )",
    re.IGNORECASE,
)
_CALENDAR = re.compile(r"begin\s*:\s*vcalendar", re.IGNORECASE)
_SAMPLE = 4096  # bytes
_OUT_OF_CALENDAR = (
    'in the calendar program, export the meeting\'s attendees (or copy them from its "To" line) and paste them'
)
_SAVE_AS = "open it in a spreadsheet program and save the list as CSV UTF-8 or .xlsx"


def read_list(
    data: bytes,
    *,
    limits: Limits,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Reading:
    """The cells of a CSV-like text, a workbook (.xlsx, .xlsm, .xls, .ods), a web page's table, a JSON array, contact
    cards or a pasted "To:" line.

    The kind is told by the bytes, never by the file's name. `encoding`, `delimiter` and `sheet` overrule the guess.
    Raises UnreadableRoster.
    """
    if len(data) > limits.file_bytes:
        raise UnreadableRoster(
            f"The file is larger than {limits.file_bytes / 1024 / 1024:g} MB: "
            "delete columns that are not needed, or import it in parts."
        )
    if not (data[:_SAMPLE].strip() or data.strip()):
        raise UnreadableRoster("The file is empty: choose the file that holds the list.")
    if workbook.is_workbook(data):
        return workbook.read_workbook(data, limits=limits, sheet=sheet)
    if delimiter is None and (reading := _of_other_kind(data, limits, encoding, sheet)) is not None:
        return reading
    return text.read_text(data, limits=limits, encoding=encoding, delimiter=delimiter)


def _of_other_kind(data: bytes, limits: Limits, encoding: str | None, sheet: str | None) -> Reading | None:
    """The list out of a web page, JSON or contact cards; None for a text. Raises UnreadableRoster for other kinds."""
    bare = data[:_SAMPLE].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, kind in _KINDS:
        if bare.startswith(magic):
            raise UnreadableRoster(
                f"This is {kind}, not a list: export the list as CSV UTF-8 or .xlsx and choose that file."
            )
    first = _first_words(data)
    if xml_workbook.is_xml_workbook(first):
        return workbook.read_xml_workbook(data, limits=limits, sheet=sheet)
    if web_pages.is_web_page(first):
        return web_pages.read_web_page(data, limits=limits, encoding=encoding)
    if _MARKUP.match(first):
        raise UnreadableRoster(f"This is XML, even if its name ends like a spreadsheet's: {_SAVE_AS}.")
    if _ARCHIVE.match(first):
        raise UnreadableRoster(f"This is a web archive or a mail, not a list: {_SAVE_AS}.")
    if _CALENDAR.match(first):
        raise UnreadableRoster(f"This is a calendar, not a list: {_OUT_OF_CALENDAR}.")
    if contact_cards.is_card(first):
        return contact_cards.read_cards(data, limits=limits, encoding=encoding)
    if json_lists.is_json(first):
        return json_lists.read_json(data, limits=limits, encoding=encoding)
    return None


def _first_words(data: bytes) -> str:
    """The beginning of a text in whatever encoding its mark says."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[: _SAMPLE // 2 * 2].decode("utf-16", errors="replace")
    else:
        text = data[:_SAMPLE].replace(b"\0", b"").decode("utf-8-sig", errors="replace")
    return text.lstrip()

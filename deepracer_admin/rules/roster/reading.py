"""Bytes of any list -> a grid: which kind of file it is, which sheet, and on which line each record starts."""

from __future__ import annotations

import json
import re

from deepracer_admin.rules.roster import text, workbook
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
    (b"BEGIN:VCARD", "a set of contact cards"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"PAR1", "a Parquet file"),
    (b"BEGIN:VCALENDAR", "a calendar"),
)
_TAG = re.compile(r"<(?:!--|!doctype|\?xml|/?[a-z][a-z0-9:]*(?=[\s/>]))", re.IGNORECASE)
_ARCHIVE = re.compile(r"(?:from: <saved by|mime-version:|content-type: multipart/)", re.IGNORECASE)
_SAMPLE = 4096  # bytes
_SAVE_AS = "open it in a spreadsheet program and save the list as CSV UTF-8 or .xlsx"


def read_list(
    data: bytes,
    *,
    limits: Limits,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Reading:
    """The cells of a CSV-like text, a workbook (.xlsx, .xlsm, .xls, .ods) or a pasted "To:" line.

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
    _refuse_other_kinds(data)
    return text.read_text(data, limits=limits, encoding=encoding, delimiter=delimiter)


def _refuse_other_kinds(data: bytes) -> None:
    bare = data[:_SAMPLE].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, kind in _KINDS:
        if bare.startswith(magic):
            raise UnreadableRoster(
                f"This is {kind}, not a list: export the list as CSV UTF-8 or .xlsx and choose that file."
            )
    first = _first_words(data)
    if _TAG.match(first):
        raise UnreadableRoster(f"This is a web page or XML, even if its name ends like a spreadsheet's: {_SAVE_AS}.")
    if _ARCHIVE.match(first):
        raise UnreadableRoster(f"This is a web archive or a mail, not a list: {_SAVE_AS}.")
    if first.startswith(("[", "{")) and _is_json(data):
        raise UnreadableRoster(f"This is JSON, not a list: {_SAVE_AS}, or ask for the export as CSV.")


def _first_words(data: bytes) -> str:
    """The beginning of a text in whatever encoding its mark says."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[: _SAMPLE // 2 * 2].decode("utf-16", errors="replace")
    else:
        text = data[:_SAMPLE].replace(b"\0", b"").decode("utf-8-sig", errors="replace")
    return text.lstrip()


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"))
    except RecursionError:
        return True
    except ValueError:
        # A stream of objects, one a line, is JSON as well.
        lines = data[:_SAMPLE].lstrip(b"\xef\xbb\xbf \t\r\n").splitlines()
        try:
            return bool(lines) and isinstance(json.loads(lines[0]), dict)
        except (ValueError, RecursionError):
            return False
    return True

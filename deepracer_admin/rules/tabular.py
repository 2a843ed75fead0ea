"""Tables that leave the console: CSV that stays inert when a spreadsheet opens it.

Aliases and attendee names are written by strangers. A cell that begins like a formula is run by Excel, LibreOffice and
Google Sheets (ASVS 5.0, 1.2.10), so such a cell is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

__all__ = ["inert_cell", "inert_csv"]

# What a spreadsheet may skip before it looks for a formula: white space, and characters that take no room.
_SKIPPED = r"[\s\x00-\x20\x7f-\xa0\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_TRIGGER = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA_LIKE = re.compile(rf"[\t\r\n\x00]|{_SKIPPED}*{_TRIGGER}")


def inert_cell(value: object) -> str:
    """The text of one cell, with an apostrophe before anything that a spreadsheet could take for a formula.

    Numbers (int, float, Decimal) pass as they stand: a negative number is no formula. `None` is an empty cell, a truth
    value is `yes` or `no`.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if isinstance(value, str) and _FORMULA_LIKE.match(text):
        return "'" + text
    return text


def inert_csv(rows: Iterable[Sequence[object]], columns: Sequence[str], *, bom: bool = True) -> bytes:
    """A UTF-8 CSV file (RFC 4180: comma, CRLF, quotes doubled) of `rows` under the headings `columns`.

    Every cell and heading is made inert by `inert_cell`, then quoted, so that a separator inside a value stays inside.
    `bom` puts a byte order mark first, without which Excel misreads accents.

    Raises ValueError when a row has more or fewer cells than there are columns.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([inert_cell(heading) for heading in columns])
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"A row has {len(row)} cells, but there are {len(columns)} columns.")
        writer.writerow([inert_cell(value) for value in row])
    return out.getvalue().encode("utf-8-sig" if bom else "utf-8", errors="replace")

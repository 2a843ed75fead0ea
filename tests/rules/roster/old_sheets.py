"""Writes small old workbooks (.xls, BIFF8 [MS-XLS]) for tests: texts, numbers with a format, what a sheet hides."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

__all__ = ["old_workbook"]

FORMATS = {"General": 0, "00000": 164}


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def text(value: str, size: str = "<H") -> bytes:
    return struct.pack(size, len(value)) + b"\x01" + value.encode("utf-16-le")


def start(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0x41, 6))


def cells(
    rows: Sequence[Sequence[str | float | None]],
    formats: Mapping[int, int],
    struck: Sequence[tuple[int, int]] = (),
) -> bytes:
    out = b""
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str) and value:
                out += record(
                    0x0204, struct.pack("<HHH", line, column, 2 if (line, column) in struck else 0) + text(value)
                )
            elif isinstance(value, (int, float)):
                out += record(0x0203, struct.pack("<HHHd", line, column, formats.get(column, 0), value))
    return out


def old_workbook(
    sheets: Mapping[str, Sequence[Sequence[str | float | None]]],
    *,
    hidden_sheets: Sequence[str] = (),
    hidden_rows: Sequence[int] = (),
    hidden_columns: Sequence[int] = (),
    merged: Sequence[tuple[int, int, int, int]] = (),
    zeros: Sequence[int] = (),
    struck: Sequence[tuple[int, int]] = (),
) -> bytes:
    """A workbook as a bare stream, without the container around it. Rows and columns count from 0; `merged` are first
    and last row, first and last column; numbers in columns `zeros` have five digits, texts in cells `struck` are
    struck through."""
    font = record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\x05\x00Arial")
    through = record(0x0031, struct.pack("<HHHHHBBBB", 200, 8, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\x05\x00Arial")
    # Font 4 is never written: the sixth record is number 6.
    looks = ((0, 0), (0, 164), (6, 0))
    styles = b"".join(record(0x00E0, struct.pack("<HHH", font, number, 0) + bytes(14)) for font, number in looks)
    globals_ = start(5) + font * 5 + through + record(0x041E, struct.pack("<H", 164) + text("00000")) + styles
    formats = dict.fromkeys(zeros, 1)
    streams = []
    for rows in sheets.values():
        body = start(0x10)
        body += b"".join(record(0x007D, struct.pack("<HHHHHH", n, n, 2000, 0, 1, 0)) for n in hidden_columns)
        body += b"".join(
            record(0x0208, struct.pack("<HHHHHHI", line, 0, 9, 255, 0, 0, 0x20 if line in hidden_rows else 0))
            for line in range(len(rows))
        )
        body += cells(rows, formats, struck)
        if merged:
            body += record(0x00E5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<4H", *m) for m in merged))
        streams.append(body + record(0x000A, b""))
    names = list(sheets)
    length = sum(len(record(0x0085, bytes(6) + text(name, "<B"))) for name in names) + len(record(0x000A, b""))
    at = len(globals_) + length
    for name, stream in zip(names, streams, strict=True):
        state = 1 if name in hidden_sheets else 0
        globals_ += record(0x0085, struct.pack("<IBB", at, state, 0) + text(name, "<B"))
        at += len(stream)
    return globals_ + record(0x000A, b"") + b"".join(streams)

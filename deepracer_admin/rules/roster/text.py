"""Text lists: which encoding, which delimiter, and the cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
from itertools import islice

from deepracer_admin.rules.roster import even_tables
from deepracer_admin.rules.roster.delimiters import DELIMITERS, NO_DELIMITER, guess_delimiter, read_with
from deepracer_admin.rules.roster.encodings import candidates_of, guess_legacy
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.pasted import is_pasted_line, read_pasted_line
from deepracer_admin.rules.roster.quoting import is_badly_quoted, read_backslashed, read_bare

__all__ = ["DELIMITERS", "decode", "guess_delimiter", "read_text", "split_records"]


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile("\\r\\n|\\r")
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_RECORDS = 200
# The rarer ones (C1, marks inside the text) are left to the rules for single cells.
_CONTROL_BYTES = bytes({*range(32), 127} - {9, 10, 13})
_ASCII_BASED = ("utf-8", "cp125", "mac_roman")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_SHARE = 0.02
_SHOWN_CANDIDATES = 3
_SHIFTED = ("iso2022_jp", "iso2022_jp_2", "iso2022_jp_ext", "iso2022_kr")
_CERTAIN = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", *_SHIFTED)
_TELLING_BYTES = 24 * 1024
_NOT_TEXT = "This is not a list in text form: export the list as CSV UTF-8 or .xlsx and choose that file."
_LONGEST_CODE = 4  # bytes of a character in UTF-8
_LONG_LINE = 8_000  # characters
_LONG_RECORD = 10  # lines; a longer record is more likely an unclosed quotation mark than an address block


def read_text(data: bytes, *, limits: Limits, encoding: str | None, delimiter: str | None) -> Reading:
    """The records of a text list. Raises UnreadableRoster for binary junk and for broken quoting."""
    if (
        encoding is None
        and len(data) >= even_tables.LARGE
        and (plain := _read_plain(data, limits, delimiter)) is not None
    ):
        return plain
    text, name, warnings, raw = _decode(data, encoding)
    if not text or text.isspace():
        raise UnreadableRoster("The file is empty: choose the file that holds the list.")
    if delimiter is None and is_pasted_line(text):
        records, lines, others = read_pasted_line(text)
        if others:
            shown = ", ".join(others[:_SHOWN_CANDIDATES]) + (" …" if len(others) > _SHOWN_CANDIDATES else "")
            warnings = (*warnings, f"Who stands behind “From” or “Cc” was not read as an attendee ({shown}).")
        if len(records) > limits.rows:
            raise _too_many_rows(limits)
        grid = Grid.of_records(records, lines)
        return Reading(grid, encoding=name, heading=("Name", "E-mail"), warnings=warnings, kind="mailboxes")
    if delimiter is None:
        delimiter = guess_delimiter(text)
    delimiter = delimiter or None  # "" was chosen: each line is one cell
    if unquoted := _unquoted_lines(text, delimiter):
        text, raw = unquoted, None
        delimiter = guess_delimiter(text)
        warnings = (*warnings, "Every line was one quoted cell; the cells inside were read.")
    grid, more = _split(text, delimiter, limits, raw)
    candidates = candidates_of(_telling(data), name) if name not in _CERTAIN or "\ufffd" in text else ()
    return Reading(grid, encoding=name, delimiter=delimiter, warnings=warnings + more, candidates=candidates)


def _read_plain(data: bytes, limits: Limits, delimiter: str | None) -> Reading | None:
    """The short way for a large table in UTF-8 without quotation marks: its text is never made; None for any other."""
    raw = data.removeprefix(codecs.BOM_UTF8)
    if b'"' in raw or _has_controls(raw) or "\ufffd".encode() in raw:
        return None
    head = raw[: _LONGEST_CODE * _SAMPLE_BYTES].decode("utf-8", errors="ignore")
    lines = head.splitlines()
    if len(lines) < _SAMPLE_RECORDS or max(map(len, lines)) > _LONG_LINE or not lines[0].strip():
        return None
    if delimiter is None and not is_pasted_line(head):
        delimiter = guess_delimiter(head)
    # Bytes that are no UTF-8 are seen when cells are made of them.
    grid = even_tables.split_even("", delimiter, limits, raw) if delimiter else None
    name = "utf-8" if len(raw) == len(data) else "utf-8-sig"
    return None if grid is None else Reading(grid, encoding=name, delimiter=delimiter)


def _unquoted_lines(text: str, delimiter: str | None) -> str | None:
    """The text without the marks around whole lines, when each line is one quoted cell that holds a whole record."""
    if not text.startswith('"') or len(text) > even_tables.LARGE:
        return None
    lines = [line.strip() for line in _LINE_END.sub("\n", text).split("\n")]
    filled = [line for line in lines if line]
    if not all(
        len(line) > 1 and line[0] == line[-1] == '"' and '"' not in line[1:-1].replace('""', "") for line in filled
    ):
        return None
    inner = "\n".join(line[1:-1].replace('""', '"') for line in lines)
    found = guess_delimiter(inner)
    return inner if found is not None and all(found in line for line in filled) else None


def _split(text: str, delimiter: str | None, limits: Limits, raw: bytes | None) -> tuple[Grid, tuple[str, ...]]:
    """`split_records`, with wrongly set quotation marks put right where that can be told."""
    has_marks = b'"' in raw if raw is not None else '"' in text
    if delimiter is None or not has_marks or not is_badly_quoted(text, delimiter):
        return split_records(text, delimiter, limits, raw)
    if (records := read_backslashed(text, delimiter)) is not None:
        warning = 'Quotation marks inside cells are written as \\": they were read as marks.'
        lines = list(range(1, len(records) + 1))
    elif (tolerant := read_bare(text, delimiter)) is not None:
        records, bare = tolerant
        lines = list(range(1, len(records) + 1))
        shown = ", ".join(f"row {line}" for line in bare[:5]) + (f" and {len(bare) - 5} more" if len(bare) > 5 else "")
        warning = f'A quotation mark (") inside a cell was kept as it stands: {shown}.'
        if not bare:
            return split_records(text, delimiter, limits)
    else:
        grid, warnings = split_records(text, delimiter, limits)
        return grid, (*warnings, 'Quotation marks (") are set wrongly in this file: check names and addresses.')
    kept = [(record, line) for record, line in zip(records, lines, strict=True) if record]
    if len(kept) > limits.rows + _SAMPLE_RECORDS:
        raise _too_many_rows(limits)
    for record, line in kept:
        if len(record) > limits.columns:
            raise _too_many_columns(line, limits)
    return Grid.of_records([record for record, _ in kept], [line for _, line in kept]), (warning,)


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, tuple[str, ...]]:
    """(text, encoding, warnings). Control characters are gone from the text; line ends are as they were.

    Raises UnreadableRoster when the bytes are no text, or not in the `encoding` asked for.
    """
    return _decode(data, encoding)[:3]


def _decode(data: bytes, encoding: str | None) -> tuple[str, str, tuple[str, ...], bytes | None]:
    """`decode`, and the text in UTF-8 where the file holds it as it is: counting in bytes is far faster."""
    warnings: tuple[str, ...] = ()
    if encoding is not None:
        try:
            text, name = data.decode(encoding), encoding
        except (UnicodeError, LookupError):
            raise UnreadableRoster(f"The file cannot be read as {encoding}: choose another encoding.") from None
    else:
        name, known = _guess_encoding(data)
        text = data.decode(name, errors="replace") if known is None else known
        if name not in _CERTAIN:
            warnings = (_doubt(data, name),)
        elif "\ufffd" in text:
            line = text.count("\n", 0, text.index("\ufffd")) + 1
            warnings = (
                f"From line {line} on, some characters could not be read as {name}: check names with \ufffd in them.",
            )
    if _has_controls(data if name.startswith(_ASCII_BASED) else text.encode("utf-8", errors="replace")):
        sample = text[:_SAMPLE_BYTES]
        if len(_CONTROLS.findall(sample)) > max(4, _CONTROL_SHARE * len(sample)):
            raise UnreadableRoster(_NOT_TEXT)
        return _CONTROLS.sub("", text), name, warnings, None
    if name == "utf-8" and "\ufffd" not in text:
        return text, name, warnings, data
    if name == "utf-8-sig" and "\ufffd" not in text:
        return text, name, warnings, data.removeprefix(codecs.BOM_UTF8)
    return text, name, warnings, None


def _doubt(data: bytes, taken: str) -> str:
    first, *others = candidates_of(_telling(data), taken)
    said = f"The file does not say its encoding; it was read as {taken} ({', '.join(first.samples)})"
    if not others:
        return f"{said}: check the names."
    shown = "; ".join(f"{other.encoding}: {', '.join(other.samples)}" for other in others[:_SHOWN_CANDIDATES])
    return f"{said}. If names are garbled, choose another ({shown})."


def _has_controls(raw: bytes) -> bool:
    """Whether there are ASCII control characters but TAB, LF and CR (deleting bytes is far faster than searching)."""
    return len(raw.translate(None, _CONTROL_BYTES)) != len(raw)


def _guess_encoding(data: bytes) -> tuple[str, str | None]:
    """(encoding, the text where it was decoded on the way)."""
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name, None
    if b"\x1b$" in data and (shifted := _guess_shifted(data)):
        return shifted, None
    wide = _guess_utf16(data[:_SAMPLE_BYTES])
    if wide:
        return wide, None
    try:
        return "utf-8", data.decode("utf-8")
    except UnicodeDecodeError:
        return ("utf-8" if _is_mostly_utf8(data) else _guess_legacy(data)), None


def _guess_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text, of digits and of separators is NUL."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half < 2 or max(even, odd) < 0.3 * half or min(even, odd) > 0.1 * half:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess_shifted(data: bytes) -> str | None:
    """The seven-bit encodings of Japanese and Korean mail, told by their escapes (RFC 1468 and 1557)."""
    if not data.isascii():
        return None
    for name in _SHIFTED:
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return None


def _is_mostly_utf8(data: bytes) -> bool:
    """A few broken bytes in a UTF-8 file (cut off, or pasted together) must not turn every accent into two signs."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    whole = sum(1 for letter in text if letter > "\x7f") - broken
    return whole >= 3 * broken


def _guess_legacy(data: bytes) -> str:
    sample = data[:_SAMPLE_BYTES]
    if len(sample) - len(sample.translate(None, _CONTROL_BYTES)) > max(4, _CONTROL_SHARE * len(sample)):
        raise UnreadableRoster(_NOT_TEXT)
    is_old_mac = b"\r" in sample and b"\n" not in sample and _letters(data, "mac_roman") > _letters(data, "cp1252")
    found = guess_legacy(_telling(data), is_old_mac=is_old_mac)
    if found is None:
        raise UnreadableRoster("The file's encoding cannot be told: save the list as CSV UTF-8 and choose that file.")
    return found


def _telling(data: bytes) -> bytes:
    """Lines with letters beyond ASCII, up to some kilobytes: the others say nothing about the encoding."""
    if len(data) <= _TELLING_BYTES:
        return data
    kept, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii() and len(line) < _TELLING_BYTES:
            kept.append(line)
            size += len(line)
            if size > _TELLING_BYTES:
                break
    return b"".join(kept)


def _letters(data: bytes, encoding: str) -> int:
    text = data[:_SAMPLE_BYTES].decode(encoding, errors="replace")
    return sum(letter.isalpha() and letter > "\x7f" for letter in text)


def split_records(
    text: str, delimiter: str | None, limits: Limits, raw: bytes | None = None
) -> tuple[Grid, tuple[str, ...]]:
    """(cells, warnings). Wholly empty lines are no records. `raw` is the text in UTF-8, where it is at hand.

    Raises UnreadableRoster for too many rows or columns, an unclosed quotation mark and an endless cell.
    """
    even = even_tables.split_even(
        text, delimiter, limits, text.encode("utf-8", errors="replace") if raw is None else raw
    )
    return (even, ()) if even is not None else _split_quoted(text, delimiter, limits)


def _split_quoted(text: str, delimiter: str | None, limits: Limits) -> tuple[Grid, tuple[str, ...]]:
    records: list[list[str]] = []
    lines: list[int] = []
    warnings: list[str] = []
    reader = read_with(text, delimiter)
    start, rows, widest = 1, limits.rows + _SAMPLE_RECORDS, limits.columns
    try:
        for record in reader:
            end = reader.line_num
            if record:
                if len(record) > widest:
                    raise _too_many_columns(start, limits)
                records.append(record)
                lines.append(start)
                if end - start >= _LONG_RECORD:
                    warnings.append(_long_record(start, end))
                if len(records) > rows:
                    raise _too_many_rows(limits)
            start = end + 1
    except csv.Error:
        raise UnreadableRoster(_endless(text, start)) from None
    if records and _is_left_open(text, lines[-1], delimiter):
        raise UnreadableRoster(f'A quotation mark (") on line {lines[-1]} is never closed: close or delete it.')
    return Grid.of_records(records, lines), tuple(warnings[:20])


def _endless(text: str, line: int) -> str:
    if '"' in text:
        return f'A cell on line {line} never ends: close or delete the quotation mark (") there.'
    return f"A cell on line {line} is longer than {csv.field_size_limit():,} characters: cut it or delete it."


def _long_record(start: int, end: int) -> str:
    return (
        f"The record that starts on line {start} spans {end - start + 1} lines: "
        'check whether a quotation mark (") is left open there.'
    )


def _is_left_open(text: str, start: int, delimiter: str | None) -> bool:
    """Whether the text ended inside the quoted cell of the record that starts on line `start`."""
    if '"' not in text:
        return False
    tail = "".join(islice(io.StringIO(text, newline=""), start - 1, None))
    try:
        list(
            csv.reader(
                io.StringIO(tail, newline=""), delimiter=delimiter or NO_DELIMITER, skipinitialspace=True, strict=True
            )
        )
    except csv.Error as flaw:
        return "end of data" in str(flaw)
    return False


def _too_many_columns(line: int, limits: Limits) -> UnreadableRoster:
    return UnreadableRoster(
        f"Line {line} has more than {limits.columns} columns: delete the columns that are not needed."
    )


def _too_many_rows(limits: Limits) -> UnreadableRoster:
    return UnreadableRoster(f"The list has more than {limits.rows:,} rows: import it in parts.")

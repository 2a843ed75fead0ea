"""Numbers of a workbook as its sheet shows them: dates, leading zeros, whole numbers without ".0"."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

__all__ = ["GENERAL", "Format", "format_of", "shown"]

# ISO/IEC 29500-1, 18.8.30: formats that every workbook knows by number; 27 to 36 and 50 to 58 are East Asian dates.
_DATES = {*range(14, 18), *range(27, 37), *range(50, 59)}
_MOMENTS, _TIMES = {22}, {18, 19, 20, 21, 45, 46, 47}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_ZEROS = re.compile(r"[-0/ ().]*0[-0/ ().]*")
_LONGEST = 64


class Format(NamedTuple):
    """How a number is shown. `kind`: "" as it is, "date", "moment" (both), "time", or "zeros" with its `pattern`."""

    kind: str = ""
    pattern: str = ""


GENERAL = Format()


def format_of(number: str, code: str | None) -> Format:
    """The format with this number; `code` where the workbook defines it itself."""
    if code is None:
        known = int(number) if number.isdigit() and len(number) < 6 else 0
        if known in _DATES:
            return Format("date")
        if known in _MOMENTS:
            return Format("moment")
        return Format("time") if known in _TIMES else GENERAL
    first = code.partition(";")[0][:200]
    bare = _QUOTED.sub("", first).lower()
    if "general" in bare:
        return GENERAL
    has_day = any(letter in bare for letter in "yd")
    has_hour = any(letter in bare for letter in "hs")
    if has_day or has_hour or ("m" in bare and not any(sign in bare for sign in "0#")):
        return Format("moment" if has_day and has_hour else "time" if has_hour else "date")
    pattern = _LITERAL.sub(lambda found: found[1] or found[2] or "", first)
    if _ZEROS.fullmatch(pattern) and "." not in pattern and pattern.count("0") > 1 and len(pattern) <= _LONGEST:
        return Format("zeros", pattern)
    return GENERAL


def shown(raw: str, form: Format, *, is_1904: bool = False) -> str:
    """A stored number in its format; whatever is no number as it stands."""
    if not form.kind and raw.isdigit():
        return raw
    try:
        number = float(raw)
        whole = int(number)
    except (ValueError, OverflowError):
        return raw.strip()
    if form.kind == "zeros" and number == whole and whole >= 0:
        return _with_zeros(str(whole), form.pattern)
    if form.kind in ("date", "moment", "time"):
        return _moment(number, form.kind, is_1904=is_1904)
    return str(whole) if number == whole else repr(number)


def _with_zeros(digits: str, pattern: str) -> str:
    out: list[str] = []
    left = list(digits)
    for sign in reversed(pattern):
        out.append((left.pop() if left else "0") if sign == "0" else sign)
    return "".join(left) + "".join(reversed(out))


def _moment(number: float, kind: str, *, is_1904: bool) -> str:
    # Day 60 of the 1900 system is the 29 February that never was, so days count from 30 December 1899 after it.
    base = dt.datetime(1904, 1, 1) if is_1904 else dt.datetime(1899, 12, 30 if number >= 60 else 31)  # noqa: DTZ001
    try:
        at = base + dt.timedelta(days=number)
    except OverflowError:
        return repr(number)
    at = (at + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    if kind == "time" and 0 <= number < 1:
        return at.strftime("%H:%M")
    has_time = kind != "date" or at.time() != dt.time()
    return at.isoformat(sep=" ", timespec="minutes") if has_time else at.date().isoformat()

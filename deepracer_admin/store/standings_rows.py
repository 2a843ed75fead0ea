"""Rows of a leaderboard as a history file keeps them: a value a column and row, so that 10,000 are read at once.

Before schema version 3 each row was an object with every name in it; such rows are read as well. Reading is lenient as
store/codec.py is: a column that this version does not know is ignored, one that an older did not write has its default.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from typing import Any

from deepracer_admin.clock import as_utc, parse_iso
from deepracer_admin.model import Standing
from deepracer_admin.store.codec import encode

__all__ = ["rows_of", "told"]

_DEFAULTS = Standing._field_defaults
_TIME = "submitted_at"
_AS_ROW = partial(tuple.__new__, Standing)  # Standing._make without a call of Python a row


def told(rows: Iterable[Standing]) -> str:
    """The rows as text, columns of nothing but the default left out; the same for equal rows. Raises ValueError."""
    held = [*rows]
    columns = dict(zip(Standing._fields, zip(*held, strict=True), strict=True)) if held else {}
    kept = {name: each for name, each in columns.items() if name not in _DEFAULTS or {*each} != {_DEFAULTS[name]}}
    if _TIME in kept:
        kept[_TIME] = tuple(None if at is None else _iso(at) for at in kept[_TIME])
    return encode({"rows": len(held), **kept})


def rows_of(text: str) -> tuple[Standing, ...]:
    """The inverse of `told`, and of what older versions wrote. Instants in UTC, to the millisecond."""
    found: dict[str, Any] | list[dict[str, Any]] = json.loads(text)
    number, columns = (found["rows"], found) if isinstance(found, dict) else (len(found), _columns(found))
    return tuple(map(_AS_ROW, zip(*(_column(columns, name, number) for name in Standing._fields), strict=True)))


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Of rows as objects."""
    return {
        name: [row.get(name, _DEFAULTS[name]) if name in _DEFAULTS else row[name] for row in rows]
        for name in Standing._fields
    }


def _column(columns: Mapping[str, Any], name: str, number: int) -> Iterable[Any]:
    """One column; `number`: rows in it."""
    if name not in columns and (name in _DEFAULTS or not number):
        return repeat(_DEFAULTS.get(name), number)
    values = columns[name]
    return [None if each is None else _instant(each) for each in values] if name == _TIME else values


def _iso(at: datetime) -> str:
    """As clock.iso, in a fifth of its time."""
    return f"{as_utc(at).isoformat(timespec='milliseconds')[:-6]}Z"


def _instant(text: str) -> datetime:
    """As clock.parse_iso; our own form ends in Z, and then it is in UTC already."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is UTC else parse_iso(text)

"""Values of model.py as JSON text and back.

Written by hand rather than by a validation library because times must come back as `datetime.UTC` (chart and table code
compares zones by identity) and because reading must be lenient: a field that this version does not know is ignored, one
that an older version did not write takes its default. Times are kept to the millisecond (clock.iso).
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, TypeVar, overload

from deepracer_admin.clock import iso, parse_iso

__all__ = ["decode", "encode", "instant", "plain", "text", "when"]

T = TypeVar("T")
Convert = Callable[[Any], Any]

parsed = lru_cache(maxsize=4096)(parse_iso)  # rows of one batch carry the same instant


def encode(value: Any) -> str:
    """Compact JSON of a dataclass or JSON value, e-mails and names in plain Unicode. Raises ValueError for NaN."""
    return json.dumps(value, default=_default, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@overload
def decode(kind: type[T], document: str) -> T: ...


@overload
def decode(kind: Any, document: str) -> Any: ...


def decode(kind: Any, document: str) -> Any:
    """The inverse of `encode` for a dataclass, or another hint of what may be kept (store/documents.py)."""
    return _converter(kind)(json.loads(document))


def plain(document: str | None) -> Any:
    """A JSON value as stored; None for NULL."""
    return None if document is None else json.loads(document)


def text(value: Any) -> str | None:
    """A JSON value to store; NULL for None."""
    return None if value is None else encode(value)


def when(value: datetime | None) -> str | None:
    """An instant as the store keeps it."""
    return None if value is None else iso(value)


def instant(value: str | None) -> datetime | None:
    """An instant as the store kept it."""
    return None if value is None else parsed(value)


def _default(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _names(type(value))}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _same(value: Any) -> Any:
    return value


@cache
def _converter(hint: Any) -> Convert:
    """What turns parsed JSON into a value of the hinted type; `_same` where JSON already is that type."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _optional(_converter(next(kind for kind in inner if kind is not types.NoneType)))
    if origin is tuple and inner[1:] != (...,):
        each = [_converter(kind) for kind in inner]
        return lambda values: tuple(convert(value) for convert, value in zip(each, values, strict=True))
    if origin is tuple:
        item = _converter(inner[0])
        return lambda values: tuple(item(value) for value in values)
    if origin is frozenset:
        item = _converter(inner[0])
        return lambda values: frozenset(item(value) for value in values)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        name, item = (_converter(kind) for kind in inner)
        if name is _same and item is _same:
            return _same
        return lambda values: {name(key): item(value) for key, value in values.items()}
    if hint is datetime:
        return parsed
    if hint is date:
        return date.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    return _same


def _optional(convert: Convert) -> Convert:
    return _same if convert is _same else lambda value: None if value is None else convert(value)


def _record(kind: type) -> Convert:
    hints = typing.get_type_hints(kind)
    known = frozenset(_names(kind))
    converted = {name: _converter(hints[name]) for name in known}
    special = [(name, convert) for name, convert in converted.items() if convert is not _same]

    def build(values: Mapping[str, Any]) -> Any:
        if values.keys() <= known:
            given = dict(values)
        else:
            given = {name: value for name, value in values.items() if name in known}
        for name, convert in special:
            if name in given:
                given[name] = convert(given[name])
        return kind(**given)

    return build

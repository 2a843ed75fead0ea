"""Makes values of any declared type, and makes them grow by one, so that a lost change can be counted."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from tests.store.people import NOW

__all__ = ["grown", "grows", "sample", "size", "types_within"]

ATOMS = (str, bool, int, float, datetime)


def parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """(what it is, of what): "optional", Mapping, tuple, frozenset, or the type itself."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return "optional", tuple(kind for kind in inner if kind is not types.NoneType)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Mapping, inner
    return origin or hint, inner


def hints_of(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def types_within(hint: Any) -> Iterator[Any]:
    """Every type that a value is made of; what may not be kept comes out as it is (list, dict, Any)."""
    what, inner = parts(hint)
    yield what
    if isinstance(what, type) and is_dataclass(what):
        for each in hints_of(what).values():
            yield from types_within(each)
    for each in inner:
        if each is not ...:
            yield from types_within(each)


def sample(hint: Any, number: int = 0) -> Any:
    """The emptiest value; different ones for different numbers where the type allows it."""
    what, inner = parts(hint)
    if what == "optional":
        return sample(inner[0], number)
    if what is date:
        return NOW.date() + timedelta(days=number)
    if what in (str, int, float, bool, datetime):
        return {str: f"value {number}", int: number, float: float(number), bool: False}.get(what, NOW)
    if what in (Mapping, frozenset):
        return what() if what is frozenset else {}
    if what is tuple:
        return () if inner[1:] == (...,) else tuple(sample(each, number) for each in inner)
    if issubclass(what, Enum):
        return next(iter(what))
    hints = hints_of(what)
    needed = [each for each in fields(what) if each.default is MISSING and each.default_factory is MISSING]
    return what(**{each.name: sample(hints[each.name], number) for each in needed})


def grows(hint: Any) -> bool:
    what, inner = parts(hint)
    if what == "optional":
        return grows(inner[0])
    if what is tuple:
        return inner[1:] == (...,)
    if isinstance(what, type) and is_dataclass(what):
        return _growing_field(what) is not None
    return what in (Mapping, frozenset, str, int, float, datetime)


def _growing_field(kind: type) -> str | None:
    """What keeps single additions apart comes first."""
    hints = {name: hint for name, hint in hints_of(kind).items() if grows(hint)}
    order = [Mapping, tuple, frozenset, int, float, str, datetime]

    def rank(name: str) -> int:
        what, inner = parts(hints[name])
        what = parts(inner[0])[0] if what == "optional" else what
        return order.index(what) if what in order else len(order)

    return min(hints, key=rank, default=None)


def grown(hint: Any, value: Any, number: int) -> Any:
    """Pure; `size` of the result is greater by one. `number` is new at each call."""
    what, inner = parts(hint)
    if what == "optional":
        return grown(inner[0], sample(inner[0]) if value is None else value, number)
    if what is Mapping:
        key = sample(inner[0], number)
        return {**value, key: sample(inner[1], number)}
    if what is tuple:
        return (*value, sample(inner[0], number))
    if what is frozenset:
        return value | {sample(inner[0], number)}
    if what is str:
        return value + "+"
    if what is datetime:
        return value + timedelta(seconds=1)
    if what in (int, float):
        return value + 1
    name = _growing_field(what)
    assert name is not None, f"{what.__name__} cannot grow"
    return replace(value, **{name: grown(hints_of(what)[name], getattr(value, name), number)})


def size(hint: Any, value: Any) -> int:
    what, inner = parts(hint)
    if value is None:
        return 0
    if what == "optional":
        return size(inner[0], value)
    if what is str:
        return value.count("+")
    if what is datetime:
        return round((value - NOW).total_seconds())
    if what in (int, float):
        return int(value)
    if what in (Mapping, tuple, frozenset):
        return len(value)
    name = _growing_field(what)
    assert name is not None
    return size(hints_of(what)[name], getattr(value, name))

"""The shapes of deepracer-on-aws.md 1.6 as values that can read and judge a body.

Reading finds wrong JSON types (the server SDK answers `SerializationException`), judging finds broken constraints
(`ValidationException`). The request validator of the gateway knows both, in its own words. Every finding carries
both texts; the layers choose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

INT32 = 2**31


@dataclass(frozen=True)
class Violation:
    """One broken constraint: where, in the server SDK's words, and in the gateway validator's words."""

    path: str
    sdk: str
    gateway: str


class Misread(Exception):
    """The value has the wrong JSON type. `gateway` is the request validator's text for it."""

    def __init__(self, found: str, allowed: str) -> None:
        self.gateway = f'instance type ({found}) does not match any allowed primitive type (allowed: ["{allowed}"])'
        super().__init__(self.gateway)


def name_type(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def _member_violation(path: str, rule: str, gateway: str, prefix: str = "Value") -> Violation:
    return Violation(path, f"{prefix} at '{path}' failed to satisfy constraint: Member must {rule}", gateway)


class Shape:
    """Any JSON. `read` returns the value as the handlers want it, `judge` the broken constraints in order."""

    def read(self, value: Any) -> Any:
        return value

    def judge(self, value: Any, path: str) -> list[Violation]:
        return []


@dataclass(frozen=True)
class Text(Shape):
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    choices: Sequence[str] = ()

    def read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Misread(name_type(value), "string")
        return value

    def judge(self, value: str, path: str) -> list[Violation]:
        found = []
        if self.choices and value not in self.choices:
            listed = ", ".join(sorted(self.choices, key=_collation))
            known = ",".join(f'"{choice}"' for choice in self.choices)
            gateway = f'instance value ("{value}") not found in enum (possible values: [{known}])'
            found.append(_member_violation(path, f"satisfy enum value set: [{listed}]", gateway))
        if self.longest is not None and not (self.shortest or 0) <= len(value) <= self.longest:
            rule = f"have length between {self.shortest or 0} and {self.longest}, inclusive"
            bounds = f"length: {len(value)}, allowed: {self.shortest or 0} to {self.longest}"
            gateway = f'string "{value}" has the wrong length ({bounds})'
            found.append(_member_violation(path, rule, gateway, f"Value with length {len(value)}"))
        if self.pattern and not _matches(self.pattern, value):
            gateway = f'ECMA 262 regex "{self.pattern}" does not match input string "{value}"'
            found.append(_member_violation(path, f"satisfy regular expression pattern: {self.pattern}", gateway))
        return found


@dataclass(frozen=True)
class Number(Shape):
    least: float | None = None
    most: float | None = None
    whole: bool = False

    def read(self, value: Any) -> float | int:
        expected = "integer" if self.whole else "number"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Misread(name_type(value), expected)
        if not self.whole:
            return value
        if not -INT32 <= value < INT32 or value != int(value):
            raise Misread("number", expected)
        return int(value)

    def judge(self, value: float, path: str) -> list[Violation]:
        if (self.least is None or value >= self.least) and (self.most is None or value <= self.most):
            return []
        if self.most is None:
            rule = f"be greater than or equal to {self.least:g}"
        else:
            rule = f"be between {self.least:g} and {self.most:g}, inclusive"
        edge = (
            "lower than the required minimum"
            if self.least is not None and value < self.least
            else "greater than the required maximum"
        )
        return [_member_violation(path, rule, f"numeric instance is {edge} (found: {value})")]


class Flag(Shape):
    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Misread(name_type(value), "boolean")
        return value


class Moment(Shape):
    """An RFC 3339 date-time with a zone; read into an aware UTC datetime with milliseconds."""

    def read(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _DATE_TIME.match(value):
            raise Misread(name_type(value), "string")
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00").replace("z", "+00:00"))
        except ValueError:
            raise Misread("string", "date-time") from None
        return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Sequenced(Shape):
    item: Shape
    shortest: int | None = None
    longest: int | None = None

    def read(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Misread(name_type(value), "array")
        return [self.item.read(entry) for entry in value]

    def judge(self, value: list[Any], path: str) -> list[Violation]:
        found = []
        if self.longest is not None and not (self.shortest or 0) <= len(value) <= self.longest:
            rule = f"have length between {self.shortest or 0} and {self.longest}, inclusive"
            bounds = f"found: {len(value)}, allowed: {self.shortest or 0} to {self.longest}"
            gateway = f"array has the wrong number of elements ({bounds})"
            found.append(_member_violation(path, rule, gateway, f"Value with length {len(value)}"))
        for index, entry in enumerate(value):
            found += self.item.judge(entry, f"{path}/{index}")
        return found


@dataclass(frozen=True)
class Structure(Shape):
    """Members in model order; a name that ends in ``*`` is required. Unknown members are dropped, null is absent."""

    members: Mapping[str, Shape]
    exactly_one: bool = False
    required: frozenset[str] = field(init=False)
    shapes: Mapping[str, Shape] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", frozenset(n[:-1] for n in self.members if n.endswith("*")))
        object.__setattr__(self, "shapes", {name.rstrip("*"): shape for name, shape in self.members.items()})

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Misread(name_type(value), "object")
        known = {name: shape.read(value[name]) for name, shape in self.shapes.items() if value.get(name) is not None}
        if self.exactly_one and len(known) != 1:
            raise Misread("object", "union")
        return known

    def judge(self, value: dict[str, Any], path: str) -> list[Violation]:
        found = []
        for name, shape in self.shapes.items():
            below = f"{path}/{name}"
            if name in value:
                found += shape.judge(value[name], below)
            elif name in self.required:
                found.append(
                    _member_violation(below, "not be null", f'object has missing required properties (["{name}"])')
                )
        return found


_DATE_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$")
_COMPILED: dict[str, re.Pattern[str]] = {}


def _matches(pattern: str, value: str) -> bool:
    """As JavaScript matches: `\\w` is ASCII and `$` is the very end."""
    compiled = _COMPILED.get(pattern)
    if compiled is None:
        body = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
        compiled = _COMPILED[pattern] = re.compile(body, re.ASCII)
    return bool(compiled.search(value))


def _collation(text: str) -> str:
    """Locale order of the messages: letters without case, underscore and hyphen before digits."""
    return text.lower().replace("_", " ").replace("-", "!")

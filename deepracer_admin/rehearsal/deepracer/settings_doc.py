"""The one document of global settings and who may write what into it (deepracer-on-aws.md 1.7, "Settings")."""

from __future__ import annotations

import copy
import re
from typing import Any

_HEX = re.compile(r"0[xX][0-9a-fA-F]+\Z|0[oO][0-7]+\Z|0[bB][01]+\Z")
_FIELDS = {
    "global": ("globalComputeMinutesLimit", "globalModelCountLimit"),
    "newUser": ("newUserComputeMinutesLimit", "newUserModelCountLimit"),
}


def initial_document() -> dict[str, Any]:
    quotas = {section: dict.fromkeys(names, -1) for section, names in _FIELDS.items()}
    return {"usageQuotas": quotas, "registration": {"type": "invite-only"}}


def look_up(document: dict[str, Any], key: str) -> Any:
    """The value at a dot path. Raises KeyError."""
    value: Any = document
    for part in key.split("."):
        if not isinstance(value, dict):
            raise KeyError(key)
        value = value[part]
    return value


def store(document: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of the document with `value` at `key`. Raises ValueError when key or value has a wrong structure."""
    if not _may_hold(key.split("."), value):
        raise ValueError(key)
    changed = copy.deepcopy(document)
    *parents, last = key.split(".")
    target = changed
    for part in parents:
        target = target[part]
    target[last] = value
    return changed


def as_number(value: Any) -> float:
    """A JSON number or a string as JavaScript's `Number()` reads it; NaN when it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return float("nan")
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text:
        return 0
    if _HEX.match(text):
        return int(text, 0)
    if "_" in text or text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _is_limit(value: Any) -> bool:
    number = as_number(value)
    return number >= -1 and number == number // 1


def _has_exactly(value: Any, names: tuple[str, ...]) -> bool:
    return isinstance(value, dict) and set(value) == set(names)


def _may_hold(path: list[str], value: Any) -> bool:
    match path:
        case ["usageQuotas"]:
            return _has_exactly(value, tuple(_FIELDS)) and all(
                _may_hold([*path, name], value[name]) for name in _FIELDS
            )
        case ["usageQuotas", section] if section in _FIELDS:
            return _has_exactly(value, _FIELDS[section]) and all(_is_limit(limit) for limit in value.values())
        case ["usageQuotas", section, name] if section in _FIELDS and name in _FIELDS[section]:
            return _is_limit(value)
        case ["registration"]:
            return _has_exactly(value, ("type",)) and _may_hold(["registration", "type"], value["type"])
        case ["registration", "type"]:
            return value in ("invite-only", "self-service") if isinstance(value, str) else False
    return False

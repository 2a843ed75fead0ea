"""A settings file's JSON as plain values: shallow, small, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from deepracer_admin.errors import BadInput

__all__ = ["MAX_BYTES", "read_values"]

MAX_BYTES = 256 * 1024
_DEEPEST = 8  # an event's settings are three levels deep


def read_values(data: bytes) -> dict[str, Any]:
    """The object in the file. Raises BadInput when it is larger than 256 kB, no JSON, no object, or nested deeply."""
    if len(data) > MAX_BYTES:
        raise BadInput("Settings file: it is larger than 256 kB, so it is no settings file of this console.")
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadInput("Settings file: it is no JSON; export one on the Set up page and choose that.") from None
    if not isinstance(values, dict) or _depth(values) > _DEEPEST:
        raise BadInput("Settings file: it is no settings file of this console, or of another version.")
    return values


def _depth(values: Any) -> int:
    """Levels of nesting, counted level by level: no recursion that a file could exhaust."""
    level, depth = [values], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth

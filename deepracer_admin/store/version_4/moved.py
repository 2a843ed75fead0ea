"""What one old value becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Move", "Moved", "same", "to_rows"]


@dataclass(frozen=True, slots=True)
class Moved:
    """One new value, as JSON. `kind`: key of the document or reading, or name of the table; `key`: of a table's row."""

    kind: str
    body: Any
    key: str = ""
    by_attendee: bool = False  # a row of a table by attendee


Move = Callable[[Any], Iterable[Moved]]
"""An old value to the new ones; nothing where there is nothing to keep."""


def same(kind: str) -> Move:
    """The old JSON already is that of the new type."""
    return lambda value: [Moved(kind, value)]


def to_rows(table: str, *, by_attendee: bool = False) -> Move:
    """A mapping whose values already are the JSON of the table's rows."""
    return lambda value: [Moved(table, body, key, by_attendee) for key, body in value.items()]

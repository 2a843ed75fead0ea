"""Somebody to be taken out of what is kept: how they are found, as the store needs to know it (rules/traces.py)."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Person"]


class Person(Protocol):
    """`mark` stands where something has to stand; `without` takes a value as parsed from JSON."""

    @property
    def mark(self) -> str: ...

    def perhaps_in(self, text: str, /) -> bool: ...

    def is_name(self, text: str, /) -> bool: ...

    def owns_key(self, key: str, /) -> bool: ...

    def blanked(self, text: str, /) -> str: ...

    def without(self, value: Any, /) -> Any: ...

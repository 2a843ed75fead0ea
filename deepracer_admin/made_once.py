"""Things that are made at the first call and kept; a failure is not kept. Safe to use from several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Kept", "Once"]

T = TypeVar("T")


class Kept(Generic[T]):
    """One thing per key, made at the first call and kept."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[str, T] = {}

    def __call__(self, key: str) -> T:
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(key)
            return self._made[key]


class Once(Generic[T]):
    """Makes a thing at the first call and keeps it; a failure is not kept."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: T | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._value is None:
                self._value = self._make()
            return self._value

"""Things that are made by one for all who ask, once or anew when they are old; a failure is not kept. Safe to use from
several threads."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Kept", "Once", "Shared"]

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

    @property
    def made(self) -> T | None:
        """The thing, if it is made already."""
        return self._value


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    value: T
    version: Hashable
    at_s: float


@dataclass(slots=True)
class _Place(Generic[T]):
    making: threading.Lock = field(default_factory=threading.Lock)
    made: _Made[T] | None = None


class Shared(Generic[T]):
    """One thing per key, made anew when its version moved or it is `fresh_s` old.

    One of those who ask makes it; whoever asks meanwhile gets the former one at once, unless that is `longest_s` old or
    there is none: then they wait. A thing that cannot be made is not there any more: the former is dropped. At most
    `most` keys are kept, those asked for last. Seconds are of `now_s`.
    """

    def __init__(
        self, *, fresh_s: float, longest_s: float, most: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._fresh_s, self._longest_s, self._most, self._now_s = fresh_s, longest_s, most, now_s
        self._lock = threading.Lock()
        self._places: OrderedDict[Hashable, _Place[T]] = OrderedDict()

    def __call__(self, key: Hashable, make: Callable[[T | None], T], *, version: Hashable = None) -> T:
        """The thing; `make` gets the former one, so that what has not changed in it need not be made again."""
        place = self._place(key)
        former = place.made
        if former is not None and self._is_fresh(former, version):
            return former.value
        if former is None or self._is_too_old(former):
            place.making.acquire()
        elif not place.making.acquire(blocking=False):
            return former.value
        try:
            now = place.made  # somebody may have made it while this one waited
            if now is not None and now is not former and self._is_fresh(now, version):
                return now.value
            began_s = self._now_s()
            try:
                value = make(None if now is None else now.value)
            except BaseException:
                place.made = None
                raise
            place.made = _Made(value, version, began_s)
            return value
        finally:
            place.making.release()

    def at_hand(self, key: Hashable, *, version: Hashable = None) -> T | None:
        """What a call would answer at once, without making anything; None where it would make or wait."""
        place = self._places.get(key)
        made = place.made if place else None
        if place is None or made is None:
            return None
        if self._is_fresh(made, version) or (place.making.locked() and not self._is_too_old(made)):
            return made.value
        return None

    def _is_fresh(self, made: _Made[T], version: Hashable) -> bool:
        return made.version == version and self._now_s() - made.at_s < self._fresh_s

    def _is_too_old(self, made: _Made[T]) -> bool:
        return self._now_s() - made.at_s >= self._longest_s

    def _place(self, key: Hashable) -> _Place[T]:
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > self._most:
                self._places.popitem(last=False)
            return place

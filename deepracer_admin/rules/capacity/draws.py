"""Chance that hangs on the person and the decision, so that one more slot, or another order, changes nobody's luck."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws", "Floats", "Ints"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
_Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_PURPOSE = 0xD1B54A32D192ED03
_WHOLE = 2**64 - 1


def _mixed(x: _Keys) -> _Keys:
    """The finalizer of SplitMix64: neighbouring keys give unrelated numbers."""
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))


class Draws:
    """Numbers for `count` individuals. Each has a stream of its own for every purpose, numbered by turns."""

    def __init__(self, seed: int, count: int, salt: int = 0) -> None:
        first = _mixed(np.array([(seed * 1_000_003 + salt) & _WHOLE], dtype=np.uint64))
        self._keys = _mixed(first + np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN)

    def uniform(self, who: Ints, turn: Ints | int, purpose: int) -> Floats:
        """In [0, 1) for each of `who`; the same for the same turn and purpose."""
        turns = np.atleast_1d(turn).astype(np.uint64)  # an array: it may overflow, which is meant
        x = self._keys[who] + turns * _GOLDEN + np.uint64(purpose * _PURPOSE & _WHOLE)
        return (_mixed(x) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def exponential(self, who: Ints, turn: Ints | int, purpose: int) -> Floats:
        """With mean 1."""
        return -np.log1p(-self.uniform(who, turn, purpose))

    def normal(self, who: Ints, turn: Ints | int, purpose: int) -> Floats:
        """With mean 0 and deviation 1 (Box and Muller). Takes `purpose` and the one after it."""
        radius = np.sqrt(2 * self.exponential(who, turn, purpose))
        return radius * np.cos(2 * np.pi * self.uniform(who, turn, purpose + 1))

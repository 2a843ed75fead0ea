"""How fast practice time may go. Pure."""

from __future__ import annotations

__all__ = ["SPEEDS", "faster", "slower"]

SPEEDS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Event seconds per real second."""


def faster(speed: float) -> float:
    """The next one up; the same at the top."""
    return next((each for each in SPEEDS if each > speed), SPEEDS[-1])


def slower(speed: float) -> float:
    """The next one down; the same at the bottom."""
    return next((each for each in reversed(SPEEDS) if each < speed), SPEEDS[0])

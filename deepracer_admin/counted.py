"""A number with its noun, as a sentence needs it: "1 person is", "1,974 people are"."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str = "") -> str:
    """`number` with thousands separated, and the words that follow it; `many` where adding an s is wrong."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

"""How many can still sign in after a close-out, in words that never say nobody where it is not known. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from deepracer_admin.counted import counted

__all__ = ["number_of", "still_in_words"]


class OfPerson(Protocol):
    """A profile or an account of somebody on the list."""

    @property
    def attendee(self) -> str: ...


def number_of(people: Iterable[OfPerson]) -> int:
    """Each person once, whatever number of profiles they have."""
    return len({each.attendee for each in people})


def still_in_words(still: int, not_known: int, of: int | None = None) -> str:
    """`still` can sign in, of `not_known` others nobody knows; `of`: how many are on the list. Without a full stop."""
    if not not_known:
        return f"{_of(still, of)} can still sign in"
    if not still:
        return f"Whether {_of(not_known, of)} can still sign in is not known"
    return f"{_of(still, of)} can still sign in, and of {not_known:,} more it is not known"


def _of(number: int, of: int | None) -> str:
    return counted(number, "person", "people") if of is None else f"{number:,} of {counted(of, 'person', 'people')}"

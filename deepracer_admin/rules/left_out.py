"""Why some of several people are left out of an act, in words that follow their number. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from deepracer_admin.counted import counted

__all__ = ["Left", "left_words"]


class Left(StrEnum):
    """Each person who is left out has the first of these that holds for them."""

    GONE = "gone"
    OFF = "off"
    NO_ACCESS = "no_access"
    DOOR = "door"
    LINK = "link"
    UNDER_WAY = "under_way"
    UNKNOWN = "unknown"
    MAILED_SINCE = "mailed_since"
    NOT_STUCK = "not_stuck"


_WORDS: Mapping[Left, tuple[str, str]] = {
    Left.GONE: ("is not on the list any more", "are not on the list any more"),
    Left.OFF: ("is taken off the list", "are taken off the list"),
    Left.NO_ACCESS: ("has no access yet", "have no access yet"),
    Left.DOOR: ("is refused by the directory", "are refused by the directory"),
    Left.LINK: ("waits for a guest's link", "wait for a guest's link"),
    Left.UNDER_WAY: ("has one on its way already", "have one on its way already"),
    Left.UNKNOWN: (
        "has one of which it is not known whether it went (Messages page)",
        "have one of which it is not known whether it went (Messages page)",
    ),
    Left.MAILED_SINCE: ("was sent one meanwhile", "were sent one meanwhile"),
    Left.NOT_STUCK: ("is not refused anywhere", "are not refused anywhere"),
}


def left_words(left: Mapping[Left, int]) -> str:
    """E.g. "3 have no access yet, 1 is taken off the list"; "" where nobody is left out."""
    return ", ".join(counted(left[why], *words) for why, words in _WORDS.items() if left.get(why))

"""Lowering for a while what people may still train, and giving back exactly what they had. Pure.

Two reasons lower limits: room for a race that closes soon, and hours that are given out in rounds. The lower one
counts, and who is held back by neither gets back what they had, or what was set for them meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import UNLIMITED, Quota

__all__ = ["ROOM", "WAVES", "Cap", "HeldBack", "combined"]

ROOM, WAVES = "room", "waves"


@dataclass(frozen=True, slots=True)
class Cap:
    """The most minutes that a profile may have now, counted from the month's begin as limits are, and why."""

    minutes: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A limit that is lowered to `minutes`; None: it is being given back. `former`: what is given back; `by_rule`: that
    is what the event's rule gave this person, so a rule that changes meanwhile counts. `since`: event time."""

    former: Quota
    minutes: int | None
    why: tuple[str, ...] = ()
    by_rule: bool = False
    since: datetime | None = None

    def lower(self, own: Quota) -> Quota:
        """`own`, with no more minutes than are let go now; the number of models is never lowered."""
        if self.minutes is None:
            return own
        minutes = self.minutes if own.minutes == UNLIMITED else min(own.minutes, self.minutes)
        return Quota(minutes, own.models)


def combined(caps: Iterable[Mapping[str, Cap]]) -> dict[str, Cap]:
    """The lowest for each profile, with every reason."""
    found: dict[str, Cap] = {}
    for each in caps:
        for profile, cap in each.items():
            before = found.get(profile)
            if before is None:
                found[profile] = cap
            else:
                found[profile] = Cap(min(before.minutes, cap.minutes), (*dict.fromkeys((*before.why, *cap.why)),))
    return found

"""One racer's place in the fleet, and what they have done in each race."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Entry", "Member"]


class Entry(NamedTuple):
    """What one racer has done in one race: submissions that ran, the best average in ms (0: none that counts), and
    the epoch second before which they do not submit again.
    """

    made: int = 0
    best_ms: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class Member:
    """One racer's place in the fleet; `turn` numbers the decisions and voids heap entries of an earlier one."""

    garage: str
    profile_id: str
    chance: str  # what their luck hangs on (`Racer.chance`)
    state: str  # invited, ignoring, idle, training, waiting, evaluating, submitting, spent, paused, gone
    kind: str  # steady, casual, looping, ignoring
    turn: int = 0
    models: int = 0
    model_id: str = ""
    tries: int = -1  # submissions left with the present model; -1: not yet decided
    intent: str = "accept"  # what the next decision is about: accept, train, retry, evaluate, race
    races: dict[str, Entry] = field(default_factory=dict)  # by race id
    running: tuple[str, Entry] | None = None  # the race of the submission that runs, and what it makes of the entry

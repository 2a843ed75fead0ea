"""Fair waves: hours are given out in rounds, so that a few do not take the slots of all. Pure.

On 1.3 a slot that becomes free goes to whoever presses Retry next (deepracer-on-aws-capacity.md 1): without rounds some
train for hours and others never. With them everybody may first use one hour (`Waves.minutes`); the next comes when the
round is through: everybody has used theirs, or has gone quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.model import UNLIMITED, Profile
from deepracer_admin.rules.holding_back import WAVES, Cap, HeldBack

__all__ = [
    "LONGEST_WAIT",
    "QUIET",
    "Round",
    "Waves",
    "after_look",
    "caps_for_waves",
    "has_turn",
    "round_of",
    "turn_words",
]

QUIET = timedelta(minutes=30)
"""Whoever has begun nothing for so long (event time) is not waited for."""
LONGEST_WAIT = timedelta(hours=3)
"""Nor is a training that has waited for a slot, or run, for so long without getting on: a round always ends."""
SHORTEST_JOB_MIN = 10.0


@dataclass(frozen=True, slots=True)
class Waves:
    """What organizers set, and which round it is. `minutes`: given out in each round; `began_at`: of this round, event
    time."""

    on: bool = False
    minutes: int = 60
    round: int = 1
    began_at: datetime | None = None
    by_name: str = ""

    @property
    def allowed(self) -> int:
        """Minutes that anybody may have used by the end of this round."""
        return self.minutes * self.round


@dataclass(frozen=True, slots=True)
class Round:
    """How a round stands: people who are `through`, who have gone `quiet`, who are `at_work` (a job of theirs runs or
    waits), and who have hours left and were active lately (`going`)."""

    through: int = 0
    quiet: int = 0
    at_work: int = 0
    going: int = 0

    @property
    def is_over(self) -> bool:
        return not self.at_work and not self.going and bool(self.through or self.quiet)


def turn_words(waves: Waves) -> str:
    """What a board tells everybody: which round it is and who may train; "" where there are no rounds."""
    if not waves.on:
        return ""
    return f"round {waves.round}: whoever has trained less than {waves.allowed:,} min has their turn"


def has_turn(waves: Waves, profile: Profile) -> bool:
    """Does this round still let them use enough for a training? What waits or runs is theirs already."""
    limit = profile.quota.minutes if profile.quota else 0
    most = waves.allowed if limit == UNLIMITED else min(limit, waves.allowed)
    return profile.minutes_used <= most - SHORTEST_JOB_MIN


def round_of(
    waves: Waves, profiles: Iterable[Profile], changed_at: Mapping[str, datetime | None], now: datetime
) -> Round:
    """How this round stands at `now`; `changed_at`: when a profile's minutes last moved (event time)."""
    began = waves.began_at or now
    counts = {"through": 0, "quiet": 0, "at_work": 0, "going": 0}
    for profile in profiles:
        still = now - max(began, changed_at.get(profile.id) or began)
        if profile.minutes_queued > 0:
            state = "quiet" if still >= LONGEST_WAIT else "at_work"
        elif profile.minutes_used > waves.allowed - SHORTEST_JOB_MIN:
            state = "through"
        else:
            state = "quiet" if still >= QUIET else "going"
        counts[state] += 1
    return Round(**counts)


def after_look(
    waves: Waves, profiles: Sequence[Profile], changed_at: Mapping[str, datetime | None], now: datetime
) -> Waves:
    """The next round when this one is through; the same while it is not."""
    if not waves.on:
        return waves
    if waves.began_at is None:
        return replace(waves, began_at=now)
    if not round_of(waves, profiles, changed_at, now).is_over:
        return waves
    return replace(waves, round=waves.round + 1, began_at=now)


def caps_for_waves(waves: Waves, profiles: Iterable[Profile], held: Mapping[str, HeldBack]) -> dict[str, Cap]:
    """Each profile's limit by this round, for those who would have more: by what they get back when they are held back
    already, else as listed."""
    found: dict[str, Cap] = {}
    for profile in profiles:
        limit = profile.quota.minutes if profile.quota else 0
        if profile.id in held:
            limit = held[profile.id].former.minutes
        if limit == UNLIMITED or limit > waves.allowed:
            found[profile.id] = Cap(waves.allowed, (WAVES,))
    return found

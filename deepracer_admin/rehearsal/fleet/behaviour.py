"""What racers are like: the numbers that a rehearsal may change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

__all__ = ["Behaviour", "changed"]

_SHARES = frozenset({"ignoring", "looping", "casual", "evaluates", "failing", "rush"})
RUSH_S = 15 * 60.0
_SHORTEST_LOOK_S, _LONGEST_LOOK_S = 2 * 60.0, 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What racers are like; shares are 0..1 of all racers, durations are practice minutes.

    `racers`: at most so many move at all (0 = everybody). `accept_median` and `accept_spread`: lognormal delay from
    the invitation to the first sign-in (12 and 0.9: 96 of 100 within the hour). `ignoring`: never sign in.
    `looping`: train for four to eight hours again and again without a pause. `casual`: long pauses. `evaluates`:
    share of models that are evaluated before they race. `pause`: mean pause between two models of an ordinary racer.
    `failing`: share of their trainings and evaluations that fail (DeepRacer on AWS; 2 of 100 on the managed service).
    `retry_median` and `retry_spread`: lognormal over the racers of how long they wait, on average, before they look
    again at a training that has not begun, and press Retry (45 and 1.2: two thirds within 14 min to 2 h 30 min; 2 min
    and a day are the ends). `rush`: share that keeps its submissions for the last 15 minutes of a race.
    """

    racers: int = 0
    accept_median: float = 12.0
    accept_spread: float = 0.9
    ignoring: float = 0.03
    looping: float = 0.04
    casual: float = 0.20
    evaluates: float = 0.25
    pause: float = 8.0
    failing: float = 0.02
    retry_median: float = 45.0
    retry_spread: float = 1.2
    rush: float = 0.0

    def rushes_at(self, closes_at: float, chance: Random) -> float:
        """The moment from which a racer submits to a race that closes then; 0 for those who do not wait for it."""
        rushes, left_s = chance.random() < self.rush, chance.random() * RUSH_S
        return closes_at - left_s if rushes else 0.0

    def look_every(self, chance: Random) -> float:
        """Mean practice seconds between two looks of one racer; `chance` is that racer's, always the same."""
        drawn = chance.lognormvariate(math.log(max(0.01, self.retry_median)), self.retry_spread) * 60
        return min(_LONGEST_LOOK_S, max(_SHORTEST_LOOK_S, drawn))


def changed(behaviour: Behaviour, changes: Mapping[str, Any]) -> Behaviour:
    """Raises ValueError for an unknown word or an impossible value."""
    known = asdict(behaviour)
    for word, value in changes.items():
        if word not in known:
            raise ValueError(f"The fleet knows {', '.join(known)}, not {word}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise ValueError(f"{word} is a number of zero or more.")
        if word in _SHARES and value > 1:
            raise ValueError(f"{word} is a share from 0 to 1.")
    return replace(behaviour, **changes)

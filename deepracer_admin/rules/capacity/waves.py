"""Fair waves as they are simulated: hours in rounds, and those who wait are told when a slot is free.

In a round everybody may train one model more, for an hour more. The next round comes when everybody who came has had
this one or has gone quiet. Whoever waits for a Retry is told when slots are free or about to be, those who never
trained first; it is their turn for some minutes then, in which they press again and again.
"""

from __future__ import annotations

import numpy as np

from deepracer_admin.rules.capacity.crowd import DECIDES, WAITS, Crowd
from deepracer_admin.rules.capacity.draws import Ints
from deepracer_admin.rules.capacity.slots import Slots, places

__all__ = ["FIRST_ROUND", "Waves"]

FIRST_ROUND = (60.0, 1.0)
"""Minutes and models of a person in the first round."""
_LOOK_MIN = 3.0  # how often the console looks
_QUIET_MIN = 30.0  # whoever was told, or has something to decide, and does nothing for so long holds up nobody
_TURN_MIN = 10.0  # a turn lasts so long; after it the next people are told
_TOLD_FOR_EACH = 2  # people told for each slot that is free: not everybody reads it at once
_COMES_FREE = 1 / 12  # assumption: share of the slots in use that comes free in a minute
_READ, _READ_MIN = 0.9, 4.0  # assumptions: share of those told who come, and after how many minutes (mean)


class Waves:
    """What the console does in fair waves, for every run."""

    def __init__(self, crowd: Crowd, slots: Slots) -> None:
        self._crowd, self._slots = crowd, slots
        self._round = np.ones(crowd.runs)
        self._next_look = 0.0

    def look(self, now: float) -> None:
        """Begin the next round where this one is through, and tell people of free slots."""
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_MIN
        self._go_on(now)
        self._tell(now)

    def _go_on(self, now: float) -> None:
        crowd = self._crowd
        here = crowd.turn > 0
        told = np.isfinite(crowd.told_at)
        quiet = (crowd.state == WAITS) & told & (crowd.told_at + _QUIET_MIN < now)
        decides = crowd.state == DECIDES
        quiet |= decides & (crowd.resting | (crowd.at > now + _QUIET_MIN))
        holds = np.bincount(crowd.run[here & ~quiet], minlength=crowd.runs)
        came = np.bincount(crowd.run[here], minlength=crowd.runs)
        self._round += (holds == 0) & (came > 0)
        crowd.most_min, crowd.most_models = FIRST_ROUND[0] * self._round, FIRST_ROUND[1] * self._round

    def _tell(self, now: float) -> None:
        crowd = self._crowd
        waits = np.flatnonzero((crowd.state == WAITS) & (crowd.turn_until <= now))
        if not waits.size:
            return
        run = crowd.run[waits]
        order = np.lexsort((crowd.since[waits], np.isfinite(crowd.trained[waits]), run))
        waits, run = waits[order], run[order]
        place, _ = places(run, crowd.runs)
        soon = self._slots.active * _COMES_FREE * _LOOK_MIN
        told: Ints = waits[place < (_TOLD_FOR_EACH * self._slots.idle + np.ceil(soon))[run]]
        crowd.told_at[told] = now
        crowd.turn_until[told] = now
        crowd.turn[told] += 1
        reads = told[crowd.draws.uniform(told, crowd.turn[told], 25) < _READ]
        comes = now + _READ_MIN * crowd.draws.exponential(reads, crowd.turn[reads], 26)
        crowd.at[reads] = np.minimum(crowd.at[reads], comes)
        crowd.turn_until[reads] = now + _TURN_MIN

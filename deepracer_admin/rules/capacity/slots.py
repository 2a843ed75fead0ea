"""Who gets a slot when: the dispatcher and the two rules of the queue, for all simulated events at once.

Time goes in steps. Within a step every job has its exact moment, and the events of one run are put in order; what the
arrays hold is one row a run, padded. deepracer-on-aws-capacity.md 1, 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepracer_admin.rules.capacity.draws import Floats, Ints
from deepracer_admin.rules.capacity.plan import DISPATCH_S

__all__ = ["Slots", "Started", "places", "taken_in_turn"]

Flags = NDArray[np.bool_]
_DISPATCH = DISPATCH_S / 60


def places(run: Ints, runs: int) -> tuple[Ints, Ints]:
    """Of entries sorted by run: each one's place within its run, and how many every run has."""
    counts = np.bincount(run, minlength=runs)
    return np.arange(run.size) - (np.cumsum(counts) - counts)[run], counts


def taken_in_turn(idle: Ints, run: Ints, time: Floats, takes: Flags) -> tuple[Flags, Ints]:
    """Slots come free (`takes` False) and are asked for (True), in order of time within each run; at one moment the
    free ones first. Whoever asks while none is free goes without.

    Returns who got one (False for those that came free), and how many are idle afterwards. That count is a walk that
    is held at zero, so it is found from the walk's running minimum.
    """
    runs = idle.size
    got = np.zeros(run.size, dtype=bool)
    if not run.size:
        return got, idle
    order = np.lexsort((takes, time, run))
    ordered = run[order]
    place, counts = places(ordered, runs)
    steps = np.zeros((runs, int(counts.max())), dtype=np.int64)
    steps[ordered, place] = np.where(takes[order], -1, 1)
    walk = idle[:, None] + np.cumsum(steps, axis=1)
    lowest = np.minimum(np.minimum.accumulate(walk, axis=1), 0)
    before = np.concatenate([np.zeros((runs, 1), dtype=np.int64), lowest[:, :-1]], axis=1)
    got[order] = (walk >= before)[ordered, place]
    return got & takes, walk[:, -1] - lowest[:, -1]


@dataclass(frozen=True, slots=True)
class Started:
    """Who left the queue in a step: with a slot from `at` on (minutes), or, with `Queue.RETRY`, without one."""

    who: Ints
    at: Floats
    with_slot: Flags


class Slots:
    """The slots and the dispatcher's line of every run."""

    def __init__(self, runs: int, people: int, slots: int) -> None:
        self.runs, self._people, self.total = runs, people, slots
        self.idle = np.full(runs, self.total, dtype=np.int64)
        self.waiting = np.zeros(runs, dtype=np.int64)
        self._line = np.zeros((runs, people), dtype=np.int64)  # a ring: nobody stands in it twice
        self._first = np.zeros(runs, dtype=np.int64)
        self._free_at = np.full(runs, -np.inf)  # when the dispatcher is through with the last job
        self._ready = np.zeros(runs * people)

    def give(self, who: Ints, free_run: Ints) -> None:
        """Where there is a slot for everybody: they come and go as they like."""
        self.idle += np.bincount(free_run, minlength=self.runs) - np.bincount(who // self._people, minlength=self.runs)

    @property
    def active(self) -> Ints:
        """Slots in use in every run."""
        return self.total - self.idle

    def room(self, run: Ints, time: Floats, free_run: Ints, free_at: Floats) -> Flags:
        """With `Queue.RETRY`: which trainings find room when they are asked for."""
        both, when = np.concatenate([free_run, run]), np.concatenate([free_at, time])
        takes = np.arange(both.size) >= free_run.size
        return taken_in_turn(self.idle, both, when, takes)[0][free_run.size :]

    def join(self, who: Ints, ready: Floats) -> None:
        """Stand in line for the dispatcher, in order of `ready`."""
        if not who.size:
            return
        run = who // self._people
        order = np.lexsort((who, ready, run))
        who, run = who[order], run[order]
        place, counts = places(run, self.runs)
        self._line[run, (self._first[run] + self.waiting[run] + place) % self._people] = who
        self._ready[who] = ready[order]
        self.waiting += counts

    def dispatch_in_line(self, until: float, free_run: Ints, free_at: Floats, waits: Flags) -> Started:
        """With `Queue.LINE`: whoever `waits` (a training) and is first waits for a slot, and everybody behind too; any
        other job goes without where none is free at its turn. `free_*`: slots that came free, by run and time."""
        place, counts = places(free_run, self.runs)
        freed = np.full((self.runs, int(counts.max(initial=0)) + 1), np.inf)
        freed[free_run, place] = free_at
        events = np.arange(self.runs)
        going, gone = self.waiting > 0, np.zeros(self.runs, dtype=np.int64)
        left: list[tuple[Ints, Floats, Flags]] = []
        while going.any():
            run = events[going]
            who = self._line[run, (self._first[run] + gone[run]) % self._people]
            turn = np.maximum(self._ready[who], self._free_at[run]) + _DISPATCH
            come = (freed[run] <= turn[:, None]).sum(axis=1)
            has_room = self.idle[run] + come > 0  # those given away in this step are taken off already
            at = np.where(waits[who] & ~has_room, freed[run, come], turn)
            has_slot = has_room | waits[who]
            now = at <= until
            going[run[~now]] = False
            run = run[now]
            left.append((who[now], at[now], has_slot[now]))
            self._free_at[run] = at[now]
            self.idle[run] -= has_slot[now]
            gone[run] += 1
            going[run] = gone[run] < self.waiting[run]
        self.idle = self.idle + counts
        self._first = (self._first + gone) % self._people
        self.waiting = self.waiting - gone
        if not left:
            return _nobody()
        return Started(*(np.concatenate(each) for each in zip(*left, strict=True)))

    def dispatch_by_chance(self, until: float, free_run: Ints, free_at: Floats) -> Started:
        """With `Queue.RETRY`: each is looked at in turn, and goes without a slot where none is free at that moment."""
        width = min(int(self.waiting.max(initial=0)), self._width(until))
        if width == 0:
            self.idle = self.idle + np.bincount(free_run, minlength=self.runs)
            return _nobody()
        who, ready, column = self._front(width)
        ready[:, 0] = np.maximum(ready[:, 0], self._free_at)
        looked = np.maximum.accumulate(ready - _DISPATCH * column, axis=1) + _DISPATCH * (column + 1)
        goes = (looked <= until) & (column < self.waiting[:, None])
        self._leave(goes, looked)
        run = np.broadcast_to(np.arange(self.runs)[:, None], goes.shape)[goes]
        both, when = np.concatenate([free_run, run]), np.concatenate([free_at, looked[goes]])
        got, self.idle = taken_in_turn(self.idle, both, when, np.arange(both.size) >= free_run.size)
        return Started(who[goes], looked[goes], got[free_run.size :])

    def _width(self, until: float) -> int:
        """How many the dispatcher could get through by then; at most everybody."""
        behind = until - float(np.minimum(self._free_at, until).min())
        return self._people if not np.isfinite(behind) else min(self._people, int(behind / _DISPATCH) + 2)

    def _front(self, width: int) -> tuple[Ints, Floats, Ints]:
        """The first `width` in every line: who, ready since when, and the column of each."""
        column = np.arange(width)[None, :]
        who = self._line[np.arange(self.runs)[:, None], (self._first[:, None] + column) % self._people]
        ready = np.where(column < self.waiting[:, None], self._ready[who], np.inf)
        return who, ready, np.broadcast_to(column, who.shape)

    def _leave(self, goes: Flags, at: Floats) -> Ints:
        gone = goes.sum(axis=1)
        last = at[np.arange(self.runs), np.maximum(gone - 1, 0)]
        self._free_at = np.where(gone > 0, last, self._free_at)
        self._first = (self._first + gone) % self._people
        self.waiting = self.waiting - gone
        return gone


def _nobody() -> Started:
    return Started(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=bool))

"""Many simulated events at once, in steps of minutes: who asks, who gets a slot, what was used, when the last job ends.

Nothing here knows what fits: judge.py reads the result. Conservation holds by construction: a slot is given to one job
at a time, and no job runs longer than was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepracer_admin.rules.capacity.crowd import QUEUED, RUNS_JOB, SUBMISSION, TRAINING, WAITS, Crowd
from deepracer_admin.rules.capacity.draws import Floats, Ints
from deepracer_admin.rules.capacity.plan import Plan, Queue
from deepracer_admin.rules.capacity.slots import Slots
from deepracer_admin.rules.capacity.waves import FIRST_ROUND, Waves

__all__ = ["Runs", "simulate"]

_STEPS = 4_000  # of a window, at most: a day goes by the minute
_LONGEST_STEP = 5.0
_MARKS = 160  # moments at which slots in use are noted
_DRAIN_STEPS = 600
_MOST_MIN = 62 * 1_440.0 * 12  # two years: a line that takes longer has no end


@dataclass(frozen=True, slots=True)
class Runs:
    """What came of it, one entry a run; minutes are event time since the start.

    `minutes` and `all_minutes`: compute used by the window's end and in all, as a service meters it: when a job ends.
    `ran_minutes`: what had run by the window's end, of jobs that went on then too. `slot_minutes`: slots times minutes
    in use, initialising included. `marks`: at these minutes `in_use` (runs x marks) slots were in use. `wait_min` and
    `long_wait_min`: the middle and the ninth tenth over racers of what their trainings waited each.
    """

    came: Floats
    never_trained: Floats
    wait_min: Floats
    long_wait_min: Floats
    submissions: Floats
    failed_submissions: Floats
    end_min: Floats
    minutes: Floats
    all_minutes: Floats
    ran_minutes: Floats
    slot_minutes: Floats
    busiest: Floats
    marks: Floats
    in_use: Floats


class _Ledger:
    """Sums over each run."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self.minutes, self.all_minutes, self.ran_minutes = np.zeros(runs), np.zeros(runs), np.zeros(runs)
        self.slot_minutes = np.zeros(runs)
        self.submissions, self.failed, self.end = np.zeros(runs), np.zeros(runs), np.zeros(runs)
        self.busiest = np.zeros(runs)

    def sum(self, run: Ints, weights: Floats | None = None) -> Floats:
        return np.bincount(run, weights, minlength=self._runs).astype(float)


def simulate(plan: Plan, runs: int, *, enough: bool = False) -> Runs:
    """`runs` events of this plan. `enough`: with a slot for everybody and no dispatcher, so that nobody ever waits."""
    return _Event(plan, runs, enough=enough).run()


class _Event:
    def __init__(self, plan: Plan, runs: int, *, enough: bool) -> None:
        self._plan, self._runs = plan, runs
        waves = plan.waves and not enough
        self._crowd = Crowd(plan, runs, limits=FIRST_ROUND if waves else None)
        self._slots = Slots(runs, plan.people, plan.people if enough else min(plan.effective_slots, plan.people))
        self._enough, self._line = enough, plan.queue is Queue.LINE
        self._waves = Waves(self._crowd, self._slots) if waves else None
        self._book = _Ledger(runs)
        self._window = plan.window_h * 60
        self._freed: tuple[Ints, Floats] = (np.zeros(0, dtype=np.int64), np.zeros(0))

    def run(self) -> Runs:
        window = self._window
        step = min(_LONGEST_STEP, max(1.0, math.ceil(window / _STEPS)))
        marks = np.linspace(0, window, _MARKS + 1)
        in_use = np.zeros((self._runs, _MARKS + 1))
        now, noted = 0.0, 0
        while now < window:
            until = min(now + step, window)
            while noted <= _MARKS and marks[noted] < until:
                in_use[:, noted] = self._slots.active
                noted += 1
            if self._waves is not None:
                self._waves.look(now)
            if self._is_due(until):
                self._step(now, until)
            now = until
        in_use[:, noted:] = self._slots.active[:, None]
        people = self._people_now()
        self._drain(now)
        book = self._book
        return Runs(
            *people, book.submissions, book.failed, book.end, book.minutes, book.all_minutes, book.ran_minutes,
            book.slot_minutes, book.busiest, marks, in_use,
        )  # fmt: skip

    def _drain(self, now: float) -> None:
        """Let what was asked for in time run to its end, or say that it never will."""
        crowd, slots, book = self._crowd, self._slots, self._book
        step = max(_LONGEST_STEP, float(slots.waiting.max()) * 60 / max(1, slots.total) / _DRAIN_STEPS)
        while now < _MOST_MIN:
            crowd.at[crowd.state != RUNS_JOB] = np.inf  # nobody asks for anything any more
            if slots.total == 0 and self._line:
                break
            if not slots.waiting.any() and not np.isfinite(crowd.at).any():
                break
            if self._is_due(now + step):
                self._step(now, now + step, asking=False)
            now += step
        book.end[slots.waiting > 0] = np.inf

    def _is_due(self, until: float) -> bool:
        """Does anything happen before then? At night nothing does."""
        return bool(self._slots.waiting.any()) or float(self._crowd.at.min()) < until

    def _step(self, now: float, until: float, *, asking: bool = True) -> None:
        crowd, slots = self._crowd, self._slots
        due = np.flatnonzero(crowd.at < until)
        state = crowd.state[due]
        ended = due[state == RUNS_JOB]
        free_run, free_at = self._end(ended)
        if asking:
            retries = due[state == WAITS]
            decides = due[(state != RUNS_JOB) & (state != WAITS)]
            who, when = crowd.decide(decides, np.maximum(crowd.at[decides], now))
            tried = np.maximum(crowd.at[retries], now)
            crowd.at[retries] = np.inf
            self._ask(np.concatenate([who, retries]), np.concatenate([when, tried]), free_run, free_at)
        elif self._enough:
            slots.give(due[:0], free_run)
        if not self._enough:
            self._dispatch(until, free_run, free_at)
        self._book.busiest = np.maximum(self._book.busiest, slots.active)

    def _dispatch(self, until: float, free_run: Ints, free_at: Floats) -> None:
        """Let the dispatcher go on until then."""
        slots = self._slots
        if self._line:
            gone = slots.dispatch_in_line(until, free_run, free_at, self._crowd.job == TRAINING)
        else:
            gone = slots.dispatch_by_chance(until, free_run, free_at)
        self._begin(gone.who[gone.with_slot], gone.at[gone.with_slot])
        self._refuse(gone.who[~gone.with_slot], gone.at[~gone.with_slot])

    def _end(self, who: Ints) -> tuple[Ints, Floats]:
        """Jobs that are over by the end of this step; returns the runs and moments of the slots that came free."""
        crowd, book = self._crowd, self._book
        at, run = crowd.at[who], crowd.run[who]
        order = np.lexsort((at, run))
        who, at, run = who[order], at[order], run[order]
        submissions = crowd.job[who] == SUBMISSION
        used = crowd.end(who) if who.size else np.zeros(0)
        book.all_minutes += book.sum(run, used)
        book.minutes += book.sum(run, np.where(at <= self._window, used, 0.0))
        book.submissions += book.sum(run[submissions])
        np.maximum.at(book.end, run, at)
        return run, at

    def _ask(self, who: Ints, when: Floats, free_run: Ints, free_at: Floats) -> None:
        """Stand in line for the dispatcher; with `Queue.RETRY` a training does so only when it finds room."""
        crowd, slots = self._crowd, self._slots
        if self._enough:
            slots.give(who, free_run)
            self._begin(who, when)
            return
        if not self._line:
            training = crowd.job[who] == TRAINING
            asks, at = who[training], when[training]
            room = slots.room(crowd.run[asks], at, free_run, free_at)
            crowd.retry_later(asks[~room], at[~room])
            who = np.concatenate([who[~training], asks[room]])
            when = np.concatenate([when[~training], at[room]])
        crowd.state[who] = QUEUED
        slots.join(who, when)

    def _begin(self, who: Ints, at: Floats) -> None:
        if who.size:
            crowd, book = self._crowd, self._book
            until, run = crowd.start(who, at), crowd.run[who]
            book.slot_minutes += book.sum(run, until - at)
            lasts = crowd.runs_min[who]
            book.ran_minutes += book.sum(run, np.clip(self._window - (until - lasts), 0.0, lasts))

    def _refuse(self, who: Ints, at: Floats) -> None:
        """No slot when the dispatcher came to them: a training waits for a Retry, anything else has failed."""
        if not who.size:
            return
        crowd, book = self._crowd, self._book
        training = crowd.job[who] == TRAINING
        crowd.retry_later(who[training], at[training])
        lost = who[~training]
        submissions = crowd.job[lost] == SUBMISSION
        failed = book.sum(crowd.run[lost[submissions]])
        book.failed, book.submissions = book.failed + failed, book.submissions + failed
        crowd.fail_without_slot(lost, at[~training])

    def _people_now(self) -> tuple[Floats, Floats, Floats, Floats]:
        """At the window's end: who came, who never trained, and how long the trainings of a racer waited."""
        crowd, book = self._crowd, self._book
        came = crowd.asked_ever
        still = came & np.isfinite(crowd.since)
        waited = crowd.waited + np.where(still, self._window - crowd.since, 0.0)
        mean = np.where(came, waited / np.maximum(1.0, crowd.trainings + still), np.nan).reshape(self._runs, -1)
        mean[~came.reshape(self._runs, -1).any(axis=1), 0] = 0.0
        never = came & (crowd.trained > self._window)
        middle, ninth = np.nanquantile(mean, (0.5, 0.9), axis=1)
        return book.sum(crowd.run[came]), book.sum(crowd.run[never]), middle, ninth

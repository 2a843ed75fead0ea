"""The one FIFO queue of all jobs and the slots that they run in (deepracer-on-aws-capacity.md 3).

One job after another is taken from the queue, four seconds for each; then it initialises for one to two minutes, runs
for its minutes of practice time, and ends. Events are handled at the moment they were due, not when the world happened
to tick, so a fast clock changes no figure.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from .capacity import Capacity
from .state import Job, State

DISPATCH_S = 4.0
STOPPING_S = 30.0


class JobEffects(Protocol):
    """What the deployment does when a job changes state; `moment` is practice time in epoch seconds."""

    def job_starts(self, job: Job, moment: float) -> bool:
        """False: it does not run now, and has left the queue."""
        ...

    def job_runs(self, job: Job, moment: float) -> None: ...

    def job_ends(self, job: Job, moment: float) -> None: ...


class JobQueue:
    """`trainings_wait`: up to 1.2.x a training at the head of the queue waits for a slot, and all behind it with it."""

    def __init__(self, state: State, capacity: Capacity, effects: JobEffects, *, trainings_wait: bool) -> None:
        self._state = state
        self._capacity = capacity
        self._effects = effects
        self._trainings_wait = trainings_wait
        self._waiting: deque[str] = deque()
        self._due: list[tuple[float, str]] = []
        self._busy = 0
        self._dispatched_at = 0.0
        self._room_since = 0.0
        self._counted_to = 0.0
        self.slot_seconds = 0.0
        self.most_busy = 0

    def dump(self) -> dict[str, Any]:
        """What jobs do not tell by themselves, as JSON."""
        counted = {"slot_seconds": self.slot_seconds, "counted_to": self._counted_to, "most_busy": self.most_busy}
        return {"dispatched_at": self._dispatched_at, "room_since": self._room_since, **counted}

    def load(self, rows: Mapping[str, Any], now: float) -> None:
        """Take up the jobs of a restored state. A dump of an older edition does not tell since when there is room and
        the queue moves: nothing starts before `now` then.
        """
        self._dispatched_at = rows.get("dispatched_at", now)
        self._room_since = rows.get("room_since", now)
        self.slot_seconds, self.most_busy = rows.get("slot_seconds", 0.0), rows.get("most_busy", 0)
        self._counted_to = rows.get("counted_to", now)
        jobs = self._state.jobs.values()
        self._waiting = deque(j.job_id for j in sorted(jobs, key=lambda j: j.queued_at) if j.state == "QUEUED")
        self._due = [(j.due, j.job_id) for j in jobs if j.due is not None]
        heapq.heapify(self._due)
        self._busy = len(self._due)

    @property
    def waiting(self) -> int:
        """Messages in the queue."""
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Training instances that run for this deployment."""
        return self._busy

    def enqueue(self, job: Job) -> None:
        """Put the job last in line; it is taken up when time goes on."""
        self._state.jobs[job.job_id] = job
        self._waiting.append(job.job_id)

    def stop(self, job: Job, moment: float) -> None:
        """Let a running job end half a minute from now."""
        job.state = "STOPPING"
        self._schedule(job, moment + STOPPING_S)

    def next_due(self) -> float | None:
        """When the next thing happens: a job changes state, or the first in line has its turn."""
        change = self._next_change()
        start = self._next_start()
        return min((due for due in (change, start) if due is not None), default=None)

    def _next_start(self) -> float | None:
        while self._waiting and self._waiting[0] not in self._state.jobs:
            self._waiting.popleft()  # cancelled meanwhile
        if not self._waiting:
            return None
        job = self._state.jobs[self._waiting[0]]
        turn = max(job.queued_at, self._dispatched_at) + DISPATCH_S
        if not (self._trainings_wait and job.kind == "training"):
            return turn
        return self._capacity.first_room(self._busy, max(turn, self._room_since))

    def _next_change(self) -> float | None:
        while self._due:
            due, job_id = self._due[0]
            job = self._state.jobs.get(job_id)
            if job is not None and job.due == due:
                return due
            heapq.heappop(self._due)
        return None

    def advance(self) -> None:
        """Handle the earliest due event."""
        change, start = self._next_change(), self._next_start()
        if start is not None and (change is None or start < change):
            self._start(self._state.jobs[self._waiting.popleft()], start)
            return
        due, job_id = heapq.heappop(self._due)
        job = self._state.jobs[job_id]
        if job.state == "INITIALIZING":
            job.state, job.running_since = "IN_PROGRESS", due
            self._effects.job_runs(job, due)
            self._schedule(job, due + job.runs * 60)
            return
        del self._state.jobs[job_id]
        self._count(-1, due)
        self._room_since = due
        self._effects.job_ends(job, due)

    def _start(self, job: Job, moment: float) -> None:
        self._dispatched_at = moment
        if not self._effects.job_starts(job, moment):
            del self._state.jobs[job.job_id]
            return
        job.state = "INITIALIZING"
        self._count(1, moment)
        self._schedule(job, moment + 60 + 60 * self._state.chance(job.reference, "start").random())

    def _count(self, change: int, moment: float) -> None:
        self.slot_seconds += self._busy * (moment - self._counted_to)
        self._counted_to = moment
        self._busy += change
        self.most_busy = max(self.most_busy, self._busy)

    def _schedule(self, job: Job, due: float) -> None:
        job.due = due
        heapq.heappush(self._due, (due, job.job_id))

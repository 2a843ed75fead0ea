"""Job slots and the one FIFO queue (deepracer-on-aws.md 2.3, "Compute concurrency").

A job waits for a slot, initialises for one to two minutes, runs for its minutes of practice time, and ends. Events are
handled at the moment they were due, not when the world happened to tick, so a fast clock changes no figure.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Protocol

from .state import Job, State


class JobEffects(Protocol):
    """What the deployment does when a job changes state; `moment` is practice time in epoch seconds."""

    def job_starts(self, job: Job, moment: float) -> bool:
        """False: SageMaker did not accept the job, which ends there and then."""
        ...

    def job_runs(self, job: Job, moment: float) -> None: ...

    def job_ends(self, job: Job, moment: float) -> None: ...


class JobQueue:
    def __init__(self, state: State, slots: int, effects: JobEffects) -> None:
        self._state = state
        self._effects = effects
        self.slots = slots
        self._waiting: deque[str] = deque()
        self._due: list[tuple[float, str]] = []
        self._busy = 0
        self._freed_at = 0.0
        self.rebuild()

    def rebuild(self) -> None:
        """Take up the jobs of a restored state."""
        jobs = self._state.jobs.values()
        self._waiting = deque(j.job_id for j in sorted(jobs, key=lambda j: j.queued_at) if j.state == "QUEUED")
        self._due = [(j.due, j.job_id) for j in jobs if j.due is not None]
        heapq.heapify(self._due)
        self._busy = len(self._due)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> int:
        return self._busy

    def enqueue(self, job: Job) -> None:
        """Put the job last in line; a slot is looked for when time goes on."""
        self._state.jobs[job.job_id] = job
        self._waiting.append(job.job_id)

    def stop(self, job: Job, moment: float) -> None:
        """Let a running job end half a minute from now."""
        job.state = "STOPPING"
        self._schedule(job, moment + 30)

    def next_due(self) -> float | None:
        """When the next thing happens: a job changes state, or the first in line gets a free slot."""
        change = self._next_change()
        start = self._next_start()
        return min((due for due in (change, start) if due is not None), default=None)

    def _next_start(self) -> float | None:
        while self._waiting and self._waiting[0] not in self._state.jobs:
            self._waiting.popleft()
        if not self._waiting or self._busy >= self.slots:
            return None
        return max(self._state.jobs[self._waiting[0]].queued_at, self._freed_at)

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
        self._busy -= 1
        self._freed_at = due
        self._effects.job_ends(job, due)

    def _start(self, job: Job, moment: float) -> None:
        if not self._effects.job_starts(job, moment):
            del self._state.jobs[job.job_id]
            return
        job.state = "INITIALIZING"
        self._busy += 1
        self._schedule(job, moment + 60 + 60 * self._state.chance(job.reference, "start").random())

    def _schedule(self, job: Job, due: float) -> None:
        job.due = due
        heapq.heappush(self._due, (due, job.job_id))

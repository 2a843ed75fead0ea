"""Jobs of the practice account: 100 trainings and 100 evaluations at a time, the rest waits in order (3.1). A world
with fewer job slots runs fewer trainings at a time; evaluations have slots of their own.

Minutes that a job asks for are queued until it ends; then those that it ran are used (the reading that DeepRacer on
AWS keeps for the same fields; for the managed service it is not publicly known whether evaluations count, here they
do). The runs of submissions need no slot and no minutes. Ends are handled at the moment they were due, so a fast
clock changes no figure.
"""

from __future__ import annotations

import heapq
from collections import deque
from random import Random

from deepracer_admin.rehearsal.shared.garage import EndedJob, JobKind

from .ranking import rank_submission
from .state import EVALUATIONS, TRAININGS, Account, CarModel, Job, User

INITIALISING_S = 90.0
STOPPING_S = 120.0  # 1.5: stopping takes minutes to wind down
DELETING_S = 60.0
SUBMISSION_S = 240.0
FAILING = 0.02
KEPT_ENDS = 20_000


class Yard:
    """Slots, queues and the moments at which something ends."""

    def __init__(self, account: Account, slots: int, seed: int) -> None:
        self._account, self._seed = account, seed
        self._most = {"training": min(slots, TRAININGS), "evaluation": EVALUATIONS}
        self._waiting: dict[str, deque[str]] = {"training": deque(), "evaluation": deque()}
        self._busy = {"training": 0, "evaluation": 0}
        self._due: list[tuple[float, str]] = []
        self.ended: deque[EndedJob] = deque(maxlen=KEPT_ENDS)
        for job in sorted(account.jobs.values(), key=lambda job: job.queued_at):
            self._take_up(job)
        for model in account.models.values():
            if model.gone_at is not None:
                heapq.heappush(self._due, (model.gone_at, model.model_id))

    def _take_up(self, job: Job) -> None:
        """Puts a job of a restored account back where it was."""
        if job.due is not None:
            heapq.heappush(self._due, (job.due, job.job_id))
            if job.kind in self._busy:
                self._busy[job.kind] += 1
        elif job.phase == "CREATED":
            self._waiting[job.kind].append(job.job_id)

    def start(self, kind: JobKind, user: User, model: CarModel, minutes: int, now: float) -> Job:
        """Queues a job; it begins at once when a slot is free."""
        number = self._account.next_number()
        job = Job(f"{kind[0]}{number:09}", kind, user.user_id, model.model_id, minutes, now)
        self._account.jobs[job.job_id] = job
        if kind == "submission":
            job.phase, job.started_at, job.due = "IN_PROGRESS", now, now + SUBMISSION_S
            heapq.heappush(self._due, (job.due, job.job_id))
            return job
        user.minutes_queued += minutes
        self._waiting[kind].append(job.job_id)
        self._fill(kind, now)
        return job

    def stop(self, job: Job, now: float) -> None:
        """Winds a job down; one that still waits ends without having run."""
        if job.phase == "CREATED":
            self._waiting[job.kind].remove(job.job_id)
            self._close(job, now, succeeded=False)
            return
        job.phase, job.due = "STOPPING", now + STOPPING_S
        heapq.heappush(self._due, (job.due, job.job_id))

    def delete(self, model: CarModel, now: float) -> None:
        """Lets a model go; it stays visible as DELETING for a moment."""
        model.status, model.gone_at = "DELETING", now + DELETING_S
        heapq.heappush(self._due, (model.gone_at, model.model_id))

    def tick(self, now: float) -> bool:
        """Handles everything that was due up to now; True when there was anything."""
        acted = False
        while self._due and self._due[0][0] <= now:
            due, key = heapq.heappop(self._due)
            job = self._account.jobs.get(key)
            if job is not None and job.due == due:
                self._free(job, due)
                acted = True
            elif key in self._account.models and self._account.models[key].gone_at == due:
                model = self._account.models.pop(key)
                self._account.users[model.user_id].models.remove(key)
                acted = True
        return acted

    def _free(self, job: Job, due: float) -> None:
        if job.kind in self._busy:
            self._busy[job.kind] -= 1
        failed = Random(f"{self._seed}/{job.job_id}").random() < FAILING and job.kind != "submission"
        self._close(job, due, succeeded=not failed)
        if job.kind in self._busy:
            self._fill(job.kind, due)

    def _fill(self, kind: str, now: float) -> None:
        waiting = self._waiting[kind]
        while waiting and self._busy[kind] < self._most[kind]:
            job = self._account.jobs[waiting.popleft()]
            self._busy[kind] += 1
            job.phase, job.started_at, job.due = "IN_PROGRESS", now, now + INITIALISING_S + job.minutes * 60
            heapq.heappush(self._due, (job.due, job.job_id))

    def _close(self, job: Job, now: float, *, succeeded: bool) -> None:
        account, user = self._account, self._account.users[job.user_id]
        if job.kind != "submission":
            ran = 0.0 if job.started_at is None else max(0.0, now - job.started_at - INITIALISING_S) / 60
            user.minutes_queued -= job.minutes
            user.minutes_used += min(float(job.minutes), ran)
        model = account.models.get(job.model_id)
        if model is not None and model.status != "DELETING":
            trained = succeeded or job.kind != "training"
            model.status = "READY" if trained else "ERROR"
        if job.kind == "submission":
            rank_submission(account, job, model, now)
        account.ended += 1
        kind: JobKind = job.kind  # type: ignore[assignment]  # only the three kinds are ever stored
        self.ended.append(EndedJob(account.ended, job.user_id, job.model_id, kind, succeeded))
        if job.kind == "training":
            job.phase, job.due = "COMPLETED" if succeeded else "FAILED", None
        else:
            del account.jobs[job.job_id]

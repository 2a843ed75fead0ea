"""Carrying out jobs: plan, progress, per-item results, and what happens when the process dies.

A handler does a bounded piece of a job and says whether it is finished. It is called again until it is, by whichever
process holds the lease; so each piece must be idempotent. A handler that dies between the service's answer and the
record finds the item still TODO and does it again: every handler here repeats only harmless calls, or reads back first.

Every job ends. One that does not get on for as long as its handler's patience fails with what it waited for; pressing
again goes on from there. Standing still is counted by what is done, not by what is said, and only while it is tried.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from deepracer_admin.counted import counted
from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    BadSettings,
    Conflict,
    ConsoleError,
    CredentialsExpired,
    LeaseLost,
    Missing,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unsupported,
    incident_id,
)
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, JobItem, JobState, Lease, State
from deepracer_admin.records.job_waits import JOB_WAITS, JobWait

__all__ = ["HUMAN_PATIENCE", "PATIENCE", "Handler", "JobRunner", "Later", "settle_items"]

log = logging.getLogger(__name__)
FINAL = (Refused, NotThere, Unsupported, BadInput, Missing)
LONGEST_WAIT_S = 300.0
PATIENCE = timedelta(minutes=30)
"""How long (real time) a job may stand still, where its handler has no patience of its own."""
HUMAN_PATIENCE = timedelta(hours=8)
"""And while a person has to sign in, to give a right or to correct a setting first."""
FEWEST = 3  # tries before patience may end: a laptop that slept has not tried
WAITS = (CredentialsExpired, AccessDenied, BadSettings)


class Later(Exception):
    """A handler can do nothing more for now: `sentence` says what it waits for, `seconds` (real) how long at least."""

    def __init__(self, sentence: str, seconds: float = 2.0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.seconds = seconds


class Handler(Protocol):
    """Carries out one kind of job.

    With an attribute `patience` (a timedelta, or None where the handler bounds its work by itself) it may stand still
    for so long, else for PATIENCE.
    """

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        """Do a bounded piece. Returns the closing sentence when finished, None to be called again.

        May raise; `Later` to be called again after a while.
        """
        ...


class JobRunner:
    """Runs the live jobs of an event, oldest first, one piece each."""

    def __init__(self, ports: Ports, handlers: Mapping[str, Handler]) -> None:
        self.ports = ports
        self.handlers = handlers
        self._not_before: dict[str, float] = {}  # job -> second of the monotonic clock

    def run(self, event: str, lease: Lease) -> int:
        """One round over the live jobs; returns how many were worked on. Raises LeaseLost only."""
        mono = self.ports.clock.monotonic()
        jobs = [
            job
            for job in reversed(self.ports.store.jobs(event, live=True))
            if job.state in (JobState.PLANNED, JobState.RUNNING)
            and job.kind in self.handlers
            and self._not_before.get(job.id, mono) <= mono
        ]
        for job in jobs:
            self._piece(job, lease)
        return len(jobs)

    def _wait(self, job: Job, seconds: float) -> None:
        self._not_before[job.id] = self.ports.clock.monotonic() + min(seconds, LONGEST_WAIT_S)

    def _piece(self, job: Job, lease: Lease) -> None:
        store, now = self.ports.store, self.ports.clock.now
        try:
            if job.state is JobState.PLANNED:
                job = store.update_job(
                    job.id, state=JobState.RUNNING, expect=(JobState.PLANNED,), lease=lease, now=now()
                )
            sentence = self.handlers[job.kind].work(self.ports, job, lease)
            if sentence is None:
                self._bound(job, store.job(job.id).sentence, PATIENCE, lease)
            else:
                failed = store.job(job.id).failed
                store.update_job(
                    job.id,
                    state=JobState.DONE,
                    sentence=sentence,
                    done=max(job.total - failed, 0),
                    expect=(JobState.RUNNING,),
                    lease=lease,
                    now=now(),
                )
                self._forget(job, lease)
        except LeaseLost:
            raise
        except Conflict:
            return  # somebody cancelled or paused it meanwhile: their word counts
        except Later as later:
            store.update_job(job.id, sentence=later.sentence, lease=lease, now=now())
            self._wait(job, later.seconds)
            self._bound(job, later.sentence, PATIENCE, lease)
        except WAITS as error:
            store.update_job(job.id, sentence=error.sentence, lease=lease, now=now())
            self._wait(job, 5.0)
            self._bound(job, error.sentence, HUMAN_PATIENCE, lease)
        except FINAL as error:
            self._fail(job, error.sentence, lease)
        except ServiceError as error:
            store.update_job(job.id, sentence=f"{error.sentence} It goes on by itself.", lease=lease, now=now())
            self._wait(job, error.retry_after if isinstance(error, Throttled) else 2.0)
            self._bound(job, error.sentence, PATIENCE, lease)
        except ConsoleError as error:
            store.update_job(job.id, sentence=error.sentence, lease=lease, now=now())
            self._wait(job, 2.0)
            self._bound(job, error.sentence, PATIENCE, lease)
        except Exception:
            incident = incident_id()
            log.exception("incident %s in job %s (%s)", incident, job.id, job.kind)
            sentence = f"Something unexpected happened ({incident}); the log has the details. Press again to retry."
            self._fail(job, sentence, lease)

    def _bound(self, job: Job, sentence: str, patience: timedelta, lease: Lease) -> None:
        """Fail a job that has stood still for too long."""
        own = getattr(self.handlers[job.kind], "patience", PATIENCE)
        if own is None:
            return
        patience = max(patience, own) if patience > PATIENCE else own
        store, now = self.ports.store, self.ports.clock.now()
        mark = _mark(store.job(job.id), store.job_items(job.id))

        def change(rows: Mapping[str, JobWait]) -> dict[str, JobWait]:
            kept = rows.get(job.id)
            if kept is None or kept.mark != mark:
                return {job.id: JobWait(mark, now, 1)}
            return {job.id: replace(kept, tries=min(kept.tries + 1, FEWEST))}

        store.change_rows(job.event, JOB_WAITS, change, keys=[job.id], lease=lease)
        row = store.row(job.event, JOB_WAITS, job.id)
        if row is not None and row.tries >= FEWEST and now - row.since >= patience:
            stood = counted(round((now - row.since).total_seconds() / 60), "minute")
            self._fail(
                job,
                f"Nothing moved for {stood}: {sentence} Press again to go on from here.",
                lease,
            )

    def _forget(self, job: Job, lease: Lease) -> None:
        self.ports.store.change_rows(job.event, JOB_WAITS, dict.fromkeys, keys=[job.id], lease=lease)

    def _fail(self, job: Job, sentence: str, lease: Lease) -> None:
        self._forget(job, lease)
        with suppress(Conflict):
            self.ports.store.update_job(
                job.id,
                state=JobState.FAILED,
                sentence=sentence,
                failed=job.total,
                expect=(JobState.PLANNED, JobState.RUNNING),
                lease=lease,
                now=self.ports.clock.now(),
            )


def settle_items(ports: Ports, job: Job, items: Iterable[JobItem], lease: Lease) -> None:
    """Store results of items and bring the job's counts up to date."""
    ports.store.save_job_items(job.id, items, lease=lease)
    every = ports.store.job_items(job.id)
    done = sum(1 for item in every if item.state.is_done)
    failed = sum(1 for item in every if item.state in (State.REFUSED, State.UNKNOWN))
    ports.store.update_job(job.id, done=done, failed=failed, total=len(every) or 1, lease=lease, now=ports.clock.now())


def _mark(job: Job, items: Iterable[JobItem]) -> str:
    """How far a job is, in counts that only grow: what is set, and set again when it does not read back, has not got on
    the second time. Names nobody."""
    touched = sum(1 for item in items if item.reason or item.state is not State.TODO)
    return f"{job.done} done, {job.failed} failed, {touched} begun"

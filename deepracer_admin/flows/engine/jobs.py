"""Carrying out jobs: plan, progress, per-item results, and what happens when the process dies.

A handler does a bounded piece of a job and says whether it is finished. It is called again until it is, by whichever
process holds the lease; so each piece must be idempotent. A handler that dies between the service's answer and the
record finds the item still TODO and does it again: every handler here repeats only harmless calls, or reads back first.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

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

__all__ = ["Handler", "JobRunner", "Later", "settle_items"]

log = logging.getLogger(__name__)
FINAL = (Refused, NotThere, Unsupported, BadInput, Missing)
LONGEST_WAIT_S = 300.0
WAITS = (CredentialsExpired, AccessDenied, BadSettings)


class Later(Exception):
    """A handler can do nothing more for now: `sentence` says what it waits for, `seconds` (real) how long at least."""

    def __init__(self, sentence: str, seconds: float = 2.0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.seconds = seconds


class Handler(Protocol):
    """Carries out one kind of job."""

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
            if sentence is not None:
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
        except LeaseLost:
            raise
        except Conflict:
            return  # somebody cancelled or paused it meanwhile: their word counts
        except Later as later:
            store.update_job(job.id, sentence=later.sentence, lease=lease, now=now())
            self._wait(job, later.seconds)
        except WAITS as error:
            store.update_job(job.id, sentence=error.sentence, lease=lease, now=now())
            self._wait(job, 5.0)
        except FINAL as error:
            self._fail(job, error.sentence, lease)
        except ServiceError as error:
            store.update_job(job.id, sentence=f"{error.sentence} It goes on by itself.", lease=lease, now=now())
            self._wait(job, error.retry_after if isinstance(error, Throttled) else 2.0)
        except ConsoleError as error:
            store.update_job(job.id, sentence=error.sentence, lease=lease, now=now())
            self._wait(job, 2.0)
        except Exception:
            incident = incident_id()
            log.exception("incident %s in job %s (%s)", incident, job.id, job.kind)
            sentence = f"Something unexpected happened ({incident}); the log has the details. Press again to retry."
            self._fail(job, sentence, lease)

    def _fail(self, job: Job, sentence: str, lease: Lease) -> None:
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

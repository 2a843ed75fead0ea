"""Jobs: pieces, ends, and what an error becomes."""

from __future__ import annotations

from typing import Any

import pytest

from deepracer_admin.errors import (
    AccessDenied,
    LeaseLost,
    Refused,
    ServiceError,
    Throttled,
    Unreachable,
)
from deepracer_admin.flows.engine.jobs import JobRunner, Later, settle_items
from deepracer_admin.model import Job, JobItem, JobState, Lease, State
from tests.flows.conftest import ORGANIZER, Stage


class Played:
    """Does what it is told: raises, or returns."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def work(self, ports: Any, job: Job, lease: Lease) -> str | None:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer


def planned(stage: Stage, total: int = 3) -> Job:
    return stage.store.create_job(Job("job-1", stage.event.id, "played", "x", JobState.PLANNED, total=total))


def run(stage: Stage, *answers: Any, rounds: int = 1) -> Job:
    runner = JobRunner(stage.ports, {"played": Played(*answers)})
    planned(stage)
    for _ in range(rounds):
        runner._not_before.clear()
        runner.run(stage.event.id, stage.lease)
    return stage.store.job("job-1")


def test_a_job_is_called_again_until_it_is_finished(stage: Stage) -> None:
    job = run(stage, None, None, "All done.", rounds=3)
    assert (job.state, job.sentence, job.done) == (JobState.DONE, "All done.", 3)


@pytest.mark.parametrize(
    ("error", "state", "sentence"),
    [
        (Refused("No such track."), JobState.FAILED, "No such track."),
        (Unreachable("Away."), JobState.RUNNING, "Away. It goes on by itself."),
        (AccessDenied("A role is missing."), JobState.RUNNING, "A role is missing."),
        (Later("Waiting for the service."), JobState.RUNNING, "Waiting for the service."),
        (ServiceError("Odd."), JobState.RUNNING, "Odd. It goes on by itself."),
    ],
)
def test_each_error_becomes_what_a_person_can_read(
    stage: Stage, error: Exception, state: JobState, sentence: str
) -> None:
    job = run(stage, error)
    assert (job.state, job.sentence) == (state, sentence)


def test_an_unforeseen_error_gets_an_incident_and_no_traceback(stage: Stage) -> None:
    job = run(stage, ZeroDivisionError("secret"))
    assert job.state is JobState.FAILED
    assert "I-" in job.sentence
    assert "secret" not in job.sentence


def test_a_lost_lease_ends_the_round(stage: Stage) -> None:
    with pytest.raises(LeaseLost):
        run(stage, LeaseLost("Another."))


def test_a_job_cancelled_meanwhile_stays_cancelled(stage: Stage) -> None:
    def cancel() -> str:
        stage.console.first.jobs.cancel(ORGANIZER, "job-1")
        return "Finished after all."

    job = run(stage, cancel)
    assert job.state is JobState.CANCELLED
    assert job.sentence == ""


def test_a_service_that_asks_for_a_pause_gets_it(stage: Stage) -> None:
    runner = JobRunner(stage.ports, {"played": Played(Throttled("Slow down.", retry_after=30), "Done.")})
    planned(stage)
    assert runner.run(stage.event.id, stage.lease) == 1
    assert runner.run(stage.event.id, stage.lease) == 0


def test_items_count_into_their_job(stage: Stage) -> None:
    job = planned(stage)
    items = [JobItem(job.id, "a", State.DONE), JobItem(job.id, "b", State.REFUSED), JobItem(job.id, "c", State.TODO)]
    settle_items(stage.ports, job, items, stage.lease)
    found = stage.store.job(job.id)
    assert (found.done, found.failed, found.total) == (1, 1, 3)

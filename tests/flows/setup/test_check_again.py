"""A press while a pre-flight runs leads to one that begins after it, whatever falls between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict, StoreError
from deepracer_admin.flows.engine.jobs import JobRunner
from deepracer_admin.flows.setup import connect_check
from deepracer_admin.flows.setup.connect_check import CheckHandler, plan_due_check
from deepracer_admin.model import Actor, Event, Job, JobState, Lease
from deepracer_admin.records.connect_check import CHECK
from tests.pages.conftest import NOW, clock, console, event, organizer

__all__ = ["clock", "console", "event", "organizer"]


@dataclass
class Facts:
    """`during` is called in the middle of a reading; `read` keeps on whose behalf each was."""

    during: list[Callable[[], Any]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def __call__(self, ports: Any, event: Event, oid: str, lease: Lease) -> Any:
        self.read.append(oid)
        if self.during:
            self.during.pop(0)()
        return self

    kind = "managed"
    value = None

    @property
    def credential(self) -> Facts:
        return self


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Facts:
    made = Facts()
    monkeypatch.setattr(connect_check, "read_facts", made)
    monkeypatch.setattr(connect_check, "findings", lambda _: ())
    return made


@pytest.fixture
def lease(console: Console, event: Event) -> Lease:
    found = console.store.acquire(f"worker/{event.id}", "test", ttl_s=10**6, now=NOW)
    assert found
    return found


def go_round(console: Console, event: Event, lease: Lease) -> None:
    """The worker's two duties, until there is nothing to do."""
    runner = JobRunner(console.ports_of(event.id), {"check": CheckHandler()})
    for _ in range(5):
        runner.run(event.id, lease)
        plan_due_check(console.ports_of(event.id), event, lease)


def checks(console: Console) -> list[Job]:
    return console.store.jobs("ev-1", kind="check")


def test_a_press_during_a_run_is_answered_by_one_that_began_after_it(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts
) -> None:
    other = replace(organizer, oid="oid-second", name="Sam")
    facts.during = [lambda: [console.first.preflight.run(other) for _ in range(3)]]
    first = console.first.preflight.run(organizer)
    go_round(console, event, lease)
    assert facts.read == [organizer.oid, "oid-second"], "once more, for all three presses"
    assert [(job.id, job.state) for job in checks(console)] == [(first.id, JobState.DONE)]
    assert console.store.read(event.id, CHECK).by == "Sam"


def test_a_press_before_a_planned_run_begins_needs_no_second_one(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts
) -> None:
    for _ in range(2):
        console.first.preflight.run(organizer)
    go_round(console, event, lease)
    assert facts.read == [organizer.oid]


def test_a_press_just_before_the_run_is_written_down_as_done_is_not_lost(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The press sees a job that runs, and the job has looked for presses for the last time."""
    real, pressed = console.store.update_job, []

    def done(job: str, **named: Any) -> Job:
        if named.get("state") is JobState.DONE and not pressed:
            pressed.append(console.first.preflight.run(organizer))
        return real(job, **named)

    console.first.preflight.run(organizer)
    monkeypatch.setattr(console.store, "update_job", done)
    go_round(console, event, lease)
    assert len(facts.read) == 2
    assert [job.state for job in checks(console)] == [JobState.DONE] * 2


def test_a_press_as_the_run_ends_plans_its_own(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = console.store.create_job, []

    def just_ended(job: Job, *items: Any) -> Job:
        if not refused:
            refused.append(job)
            raise Conflict("It runs already.")
        return real(job, *items)

    monkeypatch.setattr(console.store, "create_job", just_ended)
    assert console.first.preflight.run(organizer).state is JobState.PLANNED
    go_round(console, event, lease)
    assert len(facts.read) == 1


def test_what_fails_for_a_press_is_not_tried_for_ever(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts
) -> None:
    def broken() -> None:
        raise ValueError("broken")

    def pressed_and_broken() -> None:
        console.first.preflight.run(organizer)
        broken()

    facts.during = [pressed_and_broken, *[broken] * 50]
    console.first.preflight.run(organizer)
    go_round(console, event, lease)
    assert [job.state for job in checks(console)] == [JobState.FAILED] * 2
    assert len(facts.read) == 2


def test_a_store_that_fails_in_the_run_owes_it_still(
    console: Console, event: Event, lease: Lease, organizer: Actor, facts: Facts
) -> None:
    def full() -> None:
        console.first.preflight.run(organizer)
        raise StoreError("The disk is full.")

    facts.during = [full]
    console.first.preflight.run(organizer)
    go_round(console, event, lease)
    assert checks(console)[0].sentence.startswith("The disk is full.")


def test_nobody_is_told_that_a_job_for_something_else_does_theirs(
    console: Console, event: Event, organizer: Actor
) -> None:
    preflight, prices = console.first.preflight, console.first.prices
    first = preflight.send_canary(organizer, "olivia+1@example.com")
    assert preflight.send_canary(organizer, "olivia+1@example.com") == first
    with pytest.raises(Conflict, match="with another address"):
        preflight.send_canary(organizer, "olivia+2@example.com")
    assert prices.read(organizer, "us-east-1") == prices.read(organizer, "us-east-1")
    with pytest.raises(Conflict, match="another region"):
        prices.read(organizer, "eu-west-1")


def test_a_job_that_ends_between_the_refusal_and_the_look_is_planned_anew(
    console: Console, event: Event, organizer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = console.first.calls._plan_or_join(organizer, "setup.alarms", "alarm.try", plan={})
    real = console.store.jobs

    def ended(*named: Any, **more: Any) -> list[Job]:
        console.store.update_job(first.id, state=JobState.DONE, now=NOW)
        return real(*named, **more)

    monkeypatch.setattr(console.store, "jobs", ended)
    again = console.first.calls._plan_or_join(organizer, "setup.alarms", "alarm.try", plan={})
    assert again.id != first.id

"""The budget guard at work: alarms once, pauses once, and nothing by old numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict
from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.flows.sponsorship import budget as watching
from deepracer_admin.flows.sponsorship.budget import BudgetWatcher
from deepracer_admin.model import Actor, Event, Job, JobState, Lease, Profile, Race, RaceDraft
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.budget import CROSSINGS, GUARD
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.rules.alarms import live
from deepracer_admin.rules.budget_guard import Act, Guard, Threshold
from deepracer_admin.rules.finish import Finish
from tests.pages.conftest import NOW, StandingClock, clock, console, event, organizer, people, profiles

__all__ = ["clock", "console", "event", "organizer", "people", "profiles"]

PAUSING = Guard((Threshold(0.5), Threshold(1.0, Act.PAUSE)), (Threshold(1.0, Act.PAUSE),), forecast=False)


@pytest.fixture
def lease(console: Console, event: Event) -> Lease:
    found = console.store.acquire(f"worker/{event.id}", "test", ttl_s=10**6, now=NOW)
    assert found
    return found


@pytest.fixture
def watch(console: Console, event: Event, profiles: list[Profile], lease: Lease) -> Any:
    """Five hours used and 40 minutes queued by four people: 4.96 USD. Sets the budget, looks, tells what is paused."""

    def look(budget: float, guard: Guard = PAUSING) -> list[Job]:
        console.store.update(event.id, GUARD, lambda _: guard)
        now = console.store.amend_event(event.id, lambda kept: replace(kept, budget_usd=budget))
        BudgetWatcher(console.ports_of(event.id)).run(now, lease)
        return [job for job in console.store.jobs(event.id, kind="sponsor") if job.id.startswith("job-guard")]

    return look


def said(console: Console) -> list[str]:
    return [alarm.title for alarm in live(console.store.rows("ev-1", ALARMS))]


def test_below_the_threshold_nobody_is_paused_and_what_is_reached_is_said_once(console: Console, watch: Any) -> None:
    assert watch(8.0) == []
    assert said(console) == ["50% of the budget of the event is used"]
    names = {alarm.name for alarm in console.store.rows("ev-1", ALARMS).values()}
    for _ in range(3):
        watch(8.0)
    assert {alarm.name for alarm in console.store.rows("ev-1", ALARMS).values()} == names


def test_at_the_threshold_everybody_is_paused_by_one_job_that_is_audited_once(console: Console, watch: Any) -> None:
    for _ in range(3):
        [job] = watch(4.0)
    assert (job.state, job.created_by_name, job.undoable) == (JobState.PLANNED, "Budget guard", True)
    assert {item.key for item in console.store.job_items(job.id)} == {"pr-1", "pr-2", "pr-3", "pr-4"}
    [entry] = [each for each in console.store.audit("ev-1") if each.job == job.id]
    assert (entry.actor_name, entry.action, entry.count) == ("Budget guard", "usage.pause", 4)


@pytest.mark.parametrize("dies_at", ["create_job", "append_audit", "update"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_kill_anywhere_makes_one_job_and_one_audit(
    console: Console, watch: Any, monkeypatch: pytest.MonkeyPatch, dies_at: str, before: bool
) -> None:
    real, calls = getattr(console.store, dies_at), 0

    def dying(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if dies_at == "update" and calls < 4:  # the budget, the crossing, a fence: then what was done
            return real(*args, **named)
        if not before:
            real(*args, **named)
        raise SystemExit

    monkeypatch.setattr(console.store, dies_at, dying)
    with pytest.raises(SystemExit):
        watch(4.0)
    monkeypatch.setattr(console.store, dies_at, real)
    for _ in range(2):
        [job] = watch(4.0)
    assert len([each for each in console.store.audit("ev-1") if each.job == job.id]) == 1
    assert said(console) == ["100% of the budget of the event is used", "50% of the budget of the event is used"]


def test_while_another_pause_is_under_way_it_waits_its_turn(console: Console, watch: Any) -> None:
    other = Job("job-o", "ev-1", "sponsor", "ev-1", JobState.RUNNING, {"active": True}, created_at=NOW)
    console.store.create_job(other)
    assert watch(4.0) == []
    console.store.update_job("job-o", state=JobState.DONE, now=NOW)
    assert len(watch(4.0)) == 1


def test_nobody_is_paused_by_numbers_of_before(console: Console, watch: Any, clock: StandingClock) -> None:
    clock.at = NOW + timedelta(minutes=11)
    assert watch(4.0) == []
    assert said(console)[0] == "Hours and spend are not read"


def test_a_cohorts_budget_pauses_that_cohort_alone(console: Console, watch: Any) -> None:
    [job] = watch(1_000.0, replace(PAUSING, cohorts={"office:Milano": 1.0}))
    assert {item.key for item in console.store.job_items(job.id)} == {"pr-1", "pr-2"}


def test_an_answer_pauses_and_is_given_once(console: Console, watch: Any, organizer: Actor) -> None:
    assert watch(5.0, Guard()) == []
    desk = console.first.budget
    [asked] = desk.view(organizer).asked
    assert asked.share == 0.95
    desk.answer(organizer, asked.key, number=asked.number, pause=True)
    with pytest.raises(Conflict):
        desk.answer(organizer, asked.key, number=asked.number, pause=False)
    [job] = watch(5.0, Guard())
    assert job.created_by_name == organizer.name


def test_a_closed_event_has_no_alarms(console: Console, watch: Any, event: Event, lease: Lease) -> None:
    watch(4.0)
    closed = console.store.amend_event(event.id, lambda kept: replace(kept, closed_at=NOW))
    BudgetWatcher(console.ports_of(event.id)).run(closed, lease)
    assert said(console) == []


def test_a_result_that_does_not_come_is_an_alarm_that_ends_with_it(
    console: Console, watch: Any, event: Event, lease: Lease
) -> None:
    race = Race("r-1", RaceDraft("Cup", "t-1", NOW - timedelta(hours=9), NOW - timedelta(hours=2)))
    console.store.save_races(event.id, [race], seen_at=NOW, lease=None)
    row = Finish(race.draft.closes_at, {"m-1": "pr-1"}, moved_at=NOW - timedelta(minutes=61))
    console.store.change_rows(event.id, FINISHES, lambda _: {"r-1": row})
    watch(1_000.0)
    assert said(console) == ["The result of “Cup” does not become final"]
    console.store.change_rows(event.id, FINISHES, lambda _: {"r-1": replace(row, final_at=NOW)})
    watch(1_000.0)
    assert said(console) == []


def test_alarms_of_others_stay(console: Console, event: Event, lease: Lease) -> None:
    keep_alarms(console.store, event.id, watching.KINDS, (), now=NOW, lease=lease)
    assert console.store.rows(event.id, ALARMS) == {}


def test_crossings_are_kept_typed(console: Console, watch: Any) -> None:
    watch(4.0)
    assert {each.share for each in console.store.read("ev-1", CROSSINGS).values()} == {0.5, 1.0}

"""Two managed events at once in one account with people in both: the mode and who is in both stay for the second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.flows.closeout.end_managed_event import OFF
from deepracer_admin.model import Job, JobState, State, Step
from deepracer_admin.records.closing import PROOF
from deepracer_admin.records.limits import SPONSORSHIP
from tests.flows.closeout.test_end_managed_event import close, evidence, train
from tests.flows.closeout.test_managed_event import account, cycle, directory_ids, everybody_in, linked, stage
from tests.flows.conftest import ORGANIZER, Stage
from tests.rehearsal.managed.account import sign_in

__all__ = ["stage"]


@pytest.fixture
def pair(stage: Stage) -> tuple[Stage, Stage]:
    """Autumn Cup: racers 0 to 2, with models. Winter Cup: racers 1 and 2 too, and 3, who is on its list alone."""
    people, _ = everybody_in(stage, 3)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 3)
    train(stage, directory_ids(stage, 3))
    event = replace(stage.event, id="ev-b", name="Winter Cup")
    stage.store.save_event(event)
    other = Stage(stage.world, stage.console, event)
    (fourth,) = other.add("racer.no0003@example.com")
    own = [replace(person, id=f"b-{person.id}") for person in people[1:]]
    stage.store.save_attendees(event.id, [*own, replace(fourth, alias="racer-no0003")])
    job = stage.console.of(event.id).events.switch_sponsorship(ORGANIZER, open_=True, typed_name="")
    assert other.finish(job).state is JobState.DONE
    stage.console.of(event.id).onboarding.start(ORGANIZER)
    other.rounds(lambda: other.done(Step.GROUP) == 3)
    cycle(other)
    sign_in(stage.world, directory_ids(stage, 4)[3:])
    other.rounds(lambda: len(linked(other)) == 3)
    stage.world.advance(3600)
    return stage, other


def test_the_mode_and_who_is_in_both_stay_until_the_second_ends(pair: tuple[Stage, Stage]) -> None:
    first, second = pair
    opened_at = first.store.read(first.event.id, SPONSORSHIP).opened_at
    job = first.console.of(first.event.id).closeout.start(ORGANIZER, typed_name=first.event.name)
    close(first, job)
    said = evidence(first, job)
    states = {user.person_id: user.state for user in account(first).users.values()}
    ids = directory_ids(first, 4)
    assert [states[key] for key in ids] == [OFF, "ACTIVE", "ACTIVE", "ACTIVE"]
    assert account(first).multi_user_mode
    assert len(account(first).models) == 2
    assert "Multi-user mode stays on" in said["sponsorship"]
    assert "“Winter Cup” sponsors people on it too, and its close-out ends it." in said["sponsorship"]
    assert "2 people keep their profile: they are in “Winter Cup” too" in said["access"]
    assert said["verify"].startswith("0 of 3 people can still sign in; the service shows multi-user mode on")
    proof = first.store.read(first.event.id, PROOF)
    assert proof is not None
    assert (len(proof.elsewhere), proof.in_group, proof.in_identity_center) == (2, 0, 0)
    assert {item.state for item in first.store.job_items(job.id)} == {State.DONE}
    assert first.world.truth()["in_group"] == 3
    assert second.store.read(second.event.id, SPONSORSHIP).opened_at == opened_at

    last = second.console.of(second.event.id).closeout.start(ORGANIZER, typed_name=second.event.name)
    close(second, last)
    assert {user.state for user in account(first).users.values()} == {OFF}
    assert account(first).models == {}
    assert not account(first).multi_user_mode
    assert first.world.truth()["in_group"] == 0
    assert evidence(second, last)["verify"].startswith(
        "0 of 3 people can still sign in; the service shows multi-user mode off"
    )


def test_turning_the_mode_off_by_hand_leaves_it_on_for_the_other_event(pair: tuple[Stage, Stage]) -> None:
    first, _ = pair
    events = first.console.of(first.event.id).events
    job = first.finish(events.switch_sponsorship(ORGANIZER, open_=False, typed_name=first.event.name))
    assert job.state is JobState.DONE
    assert "Multi-user mode stays on" in job.sentence
    assert account(first).multi_user_mode


def states(stage: Stage) -> list[str]:
    """Of racers 0 to 3, in the practice service's own books."""
    found = {user.person_id: user.state for user in account(stage).users.values()}
    return [found[key] for key in directory_ids(stage, 4)]


def pause(side: Stage, count: int, *, active: bool = False) -> Job:
    everybody = sorted(side.store.attendees(side.event.id), key=lambda person: person.email)
    people = [person.id for person in everybody[:count]]
    return side.finish(side.console.of(side.event.id).usage.sponsor(ORGANIZER, people, active=active))


def look(side: Stage) -> None:
    for _ in range(3):
        side.worker.profiles.listings.listed_at = None
        side.worker.run_once()
        side.rest(0.05)


def test_a_pause_in_one_event_restricts_nobody_whom_the_other_needs(pair: tuple[Stage, Stage]) -> None:
    first, second = pair
    said = pause(first, 3)
    assert states(first) == ["RESTRICTED", "ACTIVE", "ACTIVE", "ACTIVE"]
    assert said.sentence.endswith("2 of them go on by the hours of another open event.")
    pause(second, 2)
    assert states(first) == ["RESTRICTED", "RESTRICTED", "RESTRICTED", "ACTIVE"]
    pause(second, 1, active=True)
    look(first)
    assert states(first) == ["RESTRICTED", "ACTIVE", "RESTRICTED", "ACTIVE"]
    second.store.amend_attendees(second.event.id, lambda person: replace(person, wanted=False))
    look(first)
    assert states(first)[:3] == ["RESTRICTED"] * 3, "nobody but this event wants them now, and it has paused them"


def test_the_end_of_one_event_leaves_the_pauses_of_the_other(pair: tuple[Stage, Stage]) -> None:
    first, second = pair
    pause(second, 1)
    assert states(first) == ["ACTIVE"] * 4
    close(first, first.console.of(first.event.id).closeout.start(ORGANIZER, typed_name=first.event.name))
    assert states(first) == [OFF, "RESTRICTED", "ACTIVE", "ACTIVE"]


def test_who_was_paused_when_alone_goes_on_once_another_event_gives_hours(pair: tuple[Stage, Stage]) -> None:
    first, second = pair
    pause(first, 1)
    assert states(first)[0] == "RESTRICTED"
    (person,) = [each for each in first.store.attendees(first.event.id) if each.email.startswith("racer.no0000")]
    second.store.save_attendees(second.event.id, [replace(person, id="b-late")])
    look(second)
    assert states(first)[0] == "ACTIVE"

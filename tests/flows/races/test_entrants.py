"""Who may enter a private race of the managed service: many let in, some taken out, a new link, all read back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Job, JobState, Race, State
from deepracer_admin.services.races.races import RaceForm
from tests.flows.closeout.test_managed_event import account, everybody_in, linked, racers, stage
from tests.flows.conftest import ORGANIZER, Stage

__all__ = ["stage"]


def make_race(stage: Stage, name: str = "Autumn Final") -> Race:
    stage.worker.races.run(stage.event, stage.lease)
    now = stage.console.clock.event_now().replace(tzinfo=None, microsecond=0)
    track = stage.console.first.races.tracks(ORGANIZER)[0].id
    form = RaceForm(name, track, now + timedelta(hours=1), now + timedelta(hours=5))
    job = stage.finish(stage.console.first.races.create(ORGANIZER, form))
    assert job.state is JobState.DONE, job.sentence
    stage.worker.races.run(stage.event, stage.lease)
    return next(race for race in stage.store.races(stage.event.id)[0] if race.draft.name == name)


def at_the_service(stage: Stage, race: Race) -> set[str]:
    return set(account(stage).races[race.id].participants)


def admit(stage: Stage, race: Race, people: list[str]) -> Job:
    job = stage.console.first.races.admit(ORGANIZER, race.id, people).job
    assert job is not None
    return stage.finish(job)


def test_many_are_let_in_by_one_job_and_listed_with_their_names(stage: Stage) -> None:
    people, ids = everybody_in(stage, 3)
    race = make_race(stage)
    view = stage.console.first.races.entrants(ORGANIZER, race.id)
    assert (view.native, view.listed, len(view.outside)) == (True, 0, 3)
    job = admit(stage, race, [person.id for person in people])
    assert job.sentence == "3 of 3 people may enter the race (the service lists 3 in all)."
    assert at_the_service(stage, race) == set(ids)
    view = stage.console.first.races.entrants(ORGANIZER, race.id)
    assert {row.name for row in view.rows} == {person.name for person in people}
    assert view.as_of is not None
    assert list(view.outside) == []


def test_more_than_one_call_holds_are_let_in_and_listed_once_for_everybody(stage: Stage) -> None:
    people, ids = everybody_in(stage, 60)
    race = make_race(stage)
    before = stage.calls().get("managed.ListPrivateLeaderboardParticipants", 0)
    assert admit(stage, race, [person.id for person in people]).done == 60
    assert stage.calls()["managed.ListPrivateLeaderboardParticipants"] - before == 2
    assert at_the_service(stage, race) == set(ids)


def test_somebody_taken_out_may_not_enter_and_the_others_stay(stage: Stage) -> None:
    people, ids = everybody_in(stage, 3)
    race = make_race(stage)
    admit(stage, race, [person.id for person in people])
    job = stage.console.first.races.expel(ORGANIZER, race.id, ids[:1]).job
    assert job is not None
    assert stage.finish(job).sentence == "1 of 1 person may not enter the race any more (the service lists 2 who may)."
    assert at_the_service(stage, race) == set(ids[1:])


def test_people_without_a_profile_are_counted_and_left_out(stage: Stage) -> None:
    people, _ = everybody_in(stage, 1)
    (other,) = stage.add("not.yet@example.com")
    race = make_race(stage)
    change = stage.console.first.races.admit(ORGANIZER, race.id, [people[0].id, other.id])
    assert (change.people, change.without_profile) == (1, 1)
    with pytest.raises(BadInput, match="first sign-in"):
        stage.console.first.races.admit(ORGANIZER, race.id, [other.id])


def test_one_who_cannot_be_let_in_is_named_and_keeps_nobody_else_out(stage: Stage) -> None:
    """A racer can be in ten open or future races at a time (managed-deepracer.md 3.1)."""
    people, ids = everybody_in(stage, 3)
    for number in range(10):
        admit(stage, make_race(stage, f"Heat {number}"), [people[0].id])
    race = make_race(stage)
    job = admit(stage, race, [person.id for person in people])
    assert at_the_service(stage, race) == set(ids[1:])
    found = {item.key: item for item in stage.store.job_items(job.id)}
    assert found[people[0].id].state is State.REFUSED
    assert found[people[0].id].sentence
    assert job.sentence.startswith("2 of 3 people may enter")


def test_a_worker_that_dies_after_letting_in_does_it_again_without_harm(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, ids = everybody_in(stage, 2)
    race = make_race(stage)
    racing: Any = stage.ports.racing()
    real = racing.add_participants

    def dies_after(*given: Any) -> None:
        real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(racing, "add_participants", dies_after)
    job = stage.console.first.races.admit(ORGANIZER, race.id, [person.id for person in people]).job
    assert job is not None
    with pytest.raises(KeyboardInterrupt):
        stage.finish(job)
    monkeypatch.setattr(racing, "add_participants", real)
    assert stage.finish(job).sentence == "2 of 2 people may enter the race (the service lists 2 in all)."
    assert at_the_service(stage, race) == set(ids)


def test_a_lost_answer_is_asked_about_and_not_repeated_blindly(stage: Stage) -> None:
    people, ids = everybody_in(stage, 2)
    race = make_race(stage)
    stage.ports.racing().share_link(race.id)
    stage.world.arm("managed", "lost_answer", operation="AddLeaderboardAccessPermission", count=1)
    assert admit(stage, race, [person.id for person in people]).done == 2
    assert at_the_service(stage, race) == set(ids)


def test_a_new_link_replaces_the_former_and_racers_who_are_in_stay(stage: Stage) -> None:
    people, ids = everybody_in(stage, 1)
    race = make_race(stage)
    admit(stage, race, [people[0].id])
    former = next(r.share_link for r in stage.store.races(stage.event.id)[0] if r.id == race.id)
    assert former
    job = stage.finish(stage.console.first.races.new_link(ORGANIZER, race.id))
    assert job.sentence == "The race “Autumn Final” has a new link; the former one lets nobody in any more."
    found = next(r.share_link for r in stage.store.races(stage.event.id)[0] if r.id == race.id)
    assert found
    assert found != former
    assert at_the_service(stage, race) == set(ids)


def test_the_worker_reads_who_joined_by_the_link(stage: Stage) -> None:
    _, ids = everybody_in(stage, 1)
    race = make_race(stage)
    account(stage).races[race.id].participants[ids[0]] = 0.0
    stage.worker.races._entrants_at.clear()
    stage.worker.races.run(stage.event, stage.lease)
    view = stage.console.first.races.entrants(ORGANIZER, race.id)
    assert [row.key for row in view.rows] == ids == [*linked(stage).values()]


def test_people_of_the_list_who_never_signed_in_cannot_be_chosen(stage: Stage) -> None:
    racers(stage, 2)
    race = make_race(stage)
    view = stage.console.first.races.entrants(ORGANIZER, race.id)
    assert (list(view.outside), view.without_profile) == ([], 2)

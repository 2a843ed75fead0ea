"""Two open events share racers: the larger of their limits is in force; no act of one takes from the other unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.flows.sponsorship.race_room import Holder
from deepracer_admin.model import Job, JobItem, JobState, Quota, RaceDraft, State, Step
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.limits import CLOSED, PAUSED_PROFILES
from deepracer_admin.records.race_room import ROOM_NOW
from tests.flows.access.test_onboarding import invite_by_hand
from tests.flows.closeout.test_two_events_share_people import FIRST, SECOND, Both, profiles_of, switch
from tests.flows.conftest import ORGANIZER, Stage
from tests.flows.sponsorship.test_switch import relist

LITTLE, MUCH = Quota(180, 9), Quota(600, 2)
BETTER = Quota(600, 9)  # the hours of one, the models of the other
BOB, CYD = "bob@example.com", "cyd@example.com"


@pytest.fixture
def both(stage: Stage) -> Iterator[Both]:
    """Autumn Cup gives 3 h and 9 models, Winter Cup 10 h and 2; both sponsor; Bob and Cyd are in both."""
    stage.store.amend_event(stage.event.id, lambda event: replace(event, quota=LITTLE))
    made = Both(stage)
    made.b.store.amend_event(made.b.event.id, lambda event: replace(event, quota=MUCH))
    made.onboard()
    for side in (made.a, made.b):
        assert switch(side, on=True).state is JobState.DONE
    settle(made)
    yield made
    made.b.worker.mail.close()


def quotas(both: Both) -> dict[str, Quota | None]:
    everybody = {*FIRST, *SECOND}
    return {
        each.email.split("@")[0]: each.quota for each in both.a.ports.racing().profiles() if each.email in everybody
    }


def settle(both: Both) -> None:
    """Both events look again, twice, in turns."""
    for _ in range(2):
        for side in (both.a, both.b):
            relist(side)


def ids(side: Stage, *emails: str) -> list[str]:
    return [person.id for person in side.store.attendees(side.event.id) if person.email in emails]


def pause(side: Stage, *emails: str, active: bool = False) -> Job:
    usage = side.console.of(side.event.id).usage
    return side.finish(usage.sponsor(ORGANIZER, ids(side, *emails), active=active))


def items(side: Stage, job: Job) -> dict[str, JobItem]:
    return {item.key: item for item in side.store.job_items(job.id)}


def profile(side: Stage, email: str) -> str:
    (one,) = ids(side, email)
    return side.store.links(side.event.id)[one].profile


def test_the_larger_limit_is_in_force_and_stays_however_often_both_look(both: Both) -> None:
    expected = {"ada": LITTLE, "bob": BETTER, "cyd": BETTER, "dee": MUCH}
    assert quotas(both) == expected
    settle(both)
    assert quotas(both) == expected
    writes = both.a.writes()
    settle(both)
    assert both.a.writes() == writes, "neither takes back what the other has set"
    assert both.a.done(Step.PROFILE) == both.b.done(Step.PROFILE) == 3


def test_a_smaller_quota_for_who_is_shared_is_stored_and_says_what_is_in_force(both: Both) -> None:
    usage = both.b.console.of(both.b.event.id).usage
    job = both.b.finish(usage.set_quotas(ORGANIZER, ids(both.b, BOB, "dee@example.com"), hours=1, models=1))
    assert quotas(both) == {"ada": LITTLE, "bob": LITTLE, "cyd": BETTER, "dee": Quota(60, 1)}
    (bob,) = ids(both.b, BOB)
    assert items(both.b, job)[bob].state is State.DONE
    assert items(both.b, job)[bob].sentence == (
        "Stored; in force is 3 h and 9 models, for “Autumn Cup” gives this person more."
    )
    assert "1 of them has more, which another open event gives." in job.sentence
    settle(both)
    assert quotas(both)["bob"] == LITTLE


def test_extra_hours_come_on_top_of_what_is_in_force(both: Both) -> None:
    (bob,) = ids(both.a, BOB)
    both.a.finish(both.a.console.first.usage.grant(ORGANIZER, bob, extra_hours=1.0))
    assert quotas(both)["bob"] == Quota(660, 9)
    settle(both)
    assert quotas(both)["bob"] == Quota(660, 9)


def test_a_pause_in_one_event_leaves_the_hours_of_the_other_and_says_so(both: Both) -> None:
    job = pause(both.a, "ada@example.com", BOB)
    assert quotas(both) == {"ada": CLOSED, "bob": MUCH, "cyd": BETTER, "dee": MUCH}
    assert job.sentence.endswith("1 of them goes on by the hours of another open event.")
    said = items(both.a, job)[profile(both.a, BOB)]
    assert (said.state, said.sentence) == (
        State.DONE,
        "Paused in this event; “Winter Cup” gives this person 10 h and 2 models, so they go on until they are paused "
        "there too.",
    )
    settle(both)
    assert quotas(both)["bob"] == MUCH
    pause(both.b, BOB)
    assert quotas(both)["bob"] == CLOSED
    settle(both)
    assert quotas(both)["bob"] == CLOSED
    pause(both.a, BOB, active=True)
    assert quotas(both)["bob"] == LITTLE
    pause(both.b, BOB, active=True)
    settle(both)
    assert quotas(both)["bob"] == BETTER


def test_what_a_pause_remembers_is_this_events_own_limit(both: Both) -> None:
    pause(both.a, BOB)
    assert both.a.store.rows(both.a.event.id, PAUSED_PROFILES)[profile(both.a, BOB)] == LITTLE


def test_pausing_everybody_leaves_who_is_shared_to_the_other_event(both: Both) -> None:
    job = pause(both.a, *FIRST)
    assert quotas(both) == {"ada": CLOSED, "bob": MUCH, "cyd": MUCH, "dee": MUCH}
    assert job.sentence.endswith("2 of them go on by the hours of another open event.")


def test_two_events_that_pause_one_person_at_once_leave_them_paused(both: Both) -> None:
    jobs = [
        side.console.of(side.event.id).usage.sponsor(ORGANIZER, ids(side, BOB), active=False)
        for side in (both.a, both.b)
    ]
    for _ in range(12):
        for side in (both.a, both.b):
            side.worker.jobs._not_before.clear()
            side.worker.jobs.run(side.event.id, side.lease)
    assert [both.a.store.job(job.id).state for job in jobs] == [JobState.DONE] * 2
    assert quotas(both)["bob"] == CLOSED


def test_closing_sponsorship_in_one_event_leaves_the_hours_of_the_other(both: Both) -> None:
    said = switch(both.b, on=False).sentence
    assert quotas(both) == {"ada": LITTLE, "bob": LITTLE, "cyd": LITTLE, "dee": CLOSED}
    assert "2 of them keep the hours that “Autumn Cup” gives." in said
    settle(both)
    assert quotas(both) == {"ada": LITTLE, "bob": LITTLE, "cyd": LITTLE, "dee": CLOSED}
    switch(both.b, on=True)
    assert quotas(both) == {"ada": LITTLE, "bob": BETTER, "cyd": BETTER, "dee": MUCH}


def test_the_end_of_one_event_leaves_the_limit_of_the_other_and_its_pauses(both: Both) -> None:
    pause(both.b, CYD)
    assert quotas(both)["cyd"] == LITTLE
    said = both.close(both.a)
    assert quotas(both) == {"bob": MUCH, "cyd": CLOSED, "dee": MUCH}, "Cyd is paused where they are still wanted"
    assert "1 of them keeps the hours that “Winter Cup” gives." in said["sponsorship"]
    pause(both.b, CYD, active=True)
    assert quotas(both)["cyd"] == MUCH


def test_who_leaves_the_other_event_is_paused_again_where_they_still_are(both: Both) -> None:
    pause(both.a, BOB)
    both.b.store.amend_attendees(both.b.event.id, lambda person: replace(person, wanted=False), ids=ids(both.b, BOB))
    settle(both)
    assert quotas(both)["bob"] == CLOSED


def test_what_adopted_people_had_before_is_what_they_had_before_both(stage: Stage) -> None:
    stage.store.amend_event(stage.event.id, lambda event: replace(event, quota=LITTLE))
    before = Quota(777, 7)
    invite_by_hand(stage, BOB)
    racing = stage.ports.racing()
    racing.set_profile(next(each.id for each in racing.profiles() if each.email == BOB), alias=None, quota=before)
    stage.add(*FIRST)
    made = Both.__new__(Both)
    event = replace(stage.event, id="ev-b", name="Winter Cup", quota=MUCH)
    stage.store.save_event(event)
    made.a, made.b = stage, Stage(stage.world, stage.console, event)
    made.b.add(*SECOND)
    made.onboard()
    for side in (made.a, made.b):
        switch(side, on=True)
    settle(made)
    bob = profile(made.a, BOB)
    assert profiles_of(made.b)[bob] == "adopted"
    assert made.b.store.rows("ev-b", ADOPTED_QUOTAS)[bob] == before
    made.close(made.a)
    assert quotas(made)["bob"] == MUCH
    made.close(made.b)
    assert quotas(made)["bob"] == before
    made.b.worker.mail.close()


def room(both: Both, *, on: bool) -> None:
    """Autumn Cup keeps room for a race of its own, or ends it; both events look until it is so."""
    side, races = both.a, both.a.console.of(both.a.event.id).races
    if on:
        now = side.clock.event_now()
        draft = RaceDraft("Cup", "reInvent2019_track", now - timedelta(hours=1), now + timedelta(hours=6))
        race = side.ports.racing().create_race(draft)
        side.store.update(side.event.id, OWN_RACES, lambda _: frozenset({race.id}))
        side.store.save_races(side.event.id, [race], seen_at=side.clock.now(), lease=side.lease)
        races.keep_room(ORGANIZER, race.id)
    else:
        races.end_room(ORGANIZER, side.store.races(side.event.id)[0][0].id)
    for _ in range(3):
        side.rest(61)
        Holder(side.ports).run(side.event, side.lease)
    settle(both)


def test_room_of_one_event_leaves_the_hours_of_the_other_and_says_so(both: Both) -> None:
    room(both, on=True)
    lowered = {"ada": Quota(0, 9), "bob": BETTER, "cyd": BETTER, "dee": MUCH}
    assert quotas(both) == lowered
    assert both.a.store.read(both.a.event.id, ROOM_NOW).shared == 2
    pause(both.b, BOB)
    settle(both)
    assert quotas(both) == lowered | {"bob": Quota(0, 9)}, "what the first event gives now is what it lets be used"
    room(both, on=False)
    assert quotas(both) == {"ada": LITTLE, "bob": LITTLE, "cyd": BETTER, "dee": MUCH}
    pause(both.b, BOB, active=True)
    settle(both)
    assert quotas(both) == {"ada": LITTLE, "bob": BETTER, "cyd": BETTER, "dee": MUCH}

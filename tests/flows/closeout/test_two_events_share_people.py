"""Two events at once on one deployment with people in both: closing one takes nothing from the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deepracer_admin.model import Job, JobState, Quota, State, Step
from deepracer_admin.records.closing import PROOF
from deepracer_admin.records.limits import SPONSORSHIP
from tests.flows.conftest import ORGANIZER, QUOTA, Stage

FIRST = ("ada@example.com", "bob@example.com", "cyd@example.com")
SECOND = ("bob@example.com", "cyd@example.com", "dee@example.com")


class Both:
    """Event A made its three people's profiles; B has two of them and one of its own."""

    def __init__(self, a: Stage) -> None:
        event = replace(a.event, id="ev-b", name="Winter Cup")
        a.store.save_event(event)
        self.a, self.b = a, Stage(a.world, a.console, event)
        self.a.add(*FIRST)
        self.b.add(*SECOND)

    def onboard(self) -> None:
        for side in (self.a, self.b):
            side.console.of(side.event.id).onboarding.start(ORGANIZER)
            side.rounds(lambda side=side: side.done(Step.PROFILE) == side.done(Step.GROUP) == 3)

    def close(self, side: Stage) -> dict[str, str]:
        job = side.console.of(side.event.id).closeout.start(ORGANIZER, typed_name=side.event.name)
        job = side.finish(job)
        assert job.state is JobState.DONE, job.sentence
        return told(side, job)

    def addresses(self) -> set[str]:
        return {each.email for each in self.a.ports.racing().profiles() if each.email.endswith("@example.com")}


def told(side: Stage, job: Job) -> dict[str, str]:
    return {item.key: item.sentence for item in side.store.job_items(job.id)}


def switch(side: Stage, *, on: bool) -> Job:
    name = "" if on else side.event.name
    job = side.console.of(side.event.id).events.switch_sponsorship(ORGANIZER, open_=on, typed_name=name)
    return side.finish(job)


@pytest.fixture
def both(stage: Stage) -> Iterator[Both]:
    made = Both(stage)
    made.onboard()
    yield made
    made.b.worker.mail.close()


def profiles_of(side: Stage) -> dict[str, str]:
    return {link.profile: link.how for link in side.store.links(side.event.id).values()}


def test_who_is_in_both_keeps_everything_until_the_second_ends(both: Both) -> None:
    a, b = both.a, both.b
    shared = {*profiles_of(a)} & {*profiles_of(b)}
    assert sorted(profiles_of(b).values()) == ["adopted", "adopted", "created"]
    view = a.console.first.closeout.view(ORGANIZER)
    assert (view.shared, view.created_profiles, view.kept_profiles) == ([("Winter Cup", 2)], 1, 2)
    said = both.close(a)
    staff = both.addresses() - {*FIRST, *SECOND}
    assert both.addresses() - staff == {*SECOND}
    assert "2 people keep their profile: they are in “Winter Cup” too, which ends it for them." in said["access"]
    assert "2 people keep their membership" in said["group"]
    assert "2 people keep their models" in said["models"]
    assert said["verify"].startswith("0 of 3 people can still sign in")
    assert "2 people can sign in because they are in “Winter Cup” too" in said["verify"]
    assert a.world.truth()["in_group"] == 3
    assert {profiles_of(b)[key] for key in shared} == {"created"}
    proof = a.store.read(a.event.id, PROOF)
    assert proof is not None
    assert (len(proof.can_still_sign_in), len(proof.elsewhere), proof.in_group) == (0, 2, 0)
    items = a.store.job_items(next(iter(a.store.jobs(a.event.id, kind="closeout"))).id)
    assert {item.state for item in items} == {State.DONE}
    text = a.console.first.closeout.certificate(ORGANIZER).decode()
    assert '"what": "profiles that another open event needs", "count": 2' in text
    assert '"kept_on_purpose": true' in text
    assert "Besides, 2 people can still sign in because another open event wants them" in text
    b.rounds(lambda: b.done(Step.PROFILE) == b.done(Step.GROUP) == 3)

    last = both.close(b)
    assert last["verify"].startswith("0 of 3 people can still sign in")
    assert both.addresses() == staff
    assert a.world.truth()["in_group"] == 0


def test_two_that_close_at_once_leave_nobody(both: Both) -> None:
    sides = (both.a, both.b)
    staff = both.addresses() - {*FIRST, *SECOND}
    jobs = [side.console.of(side.event.id).closeout.start(ORGANIZER, typed_name=side.event.name) for side in sides]
    for _ in range(80):
        for side in sides:
            side.worker.jobs._not_before.clear()
            side.worker.jobs.run(side.event.id, side.lease)
    assert [both.a.store.job(job.id).state for job in jobs] == [JobState.DONE] * 2
    assert both.addresses() == staff
    assert both.a.world.truth()["in_group"] == 0


def test_the_event_that_adopted_may_end_first(both: Both) -> None:
    staff = both.addresses() - {*FIRST, *SECOND}
    said = both.close(both.b)
    assert both.addresses() - staff == {*FIRST}
    assert "2 people keep their profile: they are in “Autumn Cup” too" in said["access"]
    assert both.a.world.truth()["in_group"] == 3
    both.close(both.a)
    assert both.addresses() == staff


def test_the_limits_of_new_profiles_are_given_back_by_the_last_event_that_sponsors(both: Both) -> None:
    a, b = both.a, both.b
    racing = a.ports.racing()
    racing.set_new_profile_quota(Quota(600, 10))
    b.store.amend_event(b.event.id, lambda event: replace(event, quota=Quota(60, 2)))
    assert switch(a, on=True).state is JobState.DONE
    assert switch(b, on=True).state is JobState.DONE
    shared = {*profiles_of(a)} & {*profiles_of(b)}
    assert {each.quota for each in racing.profiles() if each.id in shared} == {QUOTA}
    said = both.close(a)
    assert "New profiles keep their limits: “Winter Cup” sponsors people on it too" in said["sponsorship"]
    assert racing.new_profile_quota() == Quota(60, 2)
    assert {each.quota for each in racing.profiles() if each.id in shared} == {Quota(60, 2)}
    last = both.close(b)
    assert "new profiles get 10 h and 10 models again" in last["sponsorship"]
    assert racing.new_profile_quota() == Quota(600, 10)
    assert not b.store.read(b.event.id, SPONSORSHIP).is_open


def test_an_event_that_does_not_sponsor_takes_no_hours_from_the_other(both: Both) -> None:
    a, b = both.a, both.b
    shared = {*profiles_of(a)} & {*profiles_of(b)}

    def quotas() -> set[Quota | None]:
        return {each.quota for each in a.ports.racing().profiles() if each.id in shared}

    switch(a, on=True)
    switch(b, on=True)
    b.rounds(lambda: quotas() == {QUOTA})
    said = switch(a, on=False).sentence
    assert "New profiles keep their limits: “Winter Cup” sponsors people on it too" in said
    a.begin_anew()
    for _ in range(3):
        a.worker.run_once()
        a.rest(61)
    assert quotas() == {QUOTA}


def test_a_leaver_who_is_wanted_in_the_other_event_keeps_profile_and_membership(both: Both) -> None:
    a, b = both.a, both.b
    leavers = [person for person in a.store.attendees(a.event.id) if person.email != "cyd@example.com"]
    a.store.amend_attendees(
        a.event.id, lambda person: replace(person, wanted=False), ids=[person.id for person in leavers]
    )
    ada, bob = leavers
    a.rounds(lambda: (a.step(bob, Step.GROUP).reason, a.step(bob, Step.PROFILE).reason) == ("elsewhere", "elsewhere"))
    a.rounds(lambda: (a.step(ada, Step.GROUP).reason, a.step(ada, Step.PROFILE).reason) == ("removed", "removed"))
    assert "this person is in “Winter Cup” too" in a.step(bob, Step.PROFILE).sentence
    assert {*SECOND} <= both.addresses()
    assert a.world.truth()["in_group"] == 3
    b.store.amend_attendees(b.event.id, lambda person: replace(person, wanted=False))
    b.rounds(lambda: both.addresses() & {*FIRST, *SECOND} == {"cyd@example.com"})

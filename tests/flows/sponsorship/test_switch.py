"""Sponsorship, pauses and quotas: former values come back exactly, also after a crash in the middle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.flows.sponsorship import switch as sponsorship
from deepracer_admin.flows.sponsorship.switch import CLOSED, SponsorshipHandler
from deepracer_admin.model import Job, JobState, Outcome, Quota, State, Step
from deepracer_admin.records.limits import PAUSED_PROFILES, Sponsorship
from tests.flows.access.test_onboarding import invite_by_hand
from tests.flows.conftest import ORGANIZER, QUOTA, Stage


def switch(stage: Stage, open_: bool) -> Job:
    return stage.finish(
        stage.console.first.events.switch_sponsorship(
            ORGANIZER, open_=open_, typed_name="" if open_ else stage.event.name
        )
    )


def quotas(stage: Stage) -> dict[str, Quota | None]:
    """By address, as the service lists them; staff left out."""
    return {p.email: p.quota for p in stage.ports.racing().profiles() if p.email.startswith("racer.")}


def relist(stage: Stage, times: int = 4) -> None:
    """Onboarding looks again, though nothing tells it that something changed."""
    for _ in range(times):
        stage.worker.profiles.listings.listed_at = None
        stage.worker.run_once()
        stage.rest(0.05)


@pytest.fixture
def racing_event(stage: Stage) -> Stage:
    """Sponsorship is open and three people have their profile; one has been given more than the others."""
    switch(stage, True)
    people = stage.crowd(3)
    stage.store.save_attendees(stage.event.id, [replace(people[2], quota=Quota(600, 9))])
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 3 and quotas(stage).get(people[2].email) == Quota(600, 9))
    return stage


BEFORE = {"racer.no0@example.com": QUOTA, "racer.no1@example.com": QUOTA, "racer.no2@example.com": Quota(600, 9)}
ALL_CLOSED = dict.fromkeys(BEFORE, CLOSED)


def test_closing_sets_all_to_zero_and_opening_restores_each_value(racing_event: Stage) -> None:
    stage = racing_event
    assert quotas(stage) == BEFORE
    closed = switch(stage, False)
    assert closed.state is JobState.DONE
    assert "3 of 3 event profiles have 0 minutes (seen at the service)" in closed.sentence
    assert (
        "new profiles get 0 h and 0 models (seen at the service). Running work, queued work and submiss"
        in closed.sentence
    )
    assert quotas(stage) == ALL_CLOSED
    assert stage.ports.racing().new_profile_quota() == CLOSED
    switch(stage, True)
    assert quotas(stage) == BEFORE
    assert stage.ports.racing().new_profile_quota() == QUOTA


def test_onboarding_does_not_work_against_a_closed_sponsorship(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    stage.worker.profiles.listings.listed_at = None
    for _ in range(3):
        stage.worker.run_once()
    assert quotas(stage) == ALL_CLOSED


@pytest.mark.parametrize("open_first", [False, True], ids=["closing", "opening"])
def test_a_crash_in_the_middle_loses_no_former_value(
    racing_event: Stage, monkeypatch: pytest.MonkeyPatch, open_first: bool
) -> None:
    stage = racing_event
    if open_first:
        switch(stage, False)
    racing: Any = stage.ports.racing()
    real = racing.set_quotas
    monkeypatch.setattr(sponsorship, "BATCH", 1)
    calls = 0

    def dies_at_the_second(changes: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt  # the process ends here
        return real(changes)

    monkeypatch.setattr(racing, "set_quotas", dies_at_the_second)
    name = "" if open_first else stage.event.name
    job = stage.console.first.events.switch_sponsorship(ORGANIZER, open_=open_first, typed_name=name)
    with pytest.raises(KeyboardInterrupt):
        stage.finish(job)
    monkeypatch.setattr(racing, "set_quotas", real)
    assert stage.finish(job).state is JobState.DONE
    if not open_first:
        assert quotas(stage) == ALL_CLOSED
        switch(stage, True)
    assert quotas(stage) == BEFORE


def test_an_opening_that_was_cancelled_halfway_loses_no_value_when_closed_again(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    racing: Any = stage.ports.racing()
    links = {link.attendee: link.profile for link in stage.store.links(stage.event.id).values()}
    list(racing.set_quotas([(links["at-0"], QUOTA)]))  # as far as the cancelled opening came
    handler = SponsorshipHandler()
    job = stage.store.create_job(
        Job("job-x", stage.event.id, "sponsorship", "again", JobState.RUNNING, {"open": False})
    )
    while handler.work(stage.ports, job, stage.lease) is None:
        pass
    assert quotas(stage) == ALL_CLOSED
    switch(stage, True)
    assert quotas(stage) == BEFORE


def test_a_limit_that_does_not_read_back_is_set_again(racing_event: Stage) -> None:
    stage = racing_event
    stage.world.arm("deepracer", "error_5xx", operation="UpdateProfile", count=9)
    closed = switch(stage, False)
    assert "3 of 3" in closed.sentence
    assert quotas(stage) == ALL_CLOSED


def test_pausing_and_resuming_one_person(racing_event: Stage) -> None:
    stage = racing_event
    pause = stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=False)
    assert stage.finish(pause).sentence == "1 of 1 profile is paused; running work, queued work and submissions go on."
    assert quotas(stage) == BEFORE | {"racer.no2@example.com": CLOSED}
    stage.worker.profiles.listings.listed_at = None
    stage.worker.run_once()
    assert quotas(stage)["racer.no2@example.com"] == CLOSED
    resume = stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=True)
    assert stage.finish(resume).sentence == "1 of 1 profile is sponsored again."
    assert quotas(stage) == BEFORE
    assert stage.store.rows(stage.event.id, PAUSED_PROFILES) == {}


def test_a_paused_person_stays_paused_over_closing_and_opening(racing_event: Stage) -> None:
    stage = racing_event
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-0"], active=False))
    switch(stage, False)
    switch(stage, True)
    assert quotas(stage) == BEFORE | {"racer.no0@example.com": CLOSED}
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-0"], active=True))
    assert quotas(stage) == BEFORE


def test_a_quota_is_read_back_and_undone(racing_event: Stage) -> None:
    stage = racing_event
    job = stage.finish(stage.console.first.usage.set_quotas(ORGANIZER, ["at-0", "at-1"], hours=5, models=7))
    assert job.sentence == "2 of 2 people have their quota, seen at the service."
    assert quotas(stage)["racer.no0@example.com"] == Quota(300, 7)
    undo = stage.finish(stage.console.first.jobs.undo(ORGANIZER, job.id))
    assert undo.state is JobState.DONE
    assert quotas(stage) == BEFORE
    assert stage.store.attendee(stage.event.id, "at-0").quota is None


def test_a_quota_given_while_sponsorship_is_closed_is_kept_for_later(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    stage.finish(stage.console.first.usage.set_quotas(ORGANIZER, ["at-0"], hours=5, models=7))
    assert quotas(stage) == ALL_CLOSED
    switch(stage, True)
    assert quotas(stage) == BEFORE | {"racer.no0@example.com": Quota(300, 7)}


def test_sponsorship_counts_as_closed_while_it_is_being_closed() -> None:
    assert Sponsorship(open=True).is_open
    assert not Sponsorship(open=True, closing=True).is_open
    assert not Sponsorship().is_open


def test_outcomes_of_a_pause_name_people_without_profile() -> None:
    from deepracer_admin.flows.sponsorship.pause import _settled
    from deepracer_admin.model import JobItem

    item = JobItem("j", "p", State.TODO, after={"active": False})
    assert _settled(item, None).sentence == "The service lists no such profile any more."
    assert _settled(item, Outcome("p", Step.PROFILE, State.RETRY)).state is State.TODO


# ------------------------------------------------------------------------------------ who comes while it is closed


def test_who_comes_while_sponsorship_is_closed_gets_0_and_opening_gives_them_their_quota(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    own, other = stage.add("racer.own@example.com", "racer.late@example.com")
    stage.store.save_attendees(stage.event.id, [replace(own, quota=Quota(60, 2))])
    stage.rounds(lambda: stage.done(Step.PROFILE) == 5)
    relist(stage)
    assert quotas(stage) == ALL_CLOSED | {own.email: CLOSED, other.email: CLOSED}
    stage.console.first.onboarding.pause(ORGANIZER)  # opening gives it by itself
    opened = switch(stage, True)
    assert "5 of 5 event profiles may train" in opened.sentence
    assert quotas(stage) == BEFORE | {own.email: Quota(60, 2), other.email: QUOTA}


def test_a_profile_that_came_with_unlimited_hours_while_it_was_closed_is_set_to_0(racing_event: Stage) -> None:
    """By hand on the settings page: then onboarding alone stands between a newcomer and unlimited hours."""
    stage = racing_event
    switch(stage, False)
    stage.ports.racing().set_new_profile_quota(Quota(-1, -1))
    (late,) = stage.add("racer.late@example.com")
    stage.rounds(lambda: quotas(stage).get(late.email) == CLOSED and stage.done(Step.PROFILE) == 4)
    switch(stage, False)
    switch(stage, True)
    assert quotas(stage)[late.email] == QUOTA


def test_nobody_may_train_before_sponsorship_is_opened_and_the_adopted_are_left_alone(stage: Stage) -> None:
    invite_by_hand(stage, "racer.before@example.com")
    stage.crowd(2)
    stage.add("racer.before@example.com")
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 3)
    relist(stage)
    fresh = {"racer.no0@example.com": CLOSED, "racer.no1@example.com": CLOSED}
    assert quotas(stage) == fresh | {"racer.before@example.com": Quota(-1, -1)}
    assert stage.ports.racing().new_profile_quota() == Quota(-1, -1), "nothing was switched yet"
    switch(stage, True)
    relist(stage)
    assert set(quotas(stage).values()) == {QUOTA}


def test_a_quota_given_before_sponsorship_is_opened_is_kept_for_later(stage: Stage) -> None:
    stage.crowd(1)
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    stage.finish(stage.console.first.usage.set_quotas(ORGANIZER, ["at-0"], hours=5, models=7))
    relist(stage, 2)
    assert quotas(stage) == {"racer.no0@example.com": CLOSED}
    switch(stage, True)
    assert quotas(stage) == {"racer.no0@example.com": Quota(300, 7)}


def test_a_pause_while_it_is_closed_and_a_resume_once_it_is_open_give_the_quota_back(stage: Stage) -> None:
    stage.crowd(1)
    stage.start()
    stage.rounds(lambda: stage.done(Step.PROFILE) == 1)
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-0"], active=False))
    switch(stage, True)
    assert quotas(stage) == {"racer.no0@example.com": CLOSED}
    stage.console.first.onboarding.pause(ORGANIZER)
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-0"], active=True))
    assert quotas(stage) == {"racer.no0@example.com": QUOTA}


def test_a_resume_while_it_is_closed_waits_for_the_opening(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=False))
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=True))
    assert quotas(stage) == ALL_CLOSED
    switch(stage, True)
    assert quotas(stage) == BEFORE

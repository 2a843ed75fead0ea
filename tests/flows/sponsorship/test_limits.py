"""Limits of the paused and the closed: nothing of a person's is lost, and no look that is old undoes a switch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.flows.access import onboarding
from deepracer_admin.model import Attendee, Job, JobState, Quota
from deepracer_admin.records.limits import PAUSED_PROFILES
from tests.flows.conftest import ORGANIZER, QUOTA, Stage
from tests.flows.sponsorship.test_switch import ALL_CLOSED, BEFORE, quotas, racing_event, relist, switch

__all__ = ["racing_event"]


@pytest.mark.parametrize("closed", [False, True], ids=["paused", "closed"])
def test_extra_hours_are_added_to_what_a_person_has_apart_from_it(racing_event: Stage, closed: bool) -> None:
    stage = racing_event

    def hold(on: bool) -> None:
        if closed:
            switch(stage, not on)
        else:
            stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=not on))

    hold(True)
    job = stage.finish(stage.console.first.usage.grant(ORGANIZER, "at-2", extra_hours=2.0))
    hold(False)
    assert quotas(stage) == BEFORE | {"racer.no2@example.com": Quota(720, 9)}
    hold(True)
    stage.finish(stage.console.first.jobs.undo(ORGANIZER, job.id))
    hold(False)
    assert quotas(stage) == BEFORE
    assert stage.store.attendee(stage.event.id, "at-2").quota == Quota(600, 9)


def test_the_undo_of_extra_hours_keeps_the_persons_own_quota(racing_event: Stage) -> None:
    stage = racing_event
    job = stage.finish(stage.console.first.usage.grant(ORGANIZER, "at-2", extra_hours=2.0))
    assert quotas(stage)["racer.no2@example.com"] == Quota(720, 9)
    stage.finish(stage.console.first.jobs.undo(ORGANIZER, job.id))
    relist(stage)
    assert quotas(stage) == BEFORE
    assert stage.store.attendee(stage.event.id, "at-2").quota == Quota(600, 9)


def test_a_quota_set_while_paused_and_undone_leaves_what_was_there(racing_event: Stage) -> None:
    stage = racing_event
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=False))
    job = stage.finish(stage.console.first.usage.set_quotas(ORGANIZER, ["at-2"], hours=20, models=7))
    stage.finish(stage.console.first.jobs.undo(ORGANIZER, job.id))
    assert [*stage.store.rows(stage.event.id, PAUSED_PROFILES).values()] == [Quota(600, 9)]
    stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=True))
    assert quotas(stage) == BEFORE


# ------------------------------------------------------------------------- a look that is old by the time it writes


def with_other_quotas(stage: Stage, monkeypatch: pytest.MonkeyPatch, meanwhile: Any) -> list[Attendee]:
    """A look is about to give everybody 400 minutes; before its first write lands, something else happens."""
    people = stage.store.attendees(stage.event.id)
    stage.store.save_attendees(stage.event.id, [replace(person, quota=Quota(400, 4)) for person in people])
    real, happened = onboarding._set_one, []

    def late(*asked: Any) -> Any:
        told = real(*asked)
        if not happened:
            happened.append(meanwhile())
        return told

    monkeypatch.setattr(onboarding, "_writes_in_flight", lambda _: 1)
    monkeypatch.setattr(onboarding, "_set_one", late)
    stage.worker.profiles.listings.listed_at = None
    stage.worker.profiles.look(stage.event, stage.lease)
    monkeypatch.setattr(onboarding, "_set_one", real)
    assert happened
    return people


def test_a_look_that_is_under_way_does_not_undo_a_close(racing_event: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = racing_event
    with_other_quotas(stage, monkeypatch, lambda: switch(stage, False))
    assert quotas(stage) == ALL_CLOSED
    relist(stage, 2)
    assert quotas(stage) == ALL_CLOSED


def test_a_look_that_is_under_way_does_not_undo_a_pause(racing_event: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = racing_event

    def pause() -> Job:
        return stage.finish(stage.console.first.usage.sponsor(ORGANIZER, ["at-0", "at-1", "at-2"], active=False))

    with_other_quotas(stage, monkeypatch, pause)
    assert quotas(stage) == ALL_CLOSED


def test_a_look_that_is_under_way_does_not_undo_an_opening(
    racing_event: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = racing_event
    switch(stage, False)
    links = {link.attendee: link.profile for link in stage.store.links(stage.event.id).values()}
    list(stage.ports.racing().set_quotas([(profile, QUOTA) for profile in links.values()]))  # on the site, by hand
    with_other_quotas(stage, monkeypatch, lambda: switch(stage, True))
    relist(stage, 2)
    assert set(quotas(stage).values()) == {Quota(400, 4)}


def test_onboarding_leaves_limits_to_a_switch_that_is_under_way(racing_event: Stage) -> None:
    stage = racing_event
    switch(stage, False)
    stage.store.create_job(Job("job-x", stage.event.id, "sponsorship", "x", JobState.RUNNING, {"open": True}))
    links = [link.profile for link in stage.store.links(stage.event.id).values()]
    list(stage.ports.racing().set_quotas([(profile, QUOTA) for profile in links]))  # as far as the opening came
    stage.worker.profiles.listings.listed_at = None
    stage.worker.profiles.look(stage.event, stage.lease)
    assert set(quotas(stage).values()) == {QUOTA}

"""Onboarding: the funnel says what is known, a retry reaches those it names."""

from __future__ import annotations

import pytest

from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.model import Outcome, Role, State, Step
from deepracer_admin.records.onboarding import ONBOARDING_REPORT, OnboardingReport
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR, VIEWER = (actor_of(role) for role in (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER))


def record(console, event, *outcomes: Outcome) -> None:
    console.store.record(event.id, outcomes, lease=None, now=NOW)


def row_of(view, step: Step):
    return next(row for row in view.funnel if row.step is step)


def test_every_person_on_the_list_is_in_exactly_one_state_of_each_step(console, event, people):
    record(
        console,
        event,
        Outcome("at-1", Step.PROFILE, State.ALREADY),
        Outcome("at-2", Step.PROFILE, State.WAITING),
        Outcome("at-3", Step.PROFILE, State.REFUSED, "bad", "No."),
        Outcome("at-6", Step.PROFILE, State.DONE),
    )
    row = row_of(console.first.onboarding.view(FACILITATOR), Step.PROFILE)
    assert (row.done, row.waiting, row.refused, row.unknown, row.todo) == (1, 1, 1, 0, 2)
    assert row.oldest == NOW


def test_what_the_service_does_not_tell_is_not_known(console, event, people):
    console.store.keep(event.id, ONBOARDING_REPORT, OnboardingReport(not_known=(Step.SIGNED_IN,)))
    view = console.first.onboarding.view(ORGANIZER)
    assert not row_of(view, Step.SIGNED_IN).known
    assert row_of(view, Step.TRAINED).known


def test_without_a_group_there_is_no_such_step(console, event, people):
    assert all(row.step is not Step.GROUP for row in console.first.onboarding.view(ORGANIZER).funnel)


def test_a_retry_reaches_one_reason_also_where_it_has_no_code(console, event, people):
    record(
        console,
        event,
        Outcome("at-1", Step.PROFILE, State.REFUSED, "", "Without a code."),
        Outcome("at-2", Step.PROFILE, State.REFUSED, "other", "With a code."),
    )
    [first, _] = sorted(console.first.onboarding.view(ORGANIZER).stuck, key=lambda row: row.sentence, reverse=True)
    assert first.names == ("Racer 1",)
    assert console.first.onboarding.retry(ORGANIZER, step=first.step, reason=first.reason) == 1
    states = {row.attendee: row.state for row in console.store.steps(event.id)}
    assert states["at-2"] is State.REFUSED
    assert states.get("at-1", State.TODO) is State.TODO


def test_mail_is_never_retried_in_bulk(console, event, people):
    record(console, event, Outcome("at-1", Step.MAIL, State.REFUSED, "bounced", "It came back."))
    assert not console.first.onboarding.view(ORGANIZER).stuck[0].retryable
    assert console.first.onboarding.retry(ORGANIZER) == 0


def test_a_facilitator_retries_one_and_not_all(console, event, people):
    record(console, event, Outcome("at-1", Step.PROFILE, State.REFUSED, "x", "No."))
    with pytest.raises(NotAllowed, match="retry everybody"):
        console.first.onboarding.retry(FACILITATOR)
    assert console.first.onboarding.retry_one(FACILITATOR, "at-1") == 1


def test_a_pause_before_the_start_is_a_conflict(console, event, people):
    with pytest.raises(Conflict, match="idle"):
        console.first.onboarding.pause(ORGANIZER)


def test_access_is_taken_back_only_with_the_name_typed(console, event, people):
    with pytest.raises(BadInput, match="exactly"):
        console.first.onboarding.remove(ORGANIZER, ["at-1"], typed_name="Autumn")
    with pytest.raises(Missing, match="search again"):
        console.first.onboarding.remove(ORGANIZER, ["at-9"], typed_name="Autumn Cup")
    assert console.first.onboarding.remove(ORGANIZER, ["at-1"], typed_name="Autumn Cup") == 1
    assert not console.store.attendee(event.id, "at-1").wanted


def test_a_viewer_sees_nobody(console, event, people):
    for call in (console.first.onboarding.view, console.first.onboarding.plan):
        with pytest.raises(NotAllowed, match="see the onboarding"):
            call(VIEWER)


def test_a_retry_of_a_reason_reaches_the_people_it_named_and_no_newcomer(console, event, people):
    record(console, event, Outcome("at-1", Step.PROFILE, State.REFUSED, "bad", "No such mailbox."))
    [row] = console.first.onboarding.view(ORGANIZER).stuck
    record(console, event, Outcome("at-2", Step.PROFILE, State.REFUSED, "bad", "No such mailbox."))
    [later] = console.first.onboarding.view(ORGANIZER).stuck
    assert (later.id, row.attendees, later.people) == (row.id, ("at-1",), 2)
    done = console.first.onboarding.retry(ORGANIZER, step=row.step, reason=row.reason, attendees=row.attendees)
    assert done == 1
    states = {each.attendee: each.state for each in console.store.steps(event.id)}
    assert states["at-2"] is State.REFUSED

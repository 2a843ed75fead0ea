"""Messages: one campaign of a kind at a time, schedules that hold, resends one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.model import Outcome, Role, Sending, State, Step
from deepracer_admin.services.mail.messages import Audience
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR = actor_of(Role.ORGANIZER), actor_of(Role.FACILITATOR)
PROVEN = Audience("proven")


@pytest.fixture
def messages(console, event, people):
    """Two people with proven access, in two offices."""
    console.store.save_event(replace(event, portal_url="https://portal.example.com"))
    done = [Outcome(f"at-{number}", Step.ACCESS, State.DONE) for number in (1, 3)]
    console.store.record(event.id, done, lease=None, now=NOW)
    return console.first.messages


def test_an_audience_is_narrowed_by_cohort(messages):
    assert [person.id for person in messages.audience(FACILITATOR, PROVEN)] == ["at-1", "at-3"]
    assert [person.id for person in messages.audience(FACILITATOR, Audience("proven", "office:Roma"))] == ["at-3"]


def test_who_had_this_version_is_not_counted_again(messages, console, event):
    console.store.plan_deliveries(event.id, [("at-1", "access", 1)], campaign="access", lease=None)
    people, had = messages.reach(FACILITATOR, "access", PROVEN)
    assert ([person.id for person in people], had) == (["at-3"], 1)
    assert len(messages.reach(FACILITATOR, "reminder", PROVEN)[0]) == 2


def test_whom_the_directory_refuses_gets_no_access_mail_where_it_is_the_way_in(messages, console, event):
    refused = Outcome("at-1", Step.GROUP, State.REFUSED, "disabled", "This account is disabled.")
    console.store.record(event.id, [refused], lease=None, now=NOW)
    assert [person.id for person in messages.audience(ORGANIZER, PROVEN)] == ["at-1", "at-3"], "the profile lets in"
    console.store.amend_event(event.id, lambda each: replace(each, service="managed", group_id="group"))
    assert [person.id for person in messages.audience(ORGANIZER, PROVEN)] == ["at-3"]
    assert messages.send(ORGANIZER, "access", PROVEN, attendees=["at-1", "at-3"]).gone == ("Racer 1",)
    with pytest.raises(BadInput, match="The directory refuses this person"):
        messages.resend_one(ORGANIZER, "at-1")


def test_whoever_was_not_named_gets_none(messages, console, event):
    console.store.record(event.id, [Outcome("at-2", Step.ACCESS, State.DONE)], lease=None, now=NOW)
    made = messages.send(ORGANIZER, "access", PROVEN, attendees=["at-1", "at-3"])
    assert (made.people, made.gone, made.came) == (2, (), 1)
    with pytest.raises(Missing):
        messages.send(ORGANIZER, "reminder", PROVEN, attendees=["at-1", "somebody"])
    with pytest.raises(BadInput, match="Nobody is in that audience now"):
        messages.send(ORGANIZER, "reminder", Audience("not_trained"), attendees=["at-1"])


def test_what_is_scheduled_by_the_event_may_have_nobody_yet_but_a_moment_to_come(messages, console, event, clock):
    relative = messages.when(ORGANIZER, "ends", -120)
    assert relative.at == event.ends_at - timedelta(hours=2)
    made = messages.send(ORGANIZER, "reminder", Audience("not_submitted"), relative=relative)
    assert made.people == 0
    [view] = messages.campaigns(ORGANIZER)
    assert (view.schedule_at, view.relative) == (relative.at, relative)
    for anchor, minutes in (("starts", -30), ("ends", -60 * 24 * 365), ("closes:r-9", -120)):
        with pytest.raises(BadInput):
            messages.when(ORGANIZER, anchor, minutes)
    console.store.amend_event(event.id, lambda one: replace(one, ends_at=one.ends_at + timedelta(hours=1)))
    with pytest.raises(BadInput, match="Schedule it anew"):
        messages.send(ORGANIZER, "reminder", PROVEN, relative=relative)


def test_the_same_campaign_does_not_start_twice(messages):
    messages.send(ORGANIZER, "access", PROVEN)
    with pytest.raises(Conflict, match="runs already"):
        messages.send(ORGANIZER, "access", PROVEN)


def test_a_scheduled_campaign_that_is_paused_and_resumed_still_waits_for_its_time(messages, clock):
    campaign = messages.send(ORGANIZER, "access", PROVEN, schedule_at=NOW + timedelta(hours=2)).campaign
    messages.control(ORGANIZER, campaign, "paused")
    messages.control(ORGANIZER, campaign, "running")
    assert messages.campaigns(ORGANIZER)[0].state == "scheduled"
    messages.control(ORGANIZER, campaign, "paused")
    clock.at = NOW + timedelta(hours=3)
    messages.control(ORGANIZER, campaign, "running")
    assert messages.campaigns(ORGANIZER)[0].state == "running"


def test_a_missing_value_stops_the_whole_campaign_before_the_first_mail(messages, console, event):
    console.store.save_event(replace(event, portal_url=""))
    with pytest.raises(BadInput, match="portal_link"):
        messages.send(ORGANIZER, "access", PROVEN)
    assert messages.campaigns(ORGANIZER) == []


def test_a_facilitator_resends_one_mail_and_sends_none_to_many(messages, console, event):
    with pytest.raises(NotAllowed, match="send mail to many"):
        messages.send(FACILITATOR, "access", PROVEN)
    messages.resend_one(FACILITATOR, "at-1")
    with pytest.raises(Conflict, match="under way"):
        messages.resend_one(FACILITATOR, "at-1")
    assert [row.state for row in console.store.deliveries(event.id)] == [Sending.PENDING]


def test_nobody_gets_the_access_mail_before_access_is_proven(messages):
    with pytest.raises(BadInput, match="not proven"):
        messages.resend_one(FACILITATOR, "at-2")


def test_a_preview_is_written_for_the_person_who_is_named(messages):
    mail = messages.preview(FACILITATOR, "access", attendee="at-3", language="it")
    assert "Racer 3" in mail.text
    assert mail.subject.startswith("[REHEARSAL]")

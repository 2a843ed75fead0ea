"""What waits of an event from a backup, who may say that it goes on, once, and what each role is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, NotAllowed
from deepracer_admin.model import Actor, Attendee, Event, FromBackup, Job, JobState, Outcome, Role, State, Step
from deepracer_admin.records.campaigns import ACCESS_CAMPAIGN, CAMPAIGNS, Audience, Campaign, CampaignState
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.services.setup.restored import Waiting
from tests.pages.conftest import NOW, ROLES, actor_of

MARK = FromBackup(NOW, NOW - timedelta(hours=5))


@pytest.fixture
def waits(console: Console, event: Event) -> Event:
    console.store.update("ev-1", RESTORED, lambda _: MARK)
    return event


@pytest.mark.parametrize("role", ROLES)
def test_an_event_that_does_not_wait_has_nothing_to_tell(console: Console, event: Event, role: Role) -> None:
    assert console.first.restored.view(actor_of(role)) is None


def test_what_waits_is_counted_and_those_whom_it_reaches_are_named(
    console: Console, waits: Event, people: list[Attendee], organizer: Actor
) -> None:
    store = console.store
    kinds = {ACCESS_CAMPAIGN: CampaignState.RUNNING, "news": CampaignState.SCHEDULED, "old": CampaignState.DONE}
    store.change_rows("ev-1", CAMPAIGNS, lambda _: {key: Campaign(key, 1, Audience(), kinds[key]) for key in kinds})
    store.update("ev-1", ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    store.record("ev-1", [Outcome(people[0].id, Step.MAIL, State.DONE)], lease=None, now=NOW)
    for number, kind in enumerate(("check", "quota")):
        store.create_job(Job(f"job-{number}", "ev-1", kind, kind, JobState.PLANNED, created_at=NOW), [])
    view = console.first.restored.view(organizer)
    assert view
    assert (view.mails, view.campaigns, view.onboarding, view.jobs) == (0, 1, True, ["check", "quota"])
    assert [*view.people] == [person.name or person.email for person in store.attendees("ev-1", wanted=True)][1:]
    floor = console.first.restored.view(actor_of(Role.FACILITATOR))
    assert floor
    assert (floor.campaigns, floor.people) == (1, ())
    assert console.first.restored.view(actor_of(Role.VIEWER)) == Waiting(MARK)


def test_closing_that_waits_reaches_everybody(
    console: Console, waits: Event, people: list[Attendee], organizer: Actor
) -> None:
    console.first.closeout.start(organizer, typed_name="Autumn Cup")
    view = console.first.restored.view(organizer)
    assert view
    assert (view.jobs, len(view.people)) == (["closeout"], len(console.store.attendees("ev-1", wanted=True)))


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_an_organizer_says_that_it_goes_on(console: Console, waits: Event, role: Role) -> None:
    with pytest.raises(NotAllowed, match="let an event from a backup go on here"):
        console.first.restored.go_on(actor_of(role), typed_name="Autumn Cup")
    assert console.store.read("ev-1", RESTORED) == MARK
    assert not console.store.audit("ev-1", limit=1)[0].allowed


def test_it_goes_on_once_by_its_name_typed_and_the_audit_says_who(
    console: Console, waits: Event, organizer: Actor
) -> None:
    desk = console.first.restored
    with pytest.raises(BadInput, match="exactly as it stands"):
        desk.go_on(organizer, typed_name="Winter Cup")
    assert desk.view(organizer)
    assert desk.go_on(organizer, typed_name=" Autumn Cup ") == MARK
    assert desk.view(organizer) is None
    with pytest.raises(Conflict, match="goes on here already"):
        desk.go_on(organizer, typed_name="Autumn Cup")
    told = [row for row in console.store.audit("ev-1") if row.action == "event.go_on"]
    assert [(row.actor, row.allowed, row.after) for row in told] == [
        (organizer.oid, True, {"backup_made_at": "2026-11-23T04:00:00.000Z"})
    ]

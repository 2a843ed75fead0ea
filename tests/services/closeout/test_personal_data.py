"""Personal data goes on its date or by hand, unless a legal hold stands; each erasure leaves a receipt."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Actor, Attendee, Event, Quota
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.store import ProfileLink

SHE = "at-6"


@pytest.fixture
def she(console: Console, event: Event, people: list[Attendee]) -> Attendee:
    """Somebody without access."""
    return console.store.attendee(event.id, SHE)


def test_under_a_legal_hold_nobody_is_erased(console: Console, she: Attendee, organizer: Actor) -> None:
    desk = console.first.personal_data
    with pytest.raises(BadInput, match="who must keep the data"):
        desk.hold(organizer, "hm")
    desk.hold(organizer, "The works council asked for it.")
    with pytest.raises(Conflict, match="stands already"):
        desk.hold(organizer, "The works council asked again.")
    with pytest.raises(Conflict, match="A legal hold stands, set by Organizer Person"):
        console.first.attendees.erase(organizer, SHE, typed=she.email)
    desk.lift(organizer, "It was answered on Monday.")
    with pytest.raises(Missing, match="No legal hold"):
        desk.lift(organizer, "It was answered on Monday.")
    assert console.first.attendees.erase(organizer, SHE, typed=she.email).left == ()
    held = [(row.action, row.after) for row in console.store.audit("ev-1") if row.action == "attendees.hold"]
    assert held == [("attendees.hold", {"held": False}), ("attendees.hold", {"held": True})]


def test_the_receipt_names_nobody(console: Console, she: Attendee, organizer: Actor) -> None:
    receipt = console.first.attendees.erase(organizer, SHE, typed=she.email)
    told = console.first.personal_data.receipt(organizer, receipt.mark).decode()
    assert not any(each in told for each in (she.email, she.name, she.alias, f'"{SHE}"'))
    assert json.loads(told)["ended_at"]
    assert json.loads(told)["sealed"] == ""
    assert [each.mark for each in console.first.personal_data.view(organizer).receipts] == [receipt.mark]
    with pytest.raises(Missing, match="no such receipt"):
        console.first.personal_data.receipt(organizer, "erased-other")


def test_limits_that_the_event_lowered_are_given_back_first(console: Console, she: Attendee, organizer: Actor) -> None:
    console.store.link("ev-1", [ProfileLink(SHE, "pr-x", "adopted", console.clock.now())])
    console.store.change_rows("ev-1", PAUSED_PROFILES, lambda _: {"pr-x": Quota(60, 1)})
    with pytest.raises(Conflict, match="limits that the event lowered"):
        console.first.attendees.erase(organizer, SHE, typed=she.email)


def test_the_view_says_when_what_and_why_it_waits(console: Console, she: Attendee, organizer: Actor) -> None:
    today = console.clock.event_now().date().isoformat()
    console.store.amend_event("ev-1", lambda event: replace(event, erase_on=today))
    view = console.first.personal_data.view(organizer)
    assert (view.days, view.erased, view.hold) == (0, None, None)
    assert view.waits == "The event is not closed: the list is needed to end access. Close the event first."
    assert dict(view.preview)["people of the list"] == len(console.store.attendees("ev-1"))


def test_a_persons_own_data_is_whole_and_readable(console: Console, she: Attendee, organizer: Actor) -> None:
    told = console.first.attendees.person_data(organizer, SHE)
    assert {*told["everything_else"]} == {"kept_values", "results", "jobs", "acts"}
    page = console.first.attendees.person_page(organizer, SHE).decode()
    assert she.email in page
    assert "default-src 'none'" in page

"""Several people of the list at once: whom an act reaches is decided at the press, in one write, and told."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.model import Actor, Attendee, Delivery, Event, Outcome, Role, Sending, State, Step
from deepracer_admin.rules.left_out import Left
from deepracer_admin.services.people.several import SeveralService
from tests.pages.conftest import NOW, StandingClock, actor_of

ALL = tuple(f"at-{number}" for number in range(1, 7))


@pytest.fixture
def several(console: Console, event: Event, people: list[Attendee]) -> SeveralService:
    """1, 2 and 3 have access, 3 and 4 were refused at a step, 6 has left."""
    console.store.save_event(replace(event, portal_url="https://portal.example.com"))
    proven = [Outcome(f"at-{number}", Step.ACCESS, State.DONE) for number in (1, 2, 3)]
    refused = [Outcome(f"at-{number}", Step.PROFILE, State.REFUSED, "bad", "No such mailbox.") for number in (3, 4)]
    refused += [Outcome("at-4", Step.GROUP, State.REFUSED, "bad", "Nobody."), Outcome("at-5", Step.MAIL, State.REFUSED)]
    console.store.record(event.id, [*proven, *refused], lease=None, now=NOW)
    return console.first.several


def mailed(console: Console, one: str, state: Sending, **values: Any) -> None:
    """Their access mail stands in this state since now."""
    store = console.store
    assert store.plan_deliveries("ev-1", [(one, "access", 1)], campaign="access", lease=None) == 1
    lease = store.acquire("worker", "test", ttl_s=60, now=console.clock.now())
    assert lease
    [claimed] = [
        mail
        for mail in store.claim_deliveries("ev-1", "access", 9, lease=lease, now=console.clock.now())
        if mail.attendee == one
    ]
    store.settle_deliveries("ev-1", [replace(claimed, state=state, **values)], lease=lease, now=console.clock.now())
    store.release(lease)


def pending(console: Console) -> list[str]:
    return sorted(row.attendee for row in console.store.deliveries("ev-1", state=Sending.PENDING))


def states(console: Console) -> set[tuple[str, Step]]:
    return {(row.attendee, row.step) for row in console.store.steps("ev-1") if row.state is State.REFUSED}


def wanted(console: Console) -> set[str]:
    return {person.id for person in console.store.attendees("ev-1", wanted=True)}


def test_it_is_told_beforehand_whom_each_act_reaches_and_why_not_the_others(
    several: SeveralService, organizer: Actor
) -> None:
    found = several.reach(organizer, [*reversed(ALL), "somebody"])
    assert found.chosen == ALL
    assert found.names[:2] == ("Racer 1", "Racer 2")
    assert (found.mail.ids, dict(found.mail.left)) == (ALL[:3], {Left.NO_ACCESS: 2, Left.OFF: 1})
    assert (found.retry.ids, dict(found.retry.left)) == (ALL[2:4], {Left.NOT_STUCK: 3, Left.OFF: 1})
    assert (found.off.ids, dict(found.off.left)) == (ALL[:5], {Left.OFF: 1})
    assert not found.closed


def test_the_mail_goes_once_to_those_with_access_and_the_others_are_told(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    done = several.send_again(organizer, [*ALL, "somebody"], seen=NOW)
    assert pending(console) == ["at-1", "at-2", "at-3"]
    assert done.people == 3
    assert done.left_out == (" Left out: 1 is not on the list any more, 1 is taken off the list, 2 have no access yet.")
    entry = console.store.audit("ev-1", limit=1)[0]
    assert (entry.action, entry.target, entry.count, entry.after["left_out"]) == ("messages.send", "access", 3, 4)


def test_two_tabs_that_send_at_once_send_one_mail_each(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    several.send_again(organizer, ["at-1", "at-2"], seen=NOW)
    with pytest.raises(Conflict, match="Nobody was sent a mail: 2 have one on its way already"):
        several.send_again(organizer, ["at-1", "at-2"], seen=NOW)
    assert several.send_again(organizer, ["at-2", "at-3"], seen=NOW).left == {Left.UNDER_WAY: 1}
    assert pending(console) == ["at-1", "at-2", "at-3"]


def test_a_press_between_the_look_and_the_write_of_another_sends_no_second(
    several: SeveralService, console: Console, organizer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, other = console.store.deliveries, [organizer]

    def read(*given: Any, **named: Any) -> list[Delivery]:
        answer = real(*given, **named)
        while other:
            several.send_again(other.pop(), ["at-1"], seen=NOW)
        return answer

    monkeypatch.setattr(console.store, "deliveries", read)
    assert several.send_again(organizer, ["at-1", "at-2"], seen=NOW).left == {Left.UNDER_WAY: 1}
    assert pending(console) == ["at-1", "at-2"]


def test_whoever_was_sent_one_since_it_was_looked_at_gets_no_second(
    several: SeveralService, console: Console, organizer: Actor, clock: StandingClock
) -> None:
    mailed(console, "at-1", Sending.SENT)
    looked = clock.now()
    clock.at += timedelta(minutes=10)
    mailed(console, "at-2", Sending.SENT)
    done = several.send_again(organizer, ["at-1", "at-2"], seen=looked)
    assert (pending(console), done.left) == (["at-1"], {Left.MAILED_SINCE: 1})
    assert several.send_again(organizer, ["at-2"], seen=clock.now()).people == 1


def test_nothing_is_repeated_by_the_dozen_where_the_answer_of_the_sender_was_lost(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    mailed(console, "at-1", Sending.UNKNOWN)
    assert several.reach(organizer, ["at-1", "at-2"]).mail.left == {Left.UNKNOWN: 1}
    several.send_again(organizer, ["at-1", "at-2"], seen=NOW)
    assert pending(console) == ["at-2"]


def test_whom_the_directory_refuses_is_left_out_where_it_is_the_way_in(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    refused = Outcome("at-1", Step.GROUP, State.REFUSED, "disabled", "This account is disabled.")
    console.store.record("ev-1", [refused], lease=None, now=NOW)
    console.store.amend_event("ev-1", lambda each: replace(each, service="managed", group_id="group"))
    assert several.reach(organizer, ["at-1", "at-2"]).mail.left == {Left.DOOR: 1}


def test_a_mail_that_cannot_be_written_stops_all_before_the_first(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    console.store.amend_event("ev-1", lambda each: replace(each, portal_url=""))
    with pytest.raises(BadInput, match="Racer 1 cannot be written"):
        several.send_again(organizer, ALL, seen=NOW)
    assert pending(console) == []


def test_a_fresh_first_password_is_told_where_the_mail_carries_one(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    assert several.reach(organizer, ALL).fresh_passwords == 0
    console.store.amend_event("ev-1", lambda each: replace(each, way_in="pool"))
    assert several.reach(organizer, ALL).fresh_passwords == 3


def test_only_what_was_refused_is_tried_again_and_no_mail(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    done = several.try_again(organizer, ["at-1", "at-4", "at-5", "somebody"])
    assert (done.people, done.left) == (1, {Left.GONE: 1, Left.NOT_STUCK: 2})
    assert states(console) == {("at-3", Step.PROFILE), ("at-5", Step.MAIL)}
    assert {row.state for row in console.store.steps_of("ev-1", "at-1")} == {State.DONE}
    with pytest.raises(Conflict, match="Nobody was tried again: 1 is not refused anywhere"):
        several.try_again(organizer, ["at-4"])


def test_who_vanished_between_is_left_out_and_the_others_are_taken_off(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    console.store.delete_attendees("ev-1", ["at-2"])
    done = several.take_off(organizer, ["at-1", "at-2", "at-6"], typed_name=" Autumn Cup ")
    assert (done.people, done.left) == (1, {Left.GONE: 1, Left.OFF: 1})
    assert wanted(console) == {"at-3", "at-4", "at-5"}
    with pytest.raises(Conflict, match="Nobody was taken off the list: 1 is taken off the list"):
        several.take_off(organizer, ["at-1"], typed_name="Autumn Cup")
    assert console.store.audit("ev-1", limit=1)[0].count == 1


def test_nobody_is_taken_off_before_the_name_is_typed(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    with pytest.raises(BadInput, match="event's name"):
        several.take_off(organizer, ALL, typed_name="autumn cup")
    assert len(wanted(console)) == 5


ACTS: dict[str, Callable[[SeveralService, Actor], Any]] = {
    "mail": lambda several, who: several.send_again(who, ALL, seen=NOW),
    "retry": lambda several, who: several.try_again(who, ALL),
    "off": lambda several, who: several.take_off(who, ALL, typed_name="Autumn Cup"),
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_in_an_event_that_is_closed(
    several: SeveralService, console: Console, organizer: Actor, act: str
) -> None:
    console.store.amend_event("ev-1", lambda each: replace(each, closed_at=NOW))
    before = (pending(console), states(console), wanted(console))
    with pytest.raises(Conflict, match="The event is closed"):
        ACTS[act](several, organizer)
    assert (pending(console), states(console), wanted(console)) == before
    assert several.reach(organizer, ALL).closed


@pytest.mark.parametrize("act", ACTS)
def test_people_of_another_event_are_nobody_here(
    several: SeveralService, console: Console, event: Event, organizer: Actor, act: str
) -> None:
    console.store.save_event(replace(event, id="ev-2", name="Autumn Cup"))
    there = console.of("ev-2").several
    before = (pending(console), states(console), wanted(console))
    with pytest.raises(Missing, match="Nobody of the chosen is on this event's list"):
        ACTS[act](there, organizer)
    assert (pending(console), states(console), wanted(console)) == before


@pytest.mark.parametrize("act", ACTS)
def test_a_facilitator_does_nothing_in_bulk(several: SeveralService, act: str) -> None:
    with pytest.raises(NotAllowed):
        ACTS[act](several, actor_of(Role.FACILITATOR))


def test_the_chosen_are_saved_inert_and_it_is_written_down(
    several: SeveralService, console: Console, organizer: Actor
) -> None:
    console.store.amend_attendees("ev-1", lambda each: replace(each, name="=1+1"), ids=["at-2"])
    data = console.first.attendees.export(organizer, ["at-2", "at-6", "somebody"]).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data)))
    assert [(row["Name"], row["Email"], row["Wanted"]) for row in rows] == [
        ("'=1+1", "racer2@example.com", "yes"),
        ("Racer 6", "racer6@example.com", "no"),
    ]
    entry = console.store.audit("ev-1", limit=1)[0]
    assert (entry.action, entry.target, entry.count) == ("attendees.export", "chosen", 2)

"""Organizers see who is signed in, and sign somebody out everywhere."""

from __future__ import annotations

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Missing, SignedOut
from deepracer_admin.model import Actor, Event, Role
from deepracer_admin.rules.sessions import IDLE
from deepracer_admin.web.keeper import SessionKeeper
from tests.pages.conftest import StandingClock, actor_of


def sign_in(console: Console, role: Role) -> Actor:
    person, keeper = actor_of(role), SessionKeeper(console.sessions, console.clock)
    found = keeper.find(keeper.create(oid=person.oid, tid=person.tid, name=person.name, roles=person.roles))
    assert found is not None
    return found


def test_a_person_is_one_row_however_many_browsers(console: Console, event: Event, clock: StandingClock) -> None:
    sign_in(console, Role.VIEWER)
    clock.at += IDLE
    olivia = sign_in(console, Role.ORGANIZER)
    sign_in(console, Role.FACILITATOR)
    sign_in(console, Role.FACILITATOR)
    rows = {row.oid: row for row in console.of(event.id).signed_in.people(olivia)}
    assert {row.name: row.browsers for row in rows.values()} == {"Organizer Person": 1, "Facilitator Person": 2}
    assert not any(row.on_behalf for row in rows.values())


def test_whoever_is_signed_out_can_do_nothing_more_and_nothing_goes_on_in_their_name(
    console: Console, event: Event
) -> None:
    olivia, frank = sign_in(console, Role.ORGANIZER), sign_in(console, Role.FACILITATOR)
    console.sessions.save_delegation(frank.oid, frank.name, b"sealed", at=console.clock.now())
    desk = console.of(event.id)
    assert desk.signed_in.sign_out(olivia, frank.oid) == 1
    assert console.sessions.delegation(frank.oid) is None
    with pytest.raises(SignedOut):
        desk.attendees.revision(frank)
    entry = console.store.audit(limit=1)[0]
    assert (entry.action, entry.target, entry.count, entry.actor) == ("setup.sessions", frank.oid, 1, olivia.oid)
    with pytest.raises(Missing):
        desk.signed_in.sign_out(olivia, frank.oid)


def test_nobody_signs_themselves_out_by_accident(console: Console, event: Event) -> None:
    olivia = sign_in(console, Role.ORGANIZER)
    with pytest.raises(BadInput, match="use Sign out"):
        console.of(event.id).signed_in.sign_out(olivia, olivia.oid)

"""Authority is asked at the moment of the act: a page that still holds an actor of before reaches nobody.

The walk goes over every public method of every service by its signature, so a new one is in it by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console, EventDesk
from deepracer_admin.errors import ConsoleError, NotAllowed, SignedOut
from deepracer_admin.model import Actor, Attendee, Event, Profile, Role
from deepracer_admin.rules.access import ACTIONS
from deepracer_admin.rules.sessions import IDLE, ROLES_COUNT_FOR
from deepracer_admin.services.base import Service
from deepracer_admin.web.keeper import SessionKeeper
from tests.pages.conftest import StandingClock, actor_of


class Anything(str):
    """Fits every argument: whoever is asked first who acts never looks at it."""

    def __getattr__(self, name: str) -> Anything:
        return Anything(name)


def walk(desk: EventDesk) -> Iterator[tuple[str, Callable[..., Any]]]:
    for each in fields(desk):
        service = getattr(desk, each.name)
        if not isinstance(service, Service):
            continue
        for name, method in inspect.getmembers(service, inspect.ismethod):
            if not name.startswith("_") and "actor" in inspect.signature(method).parameters:
                yield f"{each.name}.{name}", method


def call(method: Callable[..., Any], who: Actor) -> Any:
    given = {
        name: Anything("anything")
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "actor" and parameter.default is parameter.empty
    }
    return method(who, **given)


@pytest.fixture
def signed_in(console: Console) -> Callable[[Role], tuple[Actor, str]]:
    keeper = SessionKeeper(console.sessions, console.clock)

    def sign_in(role: Role) -> tuple[Actor, str]:
        person = actor_of(role)
        cookie = keeper.create(oid=person.oid, tid=person.tid, name=person.name, roles=person.roles)
        found = keeper.find(cookie)
        assert found is not None
        return found, cookie

    return sign_in


SignIn = Callable[[Role], tuple[Actor, str]]


def test_after_sign_out_no_method_of_any_service_does_or_tells_anything(
    console: Console, event: Event, people: list[Attendee], profiles: list[Profile], signed_in: SignIn
) -> None:
    who, cookie = signed_in(Role.ORGANIZER)
    SessionKeeper(console.sessions, console.clock).revoke(cookie)
    revision = console.store.revision(event.id)
    walked = [*walk(console.of(event.id))]
    assert len(walked) > 100
    for name, method in walked:
        try:
            call(method, who)
        except SignedOut:
            continue
        pytest.fail(f"{name} answered somebody who is signed out")
    refused = [entry for entry in console.store.audit(limit=500) if entry.actor == who.oid]
    assert refused
    assert not any(entry.allowed for entry in refused)
    assert console.store.revision(event.id) == revision + len(refused), "nothing was written but the refusals"


def test_whoever_signs_in_next_does_not_lend_the_earlier_person_their_session(
    console: Console, event: Event, signed_in: SignIn
) -> None:
    earlier, cookie = signed_in(Role.ORGANIZER)
    SessionKeeper(console.sessions, console.clock).revoke(cookie)
    signed_in(Role.FACILITATOR)
    with pytest.raises(SignedOut):
        console.of(event.id).events.run_check(earlier)


def test_an_idle_hour_ends_a_dialog_that_was_left_open(
    console: Console, event: Event, clock: StandingClock, signed_in: SignIn
) -> None:
    who, _ = signed_in(Role.ORGANIZER)
    clock.at += IDLE
    with pytest.raises(SignedOut):
        console.of(event.id).events.run_check(who)


def test_a_role_that_was_withdrawn_counts_no_more(console: Console, event: Event, signed_in: SignIn) -> None:
    who, _ = signed_in(Role.ORGANIZER)
    console.sessions.save_roles(who.session, [Role.VIEWER.value], at=console.clock.now())
    for name, method in walk(console.of(event.id)):
        try:
            call(method, who)
        except NotAllowed:
            continue
        except (ConsoleError, AttributeError, TypeError, ValueError, KeyError):
            pass  # let in: what a viewer may ask, with arguments that make no sense
        assert name.split(".")[0] in ("events", "usage", "boards", "races", "practice_clock", "calendar", "restored"), (
            f"{name} is no viewer's"
        )


@pytest.mark.parametrize("action", [name for name, entry in ACTIONS.items() if entry.for_good])
def test_what_cannot_be_taken_back_needs_a_role_confirmed_lately(
    console: Console, event: Event, clock: StandingClock, signed_in: SignIn, action: str
) -> None:
    who, _ = signed_in(Role.ORGANIZER)
    service = console.of(event.id).closeout
    service._authorise(who, action)
    clock.at += ROLES_COUNT_FOR + timedelta(seconds=1)
    console.sessions.touch(who.session, at=console.clock.now())
    with pytest.raises(NotAllowed, match="sign out and in again"):
        service._authorise(who, action)
    service._authorise(who, "event.view")
    console.sessions.save_roles(who.session, [Role.ORGANIZER.value], at=console.clock.now())
    service._authorise(who, action)


def test_the_session_of_another_person_is_nobodys_leave(console: Console, event: Event, signed_in: SignIn) -> None:
    who, _ = signed_in(Role.ORGANIZER)
    with pytest.raises(SignedOut):
        console.of(event.id).events.run_check(replace(who, oid="oid-of-somebody-else"))

"""A withdrawn role ends within minutes, in every tab; without Entra nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.directory.entra_refusals import REFUSALS
from deepracer_admin.edge.answers import stopped_between
from deepracer_admin.errors import AccessDenied, CredentialsExpired, Unreachable
from deepracer_admin.model import Lease, Role
from deepracer_admin.rules.sessions import ROLES_READ_EVERY
from deepracer_admin.store import SavedSession
from deepracer_admin.web.keeper import SessionKeeper
from deepracer_admin.worker.role_watch import RoleWatch
from tests.pages.conftest import NOW, StandingClock, actor_of, clock, console

__all__ = ["clock", "console"]

LEASE = Lease("worker", "test", 1, NOW)
Claims = Callable[[SavedSession], dict[str, Any]]


def signed_in(console: Console, role: Role = Role.ORGANIZER) -> str:
    person = actor_of(role)
    keeper = SessionKeeper(console.sessions, console.clock)
    return keeper.create(oid=person.oid, tid=person.tid, name=person.name, roles=person.roles, tokens=b"sealed")


def look(console: Console, clock: StandingClock, claims: Claims) -> int:
    clock.at += ROLES_READ_EVERY
    return RoleWatch(console.store, console.sessions, console.clock, claims).run(LEASE)


def roles_of(console: Console, cookie: str) -> frozenset[Role] | None:
    found = SessionKeeper(console.sessions, console.clock).find(cookie)
    return found.roles if found else None


def test_roles_are_those_that_entra_gives_now(console: Console, clock: StandingClock) -> None:
    cookie = signed_in(console)
    console.sessions.save_delegation("oid-Organizer", "Olivia", b"sealed", at=NOW)
    assert look(console, clock, lambda _: {"oid": "oid-Organizer", "roles": ["Viewer", "Another app's"]}) == 1
    assert roles_of(console, cookie) == {Role.VIEWER}
    assert console.sessions.delegation("oid-Organizer") is None, "what only an organizer lends is given back"
    entry = console.store.audit(limit=1)[0]
    assert (entry.action, entry.before, entry.after) == ("signin.roles", ["Organizer"], ["Viewer"])


@pytest.mark.parametrize("claims", [{"oid": "oid-Organizer"}, {"oid": "oid-Organizer", "roles": ["Guest"]}])
def test_without_any_role_the_person_is_signed_out(
    console: Console, clock: StandingClock, claims: dict[str, Any]
) -> None:
    cookie = signed_in(console)
    look(console, clock, lambda _: claims)
    assert roles_of(console, cookie) is None


def test_an_account_that_is_disabled_is_signed_out(console: Console, clock: StandingClock) -> None:
    cookie = signed_in(console)

    def refused(_: SavedSession) -> dict[str, Any]:
        raise CredentialsExpired("Olivia must sign in again.", service="entra")

    look(console, clock, refused)
    assert roles_of(console, cookie) is None


@pytest.mark.parametrize("answer", ["away", "a proxy's page", "a secret that has expired", "no ID token"])
def test_without_entra_nothing_changes_and_nothing_is_confirmed(
    console: Console, clock: StandingClock, answer: str
) -> None:
    cookie = signed_in(console)

    def asked(_: SavedSession) -> dict[str, Any]:
        if answer == "away":
            raise Unreachable("No network.", service="entra")
        if answer == "a proxy's page":
            raise stopped_between("Microsoft Entra ID", "token", 200)
        if answer == "a secret that has expired":
            raise AccessDenied(REFUSALS[7000222].told, service="entra", operation="token")
        return {}

    look(console, clock, asked)
    assert roles_of(console, cookie) == {Role.ORGANIZER}
    assert console.sessions.all()[0].roles_read_at == NOW


def test_nobody_is_asked_about_twice_within_two_minutes(console: Console, clock: StandingClock) -> None:
    signed_in(console)
    claims: Claims = lambda _: {"oid": "oid-Organizer", "roles": ["Organizer"]}  # noqa: E731
    assert look(console, clock, claims) == 1
    assert RoleWatch(console.store, console.sessions, console.clock, claims).run(LEASE) == 0

"""How long a session lives, and what of it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Role
from deepracer_admin.web.keeper import SessionKeeper, cookie_from_header, hash_id
from tests.web.conftest import MovedClock


@pytest.fixture
def keeper(console: Console, clock: MovedClock) -> SessionKeeper:
    return SessionKeeper(console.sessions, clock)


def begin(keeper: SessionKeeper, *roles: Role) -> str:
    return keeper.create(oid="oid", tid="tid", name="Ada", roles=frozenset(roles or (Role.ORGANIZER,)))


def test_a_session_knows_its_person(keeper: SessionKeeper) -> None:
    who = keeper.find(begin(keeper, Role.FACILITATOR, Role.VIEWER))
    assert who
    assert (who.oid, who.tid, who.name, who.roles) == ("oid", "tid", "Ada", {Role.FACILITATOR, Role.VIEWER})


def test_ids_are_long_and_never_alike(keeper: SessionKeeper) -> None:
    made = {begin(keeper) for _ in range(20)}
    assert len(made) == 20
    assert min(map(len, made)) >= 43, "32 random bytes"


def test_an_idle_session_ends_after_an_hour(keeper: SessionKeeper, clock: MovedClock) -> None:
    value = begin(keeper)
    clock.forward(minutes=59)
    assert keeper.find(value)
    clock.forward(minutes=1)
    assert keeper.find(value) is None


def test_looking_never_extends_a_session(keeper: SessionKeeper, clock: MovedClock) -> None:
    """Timed refreshes of a forgotten tab look every few seconds."""
    value = begin(keeper)
    for _ in range(59):
        clock.forward(minutes=1)
        assert keeper.find(value)
    clock.forward(minutes=1)
    assert keeper.find(value) is None


def test_a_person_at_work_stays_for_eight_hours_and_no_longer(keeper: SessionKeeper, clock: MovedClock) -> None:
    value = begin(keeper)
    for _ in range(15):
        clock.forward(minutes=30)
        assert keeper.find(value)
        keeper.touch(value)
    clock.forward(minutes=29)
    assert keeper.find(value)
    keeper.touch(value)
    clock.forward(minutes=1)
    assert keeper.find(value) is None, "8 hours, however busy"


def test_an_ended_session_cannot_be_touched_back_to_life(keeper: SessionKeeper, clock: MovedClock) -> None:
    value = begin(keeper)
    clock.forward(hours=1)
    keeper.touch(value)
    assert keeper.find(value) is None


def test_a_clock_set_back_does_not_lengthen_the_absolute_life(keeper: SessionKeeper, clock: MovedClock) -> None:
    value = begin(keeper)
    clock.forward(hours=-1)
    assert keeper.find(value)
    keeper.touch(value)
    clock.moved = timedelta(hours=8)
    assert keeper.find(value) is None


def test_a_revoked_session_is_over(keeper: SessionKeeper) -> None:
    value, other = begin(keeper), begin(keeper)
    keeper.revoke(value)
    assert keeper.find(value) is None
    assert keeper.find(other)


def test_only_the_hash_is_kept(keeper: SessionKeeper, console: Console) -> None:
    value = begin(keeper)
    assert [saved.id_hash for saved in console.sessions.all()] == [hash_id(value)]
    files = b"".join(path.read_bytes() for path in console.settings.home.glob("sessions.sqlite*"))
    assert value.encode() not in files
    assert hash_id(value).encode() in files


COOKIE = "deepracer_console_rehearsal_8501"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (f"{COOKIE}=abc", "abc"),
        (f"other=1; {COOKIE}=abc; third=3", "abc"),
        (f"x{COOKIE}=abc", ""),
        ("", ""),
        (";;;=", ""),
        (f"{COOKIE}", ""),
        (f'odd="a b", {{"x": 1}}; [y]=2; {COOKIE}=abc', "abc"),
    ],
)
def test_one_cookie_is_read_out_of_a_header(header: str, value: str) -> None:
    assert cookie_from_header(header, COOKIE) == value

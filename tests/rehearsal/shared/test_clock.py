"""The practice clock: it runs as fast as it is told, and never back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rehearsal.shared.clock import PracticeClock
from tests.practice import WorldHandle
from tests.rehearsal.held_time import HeldTime

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_a_paused_clock_stands_still_and_can_be_advanced() -> None:
    machine = HeldTime()
    clock = PracticeClock(600, START, machine)
    machine.passed_s += 2
    assert clock.now() == START + timedelta(seconds=1200)
    clock.pause()
    held = clock.now()
    machine.passed_s += 2
    assert clock.now() == held
    clock.advance(90)
    assert clock.now() == held + timedelta(seconds=90)
    clock.set_speed(0)
    assert not clock.paused
    assert clock.now() == held + timedelta(seconds=90)


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda speed: not 0 <= speed <= 600))
def test_no_other_speed_than_0_to_600_is_taken(speed: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 600"):
        PracticeClock(speed)


@given(st.lists(st.one_of(st.floats(0, 600), st.booleans(), st.integers(0, 10**6)), max_size=20))
def test_practice_time_never_runs_back(steps: list[float | bool | int]) -> None:
    clock = PracticeClock(60, START)
    before = clock.now()
    for step in steps:
        if isinstance(step, bool):
            clock.pause(step)
        elif isinstance(step, float):
            clock.set_speed(step)
        else:
            clock.advance(step)
        assert clock.now() >= before
        before = clock.now()

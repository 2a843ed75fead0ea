"""Asking for another speed of practice time."""

from __future__ import annotations

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.practice_clock import PRACTICE_WISH
from deepracer_admin.rules.practice_speed import SPEEDS, faster, slower
from deepracer_admin.services.setup.practice_clock import PracticeClock


def test_what_was_asked_for_shows_until_the_world_has_heard_it(
    console: Console, event: Event, organizer: Actor
) -> None:
    desk = console.first.practice_clock
    desk.set_pace(organizer, speed=60.0, paused=True)
    assert desk.pace(organizer) == PracticeClock(60.0, paused=True)
    assert not console.store.read("", PRACTICE_WISH).is_done
    assert console.store.audit(limit=1)[0].action == "rehearsal.clock"


@pytest.mark.parametrize("speed", [0.0, -1.0, 601.0, float("nan")])
def test_a_speed_that_is_none_is_refused(console: Console, event: Event, organizer: Actor, speed: float) -> None:
    with pytest.raises(BadInput, match=r"^Speed: 1 to 600"):
        console.first.practice_clock.set_pace(organizer, speed=speed, paused=False)


def test_from_the_slowest_to_the_fastest_and_back_in_single_steps() -> None:
    up = [SPEEDS[0]]
    while faster(up[-1]) != up[-1]:
        up.append(faster(up[-1]))
    assert tuple(up) == SPEEDS
    assert [slower(speed) for speed in SPEEDS] == [SPEEDS[0], *SPEEDS[:-1]]
    assert (faster(42.0), slower(42.0)) == (60.0, 30.0)

"""Slots and the dispatcher against a plain queue, one event after another."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deepracer_admin.rules.capacity.plan import DISPATCH_S
from deepracer_admin.rules.capacity.slots import Slots, places, taken_in_turn

PAUSE = DISPATCH_S / 60
moments = st.floats(0, 10, allow_nan=False).map(lambda value: round(value, 2))


@given(st.lists(st.tuples(st.integers(0, 2), moments, st.booleans()), max_size=30), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_free_slot_goes_to_whoever_asks_next(events: list[tuple[int, float, bool]], idle: int) -> None:
    run = np.array([each[0] for each in events], dtype=np.int64)
    time, takes = np.array([each[1] for each in events]), np.array([each[2] for each in events], dtype=bool)
    got, left = taken_in_turn(np.full(3, idle), run, time, takes)
    free = [idle] * 3
    for place in sorted(range(len(events)), key=lambda place: (events[place][1], events[place][2])):
        of, _, asks = events[place]
        if not asks:
            free[of] += 1
        elif free[of]:
            free[of] -= 1
            assert got[place]
        else:
            assert not got[place]
    assert list(left) == free
    assert got[~takes].sum() == 0


@given(
    st.lists(st.tuples(moments, st.booleans()), min_size=1, max_size=12, unique_by=lambda each: each[0]),
    st.lists(moments, max_size=6),
    st.integers(0, 2),
)
@settings(max_examples=60, deadline=None)
def test_in_line_a_training_waits_and_any_other_job_fails(
    jobs: list[tuple[float, bool]], freed: list[float], idle: int
) -> None:
    jobs, freed = sorted(jobs), sorted(freed)
    slots = Slots(1, 20, 10)
    slots.idle[:] = idle
    slots.join(np.arange(len(jobs)), np.array([at for at, _ in jobs]))
    waits = np.zeros(20, dtype=bool)
    waits[: len(jobs)] = [training for _, training in jobs]
    found = slots.dispatch_in_line(10.0, np.zeros(len(freed), dtype=np.int64), np.array(freed), waits)

    expected: list[tuple[int, float, bool]] = []
    through, taken = -np.inf, 0
    for who, (ready, training) in enumerate(jobs):
        turn = max(ready, through) + PAUSE
        room = idle + sum(at <= turn for at in freed) - taken > 0
        if not room and training:
            index = taken - idle
            turn = freed[index] if index < len(freed) else np.inf
        if turn > 10:
            break
        has_slot = room or training
        taken += has_slot
        through = turn
        expected.append((who, turn, has_slot))
    assert [(int(who), bool(slot)) for who, slot in zip(found.who, found.with_slot, strict=True)] == [
        (who, slot) for who, _, slot in expected
    ]
    assert np.allclose(found.at, [at for _, at, _ in expected])
    assert slots.idle[0] == idle + len(freed) - taken
    assert slots.waiting[0] == len(jobs) - len(expected)


def test_the_dispatcher_starts_fifteen_jobs_a_minute() -> None:
    slots = Slots(2, 100, 100)
    slots.join(np.arange(200), np.zeros(200))
    nobody = np.zeros(0, dtype=np.int64)
    gone = slots.dispatch_by_chance(1.0, nobody, np.zeros(0))
    assert gone.with_slot.all()
    assert list(np.bincount(gone.who // 100)) == [15, 15]
    assert list(slots.active) == [15, 15]


def test_whoever_finds_no_slot_at_their_turn_goes_without() -> None:
    slots = Slots(1, 5, 1)
    slots.join(np.array([0, 1, 2]), np.array([0.0, 0.0, 5.0]))
    gone = slots.dispatch_by_chance(6.0, np.array([0]), np.array([4.0]))
    assert list(gone.with_slot) == [True, False, True]
    assert list(slots.active) == [1]


def test_places_count_within_each_run() -> None:
    place, counts = places(np.array([0, 0, 2]), 3)
    assert (list(place), list(counts)) == ([0, 1, 0], [2, 0, 1])

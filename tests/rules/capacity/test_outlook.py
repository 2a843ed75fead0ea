"""The event before the event: what holds whatever the plan."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.capacity import ARRIVALS, Band, Plan, Queue, enough_slots, outlook, queue_of
from deepracer_admin.rules.capacity.simulation import simulate

SMALL = Plan(people=40, hours_per_person=1, models_per_person=-1, window_h=1, slots=6)
plans = st.builds(
    lambda people, hours, models, slots, queue, seed, room, waves: replace(
        SMALL, people=people, hours_per_person=hours, models_per_person=models, slots=slots, queue=queue, seed=seed,
        room_h=room, waves=waves,
    ),
    st.integers(1, 40), st.sampled_from([-1, 0.5, 1]), st.sampled_from([-1, 1, 3]), st.integers(0, 20),
    st.sampled_from(Queue), st.integers(0, 99), st.sampled_from([0.0, 0.4]), st.booleans(),
)  # fmt: skip
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(plans)
@few
def test_nobody_uses_more_slots_than_there_are_nor_more_hours_than_fit(plan: Plan) -> None:
    found = simulate(plan, 3)
    assert found.in_use.max() <= plan.slots
    assert found.busiest.max() <= plan.slots
    lasted = np.where(np.isfinite(found.end_min), np.maximum(found.end_min, plan.window_h * 60), plan.window_h * 60)
    assert (found.slot_minutes <= plan.slots * lasted + 1e-6).all()
    assert (found.all_minutes <= found.slot_minutes + 1e-6).all()
    assert (found.minutes <= found.ran_minutes + 1e-6).all()
    assert (found.ran_minutes <= found.all_minutes + 1e-6).all()


@given(plans)
@few
def test_limits_hold_and_only_submissions_go_beyond_them(plan: Plan) -> None:
    found = simulate(replace(plan, race=False), 3)
    if plan.hours_per_person > 0:
        assert (found.all_minutes <= plan.people * plan.hours_per_person * 60 + 1e-6).all()
    assert (found.never_trained <= found.came).all()
    assert (found.came <= plan.people).all()


@given(plans)
@few
def test_bands_are_in_order_and_the_same_seed_gives_the_same_answer(plan: Plan) -> None:
    seen = outlook(plan, runs=3)
    bands = {field.name: getattr(seen, field.name) for field in fields(seen) if field.type == "Band"}
    assert len(bands) == 13
    for name, band in bands.items():
        assert band.p10 <= band.p50 <= band.p90, name
        assert not math.isnan(band.p50), name
    assert outlook(plan, runs=3) == seen


@pytest.mark.parametrize("queue", list(Queue))
def test_more_slots_are_never_worse_in_expectation(queue: Queue) -> None:
    plan = replace(SMALL, people=60, hours_per_person=2, window_h=2, queue=queue)
    runs = [simulate(replace(plan, slots=slots), 8) for slots in (2, 4, 8, 24)]
    hours = [run.minutes.mean() / 60 for run in runs]
    never = [run.never_trained.mean() for run in runs]
    assert all(more >= less * 0.99 for less, more in pairwise(hours)), hours
    assert all(more <= less + 0.5 for less, more in pairwise(never)), never
    assert hours[-1] > 3 * hours[0]


def test_in_line_everybody_waits_their_turn_and_by_retry_it_is_a_lottery() -> None:
    plan = replace(SMALL, people=200, window_h=6, slots=20, hours_per_person=-1)
    line, retry = (simulate(replace(plan, queue=queue), 4) for queue in (Queue.LINE, Queue.RETRY))
    assert line.never_trained.max() <= 2
    assert retry.never_trained.min() > 15


def test_fair_waves_let_nearly_everybody_train() -> None:
    plan = replace(SMALL, people=200, window_h=6, slots=20, hours_per_person=4)
    plain, fair = simulate(plan, 4), simulate(replace(plan, waves=True), 4)
    assert fair.never_trained.mean() < 0.2 * plain.never_trained.mean()


def test_room_before_the_end_saves_submissions() -> None:
    plan = replace(SMALL, people=120, window_h=6, slots=25, hours_per_person=-1)
    full, kept = simulate(plan, 6), simulate(replace(plan, room_h=2.0), 6)
    late = kept.failed_submissions / np.maximum(1, kept.submissions)
    assert late.mean() < (full.failed_submissions / np.maximum(1, full.submissions)).mean()


def test_without_a_slot_nothing_ever_ends() -> None:
    seen = outlook(replace(SMALL, slots=5, others=7, queue=Queue.LINE), runs=2)
    assert seen.plan.effective_slots == 0
    assert seen.hours == Band(0, 0, 0)
    assert seen.end_h.p50 == math.inf
    assert seen.never_trained == seen.came
    assert not seen.fits


def test_the_lower_quota_less_what_others_use_is_in_force() -> None:
    assert replace(SMALL, slots=100, account_slots=20, others=4).effective_slots == 16
    assert replace(SMALL, slots=10, account_slots=None).effective_slots == 10


@pytest.mark.parametrize("queue", list(Queue))
def test_the_number_that_is_enough_fits_and_far_fewer_do_not(queue: Queue) -> None:
    plan = replace(SMALL, window_h=3, queue=queue)
    enough = enough_slots(plan)
    assert enough.slots is not None
    assert outlook(replace(plan, slots=enough.slots)).fits
    assert not outlook(replace(plan, slots=enough.slots // 4)).fits


def test_people_who_sleep_train_by_day() -> None:
    weeks = replace(SMALL, window_h=30, arrivals=ARRIVALS["weeks"], slots=40, start_hour=0.0)
    found = simulate(weeks, 2)
    hour = np.mod(found.marks / 60, 24)
    assert found.in_use[:, (hour > 3) & (hour < 7)].max() == 0
    assert found.in_use[:, (hour > 10) & (hour < 18)].max() > 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"people": 0}, "People"),
        ({"window_h": 0.0}, "Length of the event"),
        ({"hours_per_person": 0}, "Hours per person"),
        ({"models_per_person": 0}, "Models per person"),
        ({"slots": -1}, "Job slots"),
        ({"room_h": 1.0}, "Room for the race"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        outlook(replace(SMALL, **wrong))


@pytest.mark.parametrize(
    ("version", "rule"),
    [("1.2.5", Queue.LINE), ("v1.2", Queue.LINE), ("1.3.0", Queue.RETRY), ("2.0", Queue.RETRY), ("", Queue.RETRY)],
)
def test_the_version_says_how_a_training_gets_its_slot(version: str, rule: Queue) -> None:
    assert queue_of(version) is rule

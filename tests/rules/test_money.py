"""Money, always an estimate: spend, worst case, forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import UNLIMITED, Event, PriceList, Quota, UsageSample
from deepracer_admin.rules.money import forecast, hours_through_slots, spend, worst_case

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICES = PriceList(training_per_hour=0.9, volume_per_hour=0.1, storage_per_gb_month=0.02)
EVENT = Event(
    "e", "Cup", NOW - timedelta(hours=10), NOW + timedelta(hours=10), "UTC", 10, 100.0, Quota(300, 5), prices=PRICES
)


def sample(hours_ago: float, minutes: float, queued: float = 0.0) -> UsageSample:
    return UsageSample(NOW - timedelta(hours=hours_ago), 10, 5, minutes, queued, 0, 0)


def test_an_hour_of_compute_costs_instance_and_volume() -> None:
    assert spend(PRICES, minutes=60, storage_bytes=0, event=EVENT, now=NOW) == pytest.approx(1.0)


def test_storage_costs_its_share_of_the_month() -> None:
    found = spend(PRICES, minutes=0, storage_bytes=10**12, event=EVENT, now=NOW)
    assert found == pytest.approx(1000 * 0.02 * 10 / 730)
    assert spend(PRICES, minutes=0, storage_bytes=10**12, event=EVENT, now=EVENT.starts_at - timedelta(days=1)) == 0


@given(minutes=st.floats(0, 1e6), more=st.floats(0, 1e6))
def test_more_minutes_never_cost_less(minutes: float, more: float) -> None:
    less = spend(PRICES, minutes=minutes, storage_bytes=0, event=EVENT, now=NOW)
    assert spend(PRICES, minutes=minutes + more, storage_bytes=0, event=EVENT, now=NOW) >= less


def test_the_worst_case_of_a_change() -> None:
    assert worst_case(PRICES, Quota(60, 1), Quota(180, 1)) == pytest.approx(2.0)
    assert worst_case(PRICES, Quota(180, 1), Quota(60, 1)) == 0
    assert worst_case(PRICES, Quota(60, 1), Quota(UNLIMITED, 1)) == float("inf")
    assert worst_case(PRICES, Quota(UNLIMITED, 1), Quota(60, 1)) == 0
    assert worst_case(PRICES, Quota(UNLIMITED, 1), Quota(UNLIMITED, 1)) == 0


def test_slots_stretch_the_hours() -> None:
    assert hours_through_slots(people=100, hours_per_person=2, slots=8) == 25
    assert hours_through_slots(people=1, hours_per_person=1, slots=0) == float("inf")


def test_a_steady_burn_goes_on_to_the_end_and_tells_when_the_budget_is_reached() -> None:
    event = replace(EVENT, budget_usd=15.0)
    found = forecast(event, [sample(2, 480), sample(1, 540), sample(0, 600)], now=NOW)
    assert found.middle == pytest.approx(10 + 10 * 1.0)
    assert found.budget_reached_at == NOW + timedelta(hours=5)


@given(steps=st.lists(st.floats(0, 500), min_size=2, max_size=12), queued=st.floats(0, 1e4))
def test_the_band_holds_the_middle_and_never_falls_below_what_is_spent(steps: list[float], queued: float) -> None:
    total, series = 0.0, []
    for back, step in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        total += step
        series.append(sample(back / 2, total, queued))
    found = forecast(EVENT, series, now=NOW)
    assert found.low <= found.middle + 1e-9
    assert found.middle <= found.high + 1e-9
    assert found.low >= total / 60 - 1e-9
    assert found.high >= (total + queued) / 60 - 1e-6


def test_one_sample_promises_nothing() -> None:
    found = forecast(EVENT, [sample(0, 60)], now=NOW)
    assert (found.low, found.middle, found.budget_reached_at) == (1.0, 1.0, None)


def test_after_the_end_nothing_is_added() -> None:
    late = EVENT.ends_at + timedelta(hours=1)
    found = forecast(EVENT, [sample(2, 60), sample(1, 120, 600)], now=late)
    assert found.low == found.middle == found.high == pytest.approx(2.0)

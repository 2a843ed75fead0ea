"""Money, always an estimate: prices, worst case, forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import UNLIMITED, Event, PriceList, ProfileUse, ProfileUses, Quota, UsageSample
from deepracer_admin.rules.money import Amount, Band, at_prices, forecast, worst_case

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICES = PriceList(training_per_hour=0.9, volume_per_hour=0.1, storage_per_gb_month=0.02)
EVENT = Event(
    "e", "Cup", NOW - timedelta(hours=10), NOW + timedelta(hours=10), "UTC", 10, 100.0, Quota(300, 5), prices=PRICES
)
NOTHING, ENDLESS = Amount(0.0, 0.0), Amount(float("inf"), float("inf"))


def sample(hours_ago: float, minutes: float, queued: float = 0.0) -> UsageSample:
    return UsageSample(NOW - timedelta(hours=hours_ago), 10, 5, minutes, queued, 0, 0)


def ahead(event: Event, series: list[UsageSample], rooms: list[float], most: Amount = ENDLESS) -> Band:
    uses = ProfileUses.of(ProfileUse(f"p{number}", 60.0, asked_before=0.0) for number in range(len(rooms)))
    spent = at_prices(PRICES, series[-1].minutes_used)
    return forecast(event, series, uses, rooms, spent=spent, committed=NOTHING, most=most, storage=NOTHING)


def test_an_hour_of_compute_costs_instance_and_volume() -> None:
    assert at_prices(PRICES, minutes=60) == Amount(1.0, pytest.approx(1.0))


def test_storage_costs_by_the_hour_and_uses_no_compute() -> None:
    assert at_prices(PRICES, 0.0, gb_hours=1000 * 10) == Amount(0.0, pytest.approx(1000 * 0.02 * 10 / 730))


@given(minutes=st.floats(0, 1e6), more=st.floats(0, 1e6))
def test_more_minutes_never_cost_less(minutes: float, more: float) -> None:
    assert at_prices(PRICES, minutes + more).usd >= at_prices(PRICES, minutes).usd


def test_the_worst_case_of_a_change() -> None:
    assert worst_case(PRICES, Quota(60, 1), Quota(180, 1)) == pytest.approx(2.0)
    assert worst_case(PRICES, Quota(180, 1), Quota(60, 1)) == 0
    assert worst_case(PRICES, Quota(60, 1), Quota(UNLIMITED, 1)) == float("inf")
    assert worst_case(PRICES, Quota(UNLIMITED, 1), Quota(60, 1)) == 0
    assert worst_case(PRICES, Quota(UNLIMITED, 1), Quota(UNLIMITED, 1)) == 0


def test_a_steady_pace_goes_on_to_the_end_and_tells_when_the_budget_is_reached() -> None:
    event = replace(EVENT, budget_usd=15.0)
    series = [sample(10 - hour, 60.0 * hour) for hour in range(11)]
    found = ahead(event, series, [float("inf")] * 10)
    assert found.p50.usd == pytest.approx(10 + 10 * 1.0, rel=0.05)
    assert found.budget_reached_at is not None
    assert found.budget_reached_at == pytest.approx(NOW + timedelta(hours=5), abs=timedelta(minutes=20))


def test_nobody_goes_further_than_their_limit() -> None:
    series = [sample(10 - hour, 600.0 * hour) for hour in range(11)]
    found = ahead(EVENT, series, [30.0] * 10)
    assert found.p90.hours <= 100 + 5 + 1e-9
    assert ahead(EVENT, series, [0.0] * 10).p90.hours == pytest.approx(100)


def test_nights_are_quiet_once_a_day_was_seen() -> None:
    """Two days of which only the twelve day hours bring anything; what is left is one night."""
    start = datetime(2026, 11, 23, 8, tzinfo=UTC)
    end = start + timedelta(hours=36)
    event = replace(EVENT, starts_at=start, ends_at=end + timedelta(hours=12))
    minutes, series = 0.0, [UsageSample(start, 10, 5, 0.0, 0.0, 0, 0)]
    for hour in range(1, 37):
        minutes += 600.0 if (hour - 1) % 24 < 12 else 0.0
        series.append(UsageSample(start + timedelta(hours=hour), 10, 5, minutes, 0.0, 0, 0))
    found = ahead(event, series, [float("inf")] * 10)
    assert found.p50.hours - minutes / 60 < 0.1 * minutes / 60


@given(
    steps=st.lists(st.floats(0, 500), min_size=1, max_size=12),
    queued=st.floats(0, 1e4),
    rooms=st.lists(st.floats(0, 1e4) | st.just(float("inf")), max_size=8),
    most=st.floats(0, 1e4),
)
def test_the_band_is_in_order_and_between_what_is_spent_and_the_ceiling(
    steps: list[float], queued: float, rooms: list[float], most: float
) -> None:
    total, series = 0.0, []
    for back, step in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        total += step
        series.append(sample(back / 2, total, queued))
    spent = at_prices(PRICES, total)
    ceiling = spent + Amount(most, most)
    found = ahead(EVENT, series, rooms, ceiling)
    for spent_, low, middle, high, top in (
        (spent.usd, found.p10.usd, found.p50.usd, found.p90.usd, ceiling.usd),
        (spent.hours, found.p10.hours, found.p50.hours, found.p90.hours, ceiling.hours),
    ):
        assert spent_ <= low <= middle <= high <= top


def test_after_the_end_nothing_is_added() -> None:
    late = replace(EVENT, ends_at=NOW - timedelta(hours=1))
    found = ahead(late, [sample(2, 60), sample(1, 120)], [0.0])
    assert found.p10.usd == found.p50.usd == found.p90.usd == pytest.approx(2.0)

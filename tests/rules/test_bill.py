"""The bill beside the estimate: the same days of both, whole ones alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import BilledDay, PriceList, UsageSample
from deepracer_admin.rules.bill import asked_too_soon, compared

PRICES = PriceList(training_per_hour=1.0, volume_per_hour=0.0, storage_per_gb_month=0.0)
START = datetime(2026, 11, 23, 6, tzinfo=UTC)


def series(*minutes: float, every_h: float = 6.0) -> list[UsageSample]:
    return [UsageSample(START + timedelta(hours=every_h * n), 1, 1, used, 0.0, 0, 0) for n, used in enumerate(minutes)]


def day(of: int, usd: float) -> BilledDay:
    return BilledDay(date(2026, 11, of), usd, estimated=True)


def test_a_day_is_compared_for_the_hours_between_its_midnights() -> None:
    used = series(*(60.0 * n for n in range(12)))  # an hour of compute every six hours, from the 23rd, 06:00
    found = compared(PRICES, used, [day(24, 4.4), day(23, 3.3)], START + timedelta(days=9))
    assert [(each.day.day, each.billed, round(each.estimate, 6)) for each in found] == [(23, 3.3, 3.0), (24, 4.4, 4.0)]


def test_a_day_that_is_not_whole_on_either_side_is_left_out() -> None:
    used = series(0.0, 60.0, 120.0, 180.0, 240.0)  # until the 24th, 06:00
    days = [day(22, 9.9), day(23, 3.3), day(24, 1.0)]
    assert [each.day.day for each in compared(PRICES, used, days, START + timedelta(days=9))] == [23]
    assert compared(PRICES, used, days, datetime(2026, 11, 24, 23, tzinfo=UTC)) == [], "the bill had no day to come in"
    assert compared(PRICES, [], days, START + timedelta(days=9)) == []


@given(st.lists(st.floats(0, 500), min_size=10, max_size=60), st.floats(0.5, 30))
def test_days_never_say_more_than_the_whole_nor_less_than_nothing(steps: list[float], every_h: float) -> None:
    total, used = 0.0, []
    for step in steps:
        total += step
        used.append(total)
    told = series(*used, every_h=every_h)
    days = [BilledDay(START.date() + timedelta(days=n), 1.0, estimated=False) for n in range(80)]
    found = compared(PRICES, told, days, START + timedelta(days=300))
    assert all(each.estimate >= 0 for each in found)
    assert sum(each.estimate for each in found) <= total / 60 + 1e-6


def test_it_may_be_asked_once_an_hour_and_a_clock_set_back_does_not_forbid_it() -> None:
    assert not asked_too_soon(None, START)
    assert asked_too_soon(START, START + timedelta(minutes=59))
    assert not asked_too_soon(START, START + timedelta(hours=1))
    assert not asked_too_soon(START, START - timedelta(days=1))

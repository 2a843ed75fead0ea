"""What an event has used, will use and can use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Model, ModelJobs, PriceList, ProfileUse, Quota, UsageSample
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.usage import Part, can_still_use, jobs_of, month_starts, moved, outliers, totals

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRICES = PriceList(training_per_hour=0.9, volume_per_hour=0.1, storage_per_gb_month=0.02)
EVENT = Event(
    "e", "Cup", NOW - timedelta(hours=4), NOW + timedelta(hours=4), "UTC", 10, 100.0, Quota(300, 5), prices=PRICES
)


def sampled(uses: list[ProfileUse], at: datetime = NOW) -> UsageSample:
    return UsageSample(
        at, len(uses), 0, sum(use.minutes for use in uses), sum(use.queued for use in uses),
        sum(use.storage_bytes for use in uses), 0, minutes_waiting=sum(use.waiting for use in uses),
        gb_hours=sum(use.gb_hours for use in uses),
    )  # fmt: skip


def use(name: str, minutes: float, **values: object) -> ProfileUse:
    given_ = {"month": minutes, "limit": 300.0, "minutes_high": minutes, "asked_before": 0.0}
    return ProfileUse(name, minutes, **(given_ | values))  # type: ignore[arg-type]


minutes = st.floats(0, 1e5)
a_use = st.builds(
    ProfileUse,
    profile=st.text("abcdefgh", min_size=1, max_size=6),
    minutes=minutes,
    minutes_high=minutes,
    month=minutes,
    queued=minutes,
    waiting=minutes,
    limit=st.none() | st.floats(0, 1e5),
    asked_before=st.none() | minutes,
    storage_bytes=st.integers(0, 10**13),
    gb_hours=minutes,
    listed=st.booleans(),
)


@given(
    uses=st.lists(a_use, max_size=12, unique_by=lambda each: each.profile),
    earlier=st.floats(0, 1),
    left_h=st.floats(-5, 1000),
    to_come=st.floats(0, 1e6) | st.just(float("inf")),
    slots=st.integers(0, 500),
    offices=st.dictionaries(st.text("abcdefgh", min_size=1, max_size=6), st.sampled_from(["Roma", "Milano", ""])),
)
def test_what_always_holds(
    uses: list[ProfileUse], earlier: float, left_h: float, to_come: float, slots: int, offices: dict[str, str]
) -> None:
    event = replace(EVENT, ends_at=NOW + timedelta(hours=left_h), slots=slots)
    last = sampled(uses)
    first = replace(last, at=NOW - timedelta(hours=2), minutes_used=last.minutes_used * earlier, gb_hours=0.0)
    found = totals(event, [first, last], uses, offices=offices, minutes_to_come=to_come)
    assert found.committed.hours >= 0
    assert found.waiting.hours >= 0
    assert found.spent_high.usd >= found.spent.usd
    for part in ("spent", "committed", "waiting"):
        for unit in ("hours", "usd"):
            whole = getattr(getattr(found, part), unit)
            assert sum(getattr(getattr(each, part), unit) for each in found.offices.values()) == pytest.approx(whole)
    assert sum(each.profiles for each in found.offices.values()) == sum(1 for each in uses if each.listed)
    for unit in ("hours", "usd"):
        band = [found.forecast.p10, found.forecast.p50, found.forecast.p90] if found.forecast else []
        row = [getattr(amount, unit) for amount in (found.spent, *band, found.ceiling, found.exposure)]
        assert all(low <= high * (1 + 1e-9) + 1e-6 for low, high in pairwise(row)), row
        both = getattr(found.at_most_so_far, unit)
        assert getattr(found.ceiling, unit) >= both * (1 - 1e-9) - 1e-6


def test_what_waits_for_a_slot_is_not_committed() -> None:
    uses = [use("a", 60.0, queued=120.0, waiting=120.0), use("b", 0.0, queued=60.0)]
    found = totals(EVENT, [sampled(uses)], uses)
    assert (found.spent.hours, found.committed.hours, found.waiting.hours) == (1.0, 1.0, 2.0)
    assert found.exposure.hours == pytest.approx(1 + 3 + (300 - 180) / 60 + (300 - 60) / 60)


def test_slots_and_time_lower_the_ceiling_not_the_exposure() -> None:
    uses = [use("a", 0.0, limit=None), use("b", 0.0)]
    queue = totals(replace(EVENT, slots=2), [sampled(uses)], uses)
    assert queue.exposure.hours == queue.ceiling.hours == float("inf")
    found = totals(replace(EVENT, slots=2), [replace(sampled(uses), waiting=0)], uses)
    assert found.exposure.hours == float("inf")
    assert found.ceiling.hours == pytest.approx(2 * (4 + 24))


def test_a_months_limit_is_compared_with_that_months_use() -> None:
    over_the_first = use("a", 900.0, month=30.0)
    assert can_still_use(over_the_first, 0) == 270.0
    assert can_still_use(over_the_first, 2) == 270.0 + 600.0
    assert can_still_use(over_the_first._replace(listed=False), 2) == 0.0
    assert month_starts(datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)) == 2


def test_the_burn_rate_is_told_over_windows() -> None:
    series = [sampled([use("a", 60.0 * hour)], NOW - timedelta(hours=4 - hour)) for hour in range(5)]
    series[-1] = replace(series[-1], minutes_used=series[-1].minutes_used + 60)
    found = totals(EVENT, series, [use("a", 300.0)])
    assert [round(burn.hours, 2) for burn in found.burn] == [2.0, 1.25, 1.25]
    assert totals(EVENT, series[-1:], [use("a", 300.0)]).burn == ()


def test_after_the_end_nothing_is_forecast() -> None:
    uses = [use("a", 60.0, queued=30.0)]
    assert totals(replace(EVENT, ends_at=NOW), [sampled(uses)], uses).forecast is None
    assert totals(replace(EVENT, closed_at=NOW), [sampled(uses)], uses).forecast is None


def test_models_are_told_by_what_they_do() -> None:
    states = ["TRAINING", "QUEUED", "WAITING_FOR_CAPACITY", "WAITING_FOR_CAPACITY", "READY", "ERROR"]
    models = [Model(str(number), "m", "p1", state) for number, state in enumerate(states)]
    assert jobs_of([*models, Model("x", "m", "p2", "READY")]) == {"p1": ModelJobs(1, 1, 2)}


def test_who_moved_and_who_stands_out() -> None:
    uses = [use("a", 10.0), use("b", 20.0), use("c", 30.0), use("d", 100.0), use("e", 0.0, asked_before=None)]
    assert moved(uses) == {"a": 10.0, "b": 20.0, "c": 30.0, "d": 100.0}
    assert outliers(uses, {}) == {"d": 4.0}
    assert outliers(uses, {"d": "Roma"}) == {}


def one_by_one(uses: list[ProfileUse], months_ahead: int) -> Part:
    """Sums as they are meant: profile by profile."""
    profiles = active = 0
    minutes = gb_hours = queued = waiting = rest = 0.0
    for each in uses:
        asked = max(0.0, each.queued)
        minutes += each.minutes
        gb_hours += each.gb_hours
        queued += asked
        waiting += min(max(0.0, each.waiting), asked)
        rest += can_still_use(each, months_ahead)
        profiles += each.listed
        active += each.minutes > 0 or each.queued > 0
    spent = at_prices(PRICES, minutes, gb_hours)
    return Part(
        profiles,
        active,
        spent,
        at_prices(PRICES, max(0.0, queued - waiting)),
        at_prices(PRICES, waiting),
        spent + at_prices(PRICES, queued + rest),
    )


@given(
    uses=st.lists(a_use, max_size=30, unique_by=lambda each: each.profile),
    left_h=st.floats(0, 2000),
    offices=st.dictionaries(st.text("abcdefgh", min_size=1, max_size=6), st.sampled_from(["Roma", "Milano", ""])),
)
def test_sums_by_column_are_those_of_profile_by_profile(
    uses: list[ProfileUse], left_h: float, offices: dict[str, str]
) -> None:
    event = replace(EVENT, ends_at=NOW + timedelta(hours=left_h))
    found = totals(event, [sampled(uses)], uses, offices=offices)
    months = month_starts(NOW, event.ends_at)
    whole = one_by_one(uses, months)
    assert (found.active, found.spent, found.committed, found.waiting) == (
        whole.active,
        whole.spent,
        whole.committed,
        whole.waiting,
    )
    assert found.offices == {
        name: one_by_one([each for each in uses if offices.get(each.profile, "") == name], months)
        for name in sorted({offices.get(each.profile, "") for each in uses})
    }

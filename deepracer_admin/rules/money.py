"""Money, always an estimate: minutes and bytes times the event's price list (deepracer-on-aws.md 4).

spend = minutes / 60 * (instance rate + volume rate) + GB * rate per GB-month * fraction of a month
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.model import UNLIMITED, Event, PriceList, Quota, UsageSample

__all__ = ["Forecast", "forecast", "hours_through_slots", "spend", "worst_case"]

MONTH_H = 730.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Estimated spend in USD at the event's end: the middle and a band, and when the budget would be reached."""

    low: float
    middle: float
    high: float
    budget_reached_at: datetime | None


def spend(prices: PriceList, *, minutes: float, storage_bytes: int, event: Event, now: datetime) -> float:
    """USD so far: compute plus storage prorated over the time the event has run."""
    hours = max(0.0, (min(now, event.ends_at) - event.starts_at).total_seconds() / 3600)
    storage = storage_bytes / 1e9 * prices.storage_per_gb_month * min(1.0, hours / MONTH_H)
    return minutes / 60 * prices.per_hour + storage


def worst_case(prices: PriceList, current: Quota, wanted: Quota) -> float:
    """The most that a change of quota can add, in USD; infinite for a change to unlimited."""
    if wanted.minutes == UNLIMITED:
        return 0.0 if current.minutes == UNLIMITED else float("inf")
    if current.minutes == UNLIMITED:
        return 0.0
    return max(0, wanted.minutes - current.minutes) / 60 * prices.per_hour


def hours_through_slots(*, people: int, hours_per_person: float, slots: int) -> float:
    """Wall-clock hours that head-count x hours takes through the account's job slots, always full."""
    return people * hours_per_person / slots if slots > 0 else float("inf")


def forecast(event: Event, series: Sequence[UsageSample], *, now: datetime) -> Forecast:
    """Spend at the end: so far, plus the burn rate of the last hours carried on to the end.

    The band is the slowest and the fastest hour seen among the last six; committed (queued) minutes are a floor for the
    high end. With less than two samples the band is the spend so far.
    """
    last = series[-1]
    so_far = last.minutes_used / 60 * event.prices.per_hour
    committed = last.minutes_queued / 60 * event.prices.per_hour
    left = max(0.0, (event.ends_at - now).total_seconds() / 3600)
    rates = _hourly_rates(event, series)
    if not rates or left <= 0:
        return Forecast(so_far, so_far, so_far + (committed if left > 0 else 0.0), None)
    ordered = sorted(rates)
    middle_rate = sum(rates) / len(rates)
    middle = so_far + middle_rate * left
    high = max(so_far + ordered[-1] * left, so_far + committed)
    reached = None
    if event.budget_usd and middle_rate > 0 and so_far < event.budget_usd:
        hours = (event.budget_usd - so_far) / middle_rate
        reached = now + timedelta(hours=hours) if hours <= left else None
    return Forecast(so_far + ordered[0] * left, middle, high, reached)


def _hourly_rates(event: Event, series: Sequence[UsageSample]) -> list[float]:
    """USD an hour in up to six whole hours (or the pieces there are) before the last sample."""
    last = series[-1]
    rates: list[float] = []
    for back in range(6):
        end = last.at - timedelta(hours=back)
        start = end - timedelta(hours=1)
        inside = [sample for sample in series if start <= sample.at <= end]
        if len(inside) < 2:
            continue
        hours = (inside[-1].at - inside[0].at).total_seconds() / 3600
        if hours > 0:
            rates.append(
                max(0.0, inside[-1].minutes_used - inside[0].minutes_used) / 60 * event.prices.per_hour / hours
            )
    return rates

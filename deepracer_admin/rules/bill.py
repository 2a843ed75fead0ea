"""The bill beside the estimate: the same days of both, and what neither can tell. Pure.

The estimate of a day is what was used between its two midnights (UTC) by the samples, at the list in force; a day is
compared only where a sample stands after its end and the bill had a day to come in. It may still change after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from deepracer_admin.model import BilledDay, PriceList, UsageSample
from deepracer_admin.rules.money import at_prices

__all__ = ["AGAIN", "LATE", "ComparedDay", "asked_too_soon", "compared"]

AGAIN = timedelta(hours=1)
"""Real time between two readings: each call costs 0.01 USD (deepracer-on-aws.md 4.2)."""
LATE = timedelta(hours=24)
"""How long after its end a day of the bill may still lack costs (deepracer-on-aws.md 4.2)."""


@dataclass(frozen=True, slots=True)
class ComparedDay:
    """One day (UTC): USD billed and USD estimated for the same hours."""

    day: date
    billed: float
    estimate: float


def asked_too_soon(asked_at: datetime | None, now: datetime) -> bool:
    """Was it asked less than an hour ago (real time)? A clock that was set back does not forbid it for ever."""
    return asked_at is not None and timedelta() <= now - asked_at < AGAIN


def compared(
    prices: PriceList, series: Sequence[UsageSample], days: Sequence[BilledDay], now: datetime
) -> list[ComparedDay]:
    """Days that both know whole, oldest first. `now`: event time when the bill was read, or later."""
    found: list[ComparedDay] = []
    for row in sorted(days, key=lambda each: each.day):
        start = datetime.combine(row.day, time(), UTC)
        end = start + timedelta(days=1)
        if series and series[0].at < end <= series[-1].at and end + LATE <= now:
            used = _spent(prices, series, end) - _spent(prices, series, start)
            found.append(ComparedDay(row.day, row.usd, max(0.0, used)))
    return found


def _spent(prices: PriceList, series: Sequence[UsageSample], at: datetime) -> float:
    """USD by then; straight lines between samples, and nothing moves before the first."""
    before = series[0]
    for sample in series:
        if sample.at >= at:
            span = (sample.at - before.at).total_seconds()
            part = (at - before.at).total_seconds() / span if span > 0 else 0.0
            first, last = _usd(prices, before), _usd(prices, sample)
            return first + max(0.0, part) * (last - first)
        before = sample
    return _usd(prices, before)


def _usd(prices: PriceList, sample: UsageSample) -> float:
    return at_prices(prices, sample.minutes_used, sample.gb_hours).usd

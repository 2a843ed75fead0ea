"""Money, always an estimate: minutes and bytes times the event's price list (deepracer-on-aws.md 4).

spend = minutes / 60 * (instance rate + volume rate) + GB-hours / 730 * rate per GB-month

The forecast is of the event's final spend, once all that was asked for until its end is through. It carries the
profiles' own pace on, each no further than their limit lets them, and widens with what is left of the event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import sub

from deepracer_admin.model import GB_HOURS_A_MONTH, UNLIMITED, Event, PriceList, ProfileUses, Quota, UsageSample

__all__ = [
    "Amount",
    "Band",
    "Burn",
    "at_prices",
    "forecast",
    "usd_at",
    "worst_case",
]

P90_SIGMAS = 1.2816


@dataclass(frozen=True, slots=True)
class Amount:
    """Hours of compute, and USD (estimate), which hold storage too. May be infinite where there is no limit."""

    hours: float
    usd: float

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.hours + other.hours, self.usd + other.usd)


@dataclass(frozen=True, slots=True)
class Burn:
    """Hours of compute and USD (estimate) per hour of event time, over the last `window_h` hours."""

    window_h: float
    hours: float
    usd: float


@dataclass(frozen=True, slots=True)
class Band:
    """What the whole event will have used at the end: in one of ten cases less than `p10`, in one more than `p90`.

    `budget_reached_at`: event time, in the middle case; None: not before the end, reached already, or no budget.
    """

    p10: Amount
    p50: Amount
    p90: Amount
    budget_reached_at: datetime | None = None


def at_prices(prices: PriceList, minutes: float, gb_hours: float = 0.0) -> Amount:
    """`minutes` of compute and stored GB-hours at these prices."""
    return Amount(minutes / 60, usd_at(prices)(minutes, gb_hours))


def usd_at(prices: PriceList) -> Callable[[float, float], float]:
    """What minutes of compute and stored GB-hours cost at these prices, to be asked 10,000 times."""
    per_hour, per_gb_month = prices.per_hour, prices.storage_per_gb_month
    return lambda minutes, gb_hours: minutes / 60 * per_hour + gb_hours / GB_HOURS_A_MONTH * per_gb_month


def worst_case(prices: PriceList, current: Quota, wanted: Quota) -> float:
    """The most that a change of quota can add in a month, in USD; infinite for a change to unlimited."""
    if wanted.minutes == UNLIMITED:
        return 0.0 if current.minutes == UNLIMITED else float("inf")
    if current.minutes == UNLIMITED:
        return 0.0
    return max(0, wanted.minutes - current.minutes) / 60 * prices.per_hour


USED_OF_ASKED = (0.55, 0.9, 1.0)
"""P10, P50, P90 of what comes of the time that jobs ask for: trainings take nearly all, evaluations about half; some
stop. Fitted, with the four values below, on fleets of benchmarks/forecast.py of another seed."""
USED_OF_ROOM = 0.55
"""What people use of what they may, as long as an event is too young to tell: little known, so soon forgotten."""
YOUNG = 0.1  # of the event's length: how soon its own pace counts as much as that
SHARE_OF_MEAN = 0.5  # what who has not moved lately is expected to do, beside the mean of all
TAKEN_OVER = 0.1  # of what the eager may not ask for any more: others come in later
SIGMA_FLOOR, SIGMA_AHEAD = 0.12, 0.6


def forecast(
    event: Event,
    series: Sequence[UsageSample],
    uses: ProfileUses,
    rooms: Sequence[float],
    *,
    spent: Amount,
    committed: Amount,
    most: Amount,
    storage: Amount,
) -> Band:
    """Final spend. `rooms`: minutes that each of `uses` can still ask for (infinite: no limit). `most`: the ceiling;
    `storage`: what storage costs until the end. spent <= p10 <= p50 <= p90 <= most, whatever came in.
    """
    last = series[-1]
    left_h = max(0.0, (event.ends_at - last.at).total_seconds() / 3600)
    past_h = max(0.0, (last.at - series[0].at).total_seconds() / 3600)
    ahead = _asked_ahead(series, left_h, past_h, rooms, length_h=left_h + past_h)
    shares = _shares(uses, rooms)
    sigma = math.hypot(SIGMA_FLOOR, SIGMA_AHEAD * left_h / (left_h + past_h)) if left_h > 0 else 0.0
    found: list[Amount] = []
    for sigmas, used in zip((-P90_SIGMAS, 0.0, P90_SIGMAS), USED_OF_ASKED, strict=True):
        scaled = ahead * math.exp(sigma * sigmas)
        asked = _filled(scaled, shares, rooms)
        more = at_prices(event.prices, asked * min(1.0, used + 0.05)) + Amount(
            committed.hours * used, committed.usd * used
        )
        whole = spent + more + storage
        floor = found[-1] if found else spent
        found.append(Amount(_within(whole.hours, floor.hours, most.hours), _within(whole.usd, floor.usd, most.usd)))
    return Band(*found, budget_reached_at=_reached(event, last.at, left_h, spent.usd, found[1].usd))


def _filled(minutes: float, shares: Sequence[float], rooms: Sequence[float]) -> float:
    """Of `minutes`, what finds room: what one may not ask for any more, others who still may take over in part."""
    wishes = [minutes * share for share in shares]
    asked = [room if room < wish else wish for room, wish in zip(rooms, wishes, strict=True)]
    rest = TAKEN_OVER * (minutes - math.fsum(asked)) if shares else 0.0
    free = math.fsum(map(sub, rooms, asked))
    return math.fsum(asked) + (min(rest, free) if rest > 0 else 0.0)


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(value, most))


def _reached(event: Event, now: datetime, left_h: float, spent: float, final: float) -> datetime | None:
    budget = event.budget_usd
    if not budget or spent >= budget or final < budget or final <= spent:
        return None
    return now + timedelta(hours=left_h * (budget - spent) / (final - spent))


def _shares(uses: ProfileUses, rooms: Sequence[float]) -> list[float]:
    """Who of those who still may asks how much of what is to come, by their recent pace; sums to 1 (or all 0)."""
    gained = [
        more if room > 0 and (more := minutes + queued - (before or 0.0)) > 0.0 else 0.0
        for minutes, queued, before, room in zip(uses.minutes, uses.queued, uses.asked_before, rooms, strict=True)
    ]
    able = sum(1 for room in rooms if room > 0)
    if not able:
        return [0.0] * len(rooms)
    prior = SHARE_OF_MEAN * sum(gained) / able or 1.0
    weights = [gain + prior if room > 0 else 0.0 for gain, room in zip(gained, rooms, strict=True)]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def _asked_ahead(
    series: Sequence[UsageSample], left_h: float, past_h: float, rooms: Sequence[float], *, length_h: float
) -> float:
    """Minutes that would be asked for until the end if no limit came in between."""
    pace = _pace_ahead(series, left_h, past_h)
    limited = [room for room in rooms if math.isfinite(room)]
    if len(limited) < len(rooms) or length_h <= 0:
        return pace
    known = past_h / (past_h + YOUNG * length_h) if past_h > 0 else 0.0
    return known * pace + (1 - known) * USED_OF_ROOM * sum(limited)


def _pace_ahead(series: Sequence[UsageSample], left_h: float, past_h: float) -> float:
    """By the last hours and by all; once a day has been seen, by what that hour of the day brought."""
    if past_h <= 0 or left_h <= 0:
        return 0.0
    if past_h >= 30:
        return _by_hour_of_day(series, left_h, past_h)
    recent_h = min(past_h, max(1.0, past_h / 3))
    recent = _asked_between(series, past_h - recent_h, past_h) / recent_h
    mean = _asked_between(series, 0.0, past_h) / past_h
    return (0.6 * recent + 0.4 * mean) * left_h


def _by_hour_of_day(series: Sequence[UsageSample], left_h: float, past_h: float) -> float:
    """Each coming hour brings what the hours 24, 48, ... before it brought, newer days counting more."""
    total, hour = 0.0, 0.0
    while hour < left_h:
        piece = min(1.0, left_h - hour)
        weight = seen = 0.0
        back, worth = past_h + hour - 24.0 * math.ceil((hour + 1.0) / 24.0), 1.0
        while back >= 0 and worth > 0.05:
            seen += worth * _asked_between(series, back, back + 1.0)
            weight, back, worth = weight + worth, back - 24.0, worth * 0.6
        total += piece * (seen / weight if weight else 0.0)
        hour += 1.0
    return total


def _asked_between(series: Sequence[UsageSample], start_h: float, end_h: float) -> float:
    """Minutes asked for between two instants, in hours after the first sample; straight lines between samples."""
    return max(0.0, _asked_at(series, end_h) - _asked_at(series, start_h))


def _asked_at(series: Sequence[UsageSample], hours: float) -> float:
    at = series[0].at + timedelta(hours=hours)
    low, high = 0, len(series) - 1
    if at >= series[high].at:
        return _asked(series[high])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if series[middle].at <= at else (low, middle)
    span = (series[high].at - series[low].at).total_seconds()
    part = (at - series[low].at).total_seconds() / span if span > 0 else 0.0
    return _asked(series[low]) + part * (_asked(series[high]) - _asked(series[low]))


def _asked(sample: UsageSample) -> float:
    return sample.minutes_used + sample.minutes_queued - sample.minutes_waiting

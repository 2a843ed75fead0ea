"""What an event has used, will use and can use, in hours and in money, at one instant of event time. Pure.

Invariants (tests/rules/test_usage.py): spent never falls while the prices stay; cohorts sum to the whole; committed is
never negative; spent <= P10 <= P50 <= P90 <= ceiling <= exposure.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from deepracer_admin.model import (
    GB_HOURS_A_MONTH,
    RUNNING_MODELS,
    Event,
    Model,
    ModelJobs,
    PriceList,
    ProfileUse,
    ProfileUses,
    UsageSample,
)
from deepracer_admin.rules.money import Amount, Band, Burn, at_prices, forecast

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "NO_COHORT",
    "WAITING_FOR_CAPACITY",
    "WINDOWS_H",
    "Part",
    "Totals",
    "can_still_use",
    "jobs_of",
    "month_starts",
    "moved",
    "outliers",
    "totals",
]

WINDOWS_H = (1.0, 6.0, 24.0)
"""Hours of event time over which the burn rate is told."""
NO_COHORT = ""
"""Whoever has no office or cost centre, or is not on the list any more."""
OUTLIER_TIMES = 3.0
LONGEST_JOB_H = 24.0  # a job asks for at most 1,440 minutes (deepracer-on-aws.md 1.7)
WAITING_FOR_CAPACITY = "WAITING_FOR_CAPACITY"
"""`Model.status` of a training that nobody starts but its racer (since 1.3.0)."""
_USES_A_SLOT = frozenset({*RUNNING_MODELS, "INITIALIZING", "SUBMITTING"})


@dataclass(frozen=True, slots=True)
class Part:
    """One cohort (an office, a cost centre). Amounts as in `Totals`; an infinite exposure: somebody has no limit."""

    profiles: int
    active: int
    spent: Amount
    committed: Amount
    waiting: Amount
    exposure: Amount


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole event at `as_of` (event time of the last sample). Hours of compute and USD by the event's price list
    (estimate); storage is in the USD alone.

    `spent`: what jobs that ended took, and storage so far; `spent_high`: at most, where use around a monthly reset went
    unseen. `committed`: what runs or will run by itself, at most (the time asked for). `waiting`: asked for by models
    that wait for a slot; nothing starts them but their racers, so it is not committed. `exposure`: spent, and all that
    limits still allow until the end; infinite while somebody has no limit. `ceiling`: exposure, as far as slots and
    time let it come true where there is no queue (since 1.3.0), the last jobs running on after the end. Submissions to
    races are held by no limit of a profile (deepracer-on-aws.md 2.3).
    `burn`: by window, shortest first; empty: fewer than two samples. `forecast`: of the final spend; None: over.
    """

    as_of: datetime
    profiles: int
    active: int
    spent: Amount
    spent_high: Amount
    committed: Amount
    waiting: Amount
    exposure: Amount
    ceiling: Amount
    burn: tuple[Burn, ...] = ()
    forecast: Band | None = None
    offices: Mapping[str, Part] = field(default_factory=dict[str, Part])
    cost_centres: Mapping[str, Part] = field(default_factory=dict[str, Part])
    running: int | None = None
    queued: int | None = None
    waiting_models: int | None = None
    models: int = 0
    storage_bytes: int = 0

    def age(self, now: datetime) -> timedelta:
        """How old the numbers are, in event time."""
        return max(timedelta(), now - self.as_of)

    @property
    def at_most_so_far(self) -> Amount:
        """Spent and committed: what is used even if nobody starts anything any more."""
        return self.spent + self.committed


def jobs_of(models: Iterable[Model]) -> dict[str, ModelJobs]:
    """What the models of each profile do, by profile id; whoever has none that does anything is left out.

    Statuses are open strings (deepracer-on-aws.md 1.7); QUEUED is a training in the queue, or a submission on its way.
    """
    counts: dict[str, list[int]] = {}
    for model in models:
        place = 0 if model.status in _USES_A_SLOT else {"QUEUED": 1, WAITING_FOR_CAPACITY: 2}.get(model.status)
        if place is not None:
            counts.setdefault(model.profile_id, [0, 0, 0])[place] += 1
    return {profile: ModelJobs(*found) for profile, found in counts.items()}


def month_starts(now: datetime, end: datetime) -> int:
    """How often limits begin anew in (now, end]: on each 1st, 00:00 UTC at the earliest (deepracer-on-aws.md 2.3)."""
    first, last = now.astimezone(UTC), end.astimezone(UTC)
    return max(0, 12 * (last.year - first.year) + last.month - first.month)


def can_still_use(use: ProfileUse, months_ahead: int) -> float:
    """Minutes that a profile can still ask for beyond what it asked for: this month's rest, and new months."""
    if not use.listed:
        return 0.0
    if use.limit is None:
        return float("inf")
    return max(0.0, use.limit - use.month - use.queued) + use.limit * months_ahead


class _Columns:
    """Every profile, a column a value: ten times as quick to add up as profile by profile, of 10,000. Sums are taken in
    the order of the profiles, so that they are those of a walk to the last digit.
    """

    def __init__(self, uses: ProfileUses, months_ahead: int) -> None:
        import numpy as np  # a tenth of a second, and no start needs it

        def numbers(column: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
            return np.array(column, np.float64)

        month, queued, waiting = numbers(uses.month), numbers(uses.queued), numbers(uses.waiting)
        limit = numbers([math.inf if each is None else each for each in uses.limit])
        listed = np.array(uses.listed, np.bool_)
        self.profile = uses.profile
        self.minutes = numbers(uses.minutes)
        asked = np.maximum(queued, 0.0)
        left = np.maximum(limit - month - queued, 0.0) + (limit * months_ahead if months_ahead else 0.0)
        rest = np.where(listed, left, 0.0)  # as can_still_use
        self.rooms: list[float] = (rest + waiting).tolist()
        self.unsure = float(sum(np.maximum(numbers(uses.minutes_high) - self.minutes, 0.0).tolist()))
        self._summed = (
            listed.astype(np.float64),
            ((self.minutes > 0) | (queued > 0)).astype(np.float64),
            self.minutes,
            numbers(uses.gb_hours),
            asked,
            np.minimum(np.maximum(waiting, 0.0), asked),
            rest,
        )

    def part(self, prices: PriceList) -> Part:
        """Sums over all profiles."""
        return _part(prices, [float(column.cumsum()[-1]) if column.size else 0.0 for column in self._summed])

    def by_cohort(self, prices: PriceList, cohort_of: Mapping[str, str]) -> dict[str, Part]:
        """Sums by cohort, by name; `cohort_of` by profile id, NO_COHORT for whoever is not in it."""
        import numpy as np

        names = [*map(cohort_of.get, self.profile, repeat(NO_COHORT))]
        number = {name: place for place, name in enumerate(sorted({*names}))}
        places = np.fromiter(map(number.__getitem__, names), np.intp, len(names))
        sums = [np.bincount(places, column, len(number)).tolist() for column in self._summed]
        return {name: _part(prices, [column[place] for column in sums]) for name, place in number.items()}


def _part(prices: PriceList, sums: Sequence[float]) -> Part:
    """`sums`: of the columns as `_Columns` adds them up."""
    profiles, active, minutes, gb_hours, queued, waiting, rest = sums
    spent = at_prices(prices, minutes, gb_hours)
    return Part(
        profiles=int(profiles),
        active=int(active),
        spent=spent,
        committed=at_prices(prices, max(0.0, queued - waiting)),
        waiting=at_prices(prices, waiting),
        exposure=spent + at_prices(prices, queued + rest),
    )


def totals(
    event: Event,
    series: Sequence[UsageSample],
    uses: Sequence[ProfileUse],
    *,
    offices: Mapping[str, str] | None = None,
    cost_centres: Mapping[str, str] | None = None,
    monthly: bool = True,
    minutes_to_come: float = 0.0,
) -> Totals:
    """Totals at the last of `series` (never empty). `monthly`: does the service's counter begin anew on the 1st?
    `minutes_to_come`: limits of people who have no profile yet. Storage goes on costing until the end as it is now.
    """
    last, prices, uses = series[-1], event.prices, ProfileUses.of(uses)
    months_ahead = month_starts(last.at, event.ends_at) if monthly else 0
    columns = _Columns(uses, months_ahead)
    whole = columns.part(prices)
    left_h = max(0.0, (event.ends_at - last.at).total_seconds() / 3600)
    storage = Amount(0.0, last.storage_bytes / 1e9 * left_h / GB_HOURS_A_MONTH * prices.storage_per_gb_month)
    pending = whole.committed + whole.waiting
    still = whole.exposure.hours - whole.spent.hours - pending.hours
    rest_h = still + minutes_to_come / 60 if left_h > 0 else 0.0
    exposure = whole.spent + pending + storage + at_prices(prices, 60 * rest_h)
    through_h = pending.hours + rest_h
    if monthly and last.waiting is not None:  # no queue: what finds no slot before the end is never started
        slots = max(event.slots, last.running or 0)
        through_h = max(whole.committed.hours, min(through_h, slots * (left_h + LONGEST_JOB_H if left_h > 0 else 0.0)))
    ceiling = whole.spent + storage + at_prices(prices, 60 * through_h)
    over = left_h <= 0 or event.closed_at is not None
    return Totals(
        as_of=last.at,
        profiles=last.profiles,
        active=whole.active,
        spent=whole.spent,
        spent_high=whole.spent + at_prices(prices, columns.unsure),
        committed=whole.committed,
        waiting=whole.waiting,
        exposure=exposure,
        ceiling=ceiling,
        burn=tuple(burn for hours in WINDOWS_H if (burn := _burn(prices, series, hours)) is not None),
        forecast=None
        if over
        else forecast(
            event,
            series,
            uses,
            columns.rooms,
            spent=whole.spent,
            committed=whole.committed,
            most=ceiling,
            storage=storage,
        ),
        offices=columns.by_cohort(prices, offices or {}),
        cost_centres=columns.by_cohort(prices, cost_centres or {}),
        running=last.running,
        queued=last.queued,
        waiting_models=last.waiting,
        models=last.models,
        storage_bytes=last.storage_bytes,
    )


def _burn(prices: PriceList, series: Sequence[UsageSample], hours: float) -> Burn | None:
    """Hours and USD an hour over the last `hours` of event time, or over what there is; None with one sample."""
    last = series[-1]
    first = next((sample for sample in series if sample.at >= last.at - timedelta(hours=hours)), last)
    if first is last:
        first = series[-2] if len(series) > 1 else last
    span = (last.at - first.at).total_seconds() / 3600
    if span <= 0:
        return None
    amount = at_prices(
        prices, max(0.0, last.minutes_used - first.minutes_used), max(0.0, last.gb_hours - first.gb_hours)
    )
    return Burn(hours, amount.hours / span, amount.usd / span)


def moved(uses: Sequence[ProfileUse]) -> dict[str, float]:
    """Who asked for any minutes since the window of recent use began, and how many; by profile id."""
    found = ProfileUses.of(uses)
    asked = zip(found.profile, found.minutes, found.queued, found.asked_before, strict=True)
    return {
        profile: more
        for profile, minutes, queued, before in asked
        if before is not None and (more := minutes + queued - before) > 0
    }


def outliers(uses: Sequence[ProfileUse], cohort_of: Mapping[str, str]) -> dict[str, float]:
    """Who used more than three times the median of their cohort's active profiles, and how many times; by profile id.

    Cohorts with fewer than three active profiles have no median worth the name.
    """
    each = ProfileUses.of(uses)
    cohorts = map(cohort_of.get, each.profile, repeat(NO_COHORT))
    groups: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for profile, minutes, name in zip(each.profile, each.minutes, cohorts, strict=True):
        if minutes > 0:
            groups[name].append((minutes, profile))
    found: dict[str, float] = {}
    for group in groups.values():
        if len(group) < 3:
            continue
        group.sort()
        half = len(group) // 2
        median = group[half][0] if len(group) % 2 else (group[half - 1][0] + group[half][0]) / 2
        first = bisect_right(group, OUTLIER_TIMES * median, key=itemgetter(0))
        found.update((profile, minutes / median) for minutes, profile in group[first:])
    return found

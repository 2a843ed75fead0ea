"""From simulated events to an answer: bands, whether the plan fits and why not, and how many slots are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from deepracer_admin.counted import counted
from deepracer_admin.rules.capacity.draws import Floats
from deepracer_admin.rules.capacity.outlook import Band, Enough, Outlook, SlotsInUse
from deepracer_admin.rules.capacity.plan import Plan
from deepracer_admin.rules.capacity.simulation import Runs, simulate

__all__ = ["LEAST_SHARE", "least_slots", "look_ahead"]

LEAST_SHARE = 0.98
"""A plan fits when at least so much of the planned hours runs by the end, in nine of ten simulated events."""
_MARGIN = 0.005  # and a little more: twenty simulated events know the first tenth only roughly
_MOST_NEVER, _MOST_FAILED = 0.01, 0.01  # of the people who came, of the submissions; in nine of ten events


def look_ahead(plan: Plan, *, runs: int) -> Outlook:
    """The answer. Raises BadInput for a plan that cannot be."""
    plan.check()
    return _answer(plan, simulate(plan, runs), simulate(plan, runs, enough=True), runs)


def least_slots(plan: Plan, *, runs: int, sure: int) -> Enough:
    """Halve the range until the least number of jobs at once is found with which the plan fits, then try it with
    `sure` runs, and somewhat more slots where it is needed. Raises BadInput.
    """
    plan.check()
    free = simulate(plan, runs, enough=True)
    most = max(1, int(free.busiest.max()))
    least = _halved(lambda slots: _tried(plan, slots, free, runs).fits, most)
    if least == most and not (best := _tried(plan, most, free, runs)).fits:
        hours = 0.99 * best.hours.p50
        useful = _halved(lambda slots: _tried(plan, slots, free, runs).hours.p50 >= hours, most)
        return Enough(None, most, best.why_not, useful)
    free = simulate(plan, sure, enough=True)
    most = max(most, int(free.busiest.max()))
    why: tuple[str, ...] = ()
    for slots in _upward(least, most):
        seen = _tried(plan, slots, free, sure)
        if seen.fits:
            return Enough(slots, most)
        why = seen.why_not
    return Enough(None, most, why, most)


def _tried(plan: Plan, slots: int, free: Runs, runs: int) -> Outlook:
    wanted = replace(plan, slots=slots, account_slots=None, others=0)
    return _answer(wanted, simulate(wanted, runs), free, runs)


def _halved(fits: Callable[[int], bool], most: int) -> int:
    """The least number that fits; `most` also where none does."""
    low, high = 0, most  # `low` does not fit
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle
    return high


def _upward(least: int, most: int) -> Iterator[int]:
    """From the number found, in steps of a thirtieth, up to one for everybody who is ever busy at once."""
    slots = least
    while slots < most:
        yield slots
        slots += max(1, slots // 30)
    yield most


def _answer(plan: Plan, found: Runs, free: Runs, runs: int) -> Outlook:
    share = found.ran_minutes / np.maximum(free.ran_minutes, 1e-9)
    never_share = found.never_trained / np.maximum(found.came, 1)
    failed_share = found.failed_submissions / np.maximum(found.submissions, 1)
    why = _why_not(plan, _band(share), _band(never_share), _band(failed_share), found)
    return Outlook(
        plan=plan,
        runs=runs,
        came=_band(found.came),
        never_trained=_band(found.never_trained),
        wait_min=_band(found.wait_min),
        long_wait_min=_band(found.long_wait_min),
        submissions=_band(found.submissions),
        failed_submissions=_band(found.failed_submissions),
        end_h=_band(found.end_min / 60),
        hours=_band(found.minutes / 60),
        all_hours=_band(found.all_minutes / 60),
        usd=_band(found.all_minutes / 60 * plan.usd_per_hour),
        planned_hours=_band(free.ran_minutes / 60),
        hours_share=_band(np.minimum(share, 1.0)),
        busiest=_band(free.busiest),
        slots_in_use=SlotsInUse(
            tuple((found.marks / 60).tolist()), *(tuple(row) for row in _quantiles(found.in_use).tolist())
        ),
        fits=not why,
        why_not=why,
    )


def _why_not(plan: Plan, share: Band, never: Band, failed: Band, found: Runs) -> tuple[str, ...]:
    """What stands against the plan, a sentence each: as it is in the middle, or in one of ten simulated events."""
    why = []
    if share.p10 < LEAST_SHARE + _MARGIN:
        usual = share.p50 < LEAST_SHARE + _MARGIN
        said = f"{share.p50 if usual else share.p10:.1%} of the hours that people would train get through by the end."
        why.append(f"Only {said}" if usual else f"In one of ten events only {said}")
    if never.p90 > _MOST_NEVER:
        why.append(_count_of(found.never_trained, "person", "people", f" of {plan.people:,} will never train."))
    if failed.p90 > _MOST_FAILED:
        why.append(_count_of(found.failed_submissions, "submission", "", " will fail because no slot is free."))
    return tuple(why)


def _count_of(values: Floats, one: str, many: str, rest: str) -> str:
    """How many in the middle; where that is nobody, in one of ten events."""
    band = _band(values)
    middle = round(band.p50)
    if middle:
        return f"{counted(middle, one, many)}{rest}"
    return f"In one of ten events {counted(max(1, round(band.p90)), one, many)}{rest}"


def _quantiles(values: Floats) -> Floats:
    return np.quantile(values, (0.1, 0.5, 0.9), axis=0, method="linear")


def _band(values: Floats) -> Band:
    """Bands of what may be endless: an infinite entry makes the upper ones infinite, never NaN."""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9), method="median_unbiased" if _finite(values) else "higher")
    return Band(float(low), float(middle), float(high))


def _finite(values: Floats) -> bool:
    return bool(np.isfinite(values).all())

"""A rehearsal that is read sample by sample, beside the books of the service that it ran on (replay.py)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from benchmarks._world import invited_world, live_until
from deepracer_admin.model import PriceList, Profile, UsageSample
from deepracer_admin.racing.on_aws.profiles import list_profiles
from deepracer_admin.racing.on_aws.transport import Transport
from deepracer_admin.rehearsal.deepracer.deployment import Deployment
from deepracer_admin.rehearsal.deepracer.profiles import describe
from deepracer_admin.rules.money import at_prices
from deepracer_admin.store import History
from deepracer_admin.store.sqlite import open_history

__all__ = ["START", "VERSIONS", "replay"]

START = datetime(2026, 3, 31, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENT = "ev-replayed"
VERSIONS = ("1.2.5", "1.3.1")
TWICE, LATE = 7, 11  # each so manieth sample
NEAR = 1e-6
CENT = 0.01


@dataclass
class Books:
    """What the service counted, by sample: minutes that ran and that are queued, and GB-hours stored."""

    ran: dict[datetime, float] = field(default_factory=dict)
    queued: dict[datetime, float] = field(default_factory=dict)
    gb_hours: dict[datetime, float] = field(default_factory=dict)


class _Stored:
    """GB-hours, exactly: what is stored changes when a training ends."""

    def __init__(self, site: Deployment, start: float) -> None:
        self._gb_hours, self._gigabytes, self._since = 0.0, 0.0, start
        ends = site.compute.job_ends

        def job_ends(job: Any, moment: float) -> None:
            self.until(moment)
            profile = site.state.profiles.get(job.profile_id)
            before = profile.storage or 0 if profile else 0
            ends(job, moment)
            self._gigabytes += ((profile.storage or 0) - before) / 1e9 if profile else 0.0

        site.compute.job_ends = job_ends

    def until(self, moment: float) -> float:
        self._gb_hours += self._gigabytes * (moment - self._since) / 3600
        self._since = moment
        return self._gb_hours


class _InProcess:
    """As much of a transport as the reader of profiles asks for: pages of a hundred, in the service's words."""

    def __init__(self, site: Deployment) -> None:
        self._site = site

    def pages(self, operation: object, *ids: str, of: str) -> Iterator[list[dict[str, Any]]]:
        listed = [*self._site.state.profiles.values()]
        for start in range(0, len(listed), 100):
            yield json.loads(json.dumps([describe(each) for each in listed[start : start + 100]]))


def replay(
    version: str, *, people: int, hours: float, slots: int, seed: int, home: Path, start: datetime = START
) -> dict[str, Any]:
    """One rehearsal, read into both histories; how each did."""
    world, site = invited_world(
        home / "world", people=people, start=start, hours=hours, slots=slots, version=version, seed=seed, minutes=300,
        models=-1,
    )  # fmt: skip
    read = cast("Transport", _InProcess(site))
    stored, books = _Stored(site, start.timestamp()), Books()
    steady, rough = (open_history(home / f"{name}.sqlite") for name in ("steady", "rough"))
    last: tuple[datetime, list[Profile]] | None = None
    reset = _reset_of(site, start)
    took = 0.0
    for minute in range(1, round(hours * 60) + 1):
        at = start + minute * MINUTE
        live_until(world, at)
        profiles = [*list_profiles(read)]
        books.ran[at] = sum(sum(kinds.values()) for kinds in site.compute.ran.values())
        books.queued[at] = sum(profile.queued for profile in site.state.profiles.values())
        books.gb_hours[at] = stored.until(at.timestamp())
        began = time.process_time()
        steady.add_usage(EVENT, at, profiles, slots=slots)
        took += time.process_time() - began
        if not _is_out(at - start, reset - start):
            rough.add_usage(EVENT, at, profiles, slots=slots)
            if minute % TWICE == 0:
                rough.add_usage(EVENT, at, profiles, slots=slots)
            if minute % LATE == 0 and last is not None:
                rough.add_usage(EVENT, *last, slots=slots)
            last = at, profiles
    ran = {who: sum(kinds.values()) for who, kinds in site.compute.ran.items()}
    found = {
        "profiles": len(site.state.profiles),
        "hours_that_ran": round(sum(ran.values()) / 60, 2),
        "resets": [datetime.fromtimestamp(each, UTC).isoformat() for each in site.compute.resets],
        "steady": _compare(steady, books, ran, reset),
        "rough": _compare(rough, books, ran, reset),
        "ms_a_sample": round(1000 * took / (hours * 60), 1),
    }
    for each in (steady, rough):
        each.close()
    return found


def _reset_of(site: Deployment, start: datetime) -> datetime:
    """When the month will be reset: the service knows by itself."""
    site.compute.tick(start.timestamp())
    due = site.compute.next_reset
    assert due is not None
    return datetime.fromtimestamp(due, UTC)


def _is_out(at: timedelta, reset: timedelta) -> bool:
    """The half hours in which nobody works: two hours after the start, and around the reset."""
    by_day = timedelta(hours=2) < at <= timedelta(hours=2, minutes=30)
    return by_day or reset - 20 * MINUTE < at <= reset + 10 * MINUTE


def _compare(history: History, books: Books, ran: dict[str, float], reset: datetime) -> dict[str, Any]:
    samples = history.usage(EVENT, points=1_000_000)
    prices = PriceList()
    equal = [abs(sample.minutes_used - books.ran[sample.at]) <= NEAR for sample in samples]
    inside = [_holds(sample, books.ran[sample.at]) for sample in samples]
    off = [_off_usd(sample, books, prices) for sample in samples]
    uses = history.profile_uses(EVENT, since=samples[0].at)
    gaps = [(after.at - before.at) / MINUTE for before, after in pairwise(samples)]
    before = [sample for sample in samples if sample.at <= reset]
    return {
        "samples": len(samples),
        "longest_gap_min": round(max(gaps, default=0.0), 1),
        "before_the_reset": len(before),
        "equal_before_the_reset": sum(equal[: len(before)]),
        "equal": sum(equal),
        "in_range": sum(inside),
        "outside": len(samples) - sum(inside),
        "queued_differ": sum(abs(sample.minutes_queued - books.queued[sample.at]) > NEAR for sample in samples),
        "spend_off_by_a_cent": sum(each > CENT for each in off),
        "largest_spend_error_usd": round(max(off, default=0.0), 4),
        "spend_usd": round(at_prices(prices, samples[-1].minutes_used, samples[-1].gb_hours).usd, 2),
        "most_unsure_min": round(max((sample.minutes_unsure for sample in samples), default=0.0), 1),
        "lost_min": round(books.ran[samples[-1].at] - samples[-1].minutes_used, 1),
        "profiles_differ": sum(
            not use.minutes - NEAR <= ran.get(use.profile, 0.0) <= use.minutes_high + NEAR for use in uses
        ),
    }  # fmt: skip


def _holds(sample: UsageSample, truth: float) -> bool:
    return sample.minutes_used - NEAR <= truth <= sample.minutes_used + sample.minutes_unsure + NEAR


def _off_usd(sample: UsageSample, books: Books, prices: PriceList) -> float:
    """By how much the books' spend lies outside the range that the sample states (USD)."""
    true = at_prices(prices, books.ran[sample.at], books.gb_hours[sample.at]).usd
    low = at_prices(prices, sample.minutes_used, sample.gb_hours).usd
    high = at_prices(prices, sample.minutes_used + sample.minutes_unsure, sample.gb_hours).usd
    return max(0.0, low - true, true - high)

"""How samples add up: over resets, gaps, odd answers, whoever comes and goes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Profile, Quota, UsageSample
from deepracer_admin.store.samples import Kept, reset_between, step

FIRST = datetime(2026, 12, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def replay(
    samples: list[tuple[datetime, list[Profile]]], *, slots: int = 8
) -> tuple[list[UsageSample], dict[str, Kept]]:
    kept: dict[str, Kept] = {}
    found: list[UsageSample] = []
    before: datetime | None = None
    unsure = 0.0
    for at, profiles in samples:
        made = step(kept, before, unsure, at, profiles, jobs=None, slots=slots)
        kept, before, unsure = {**kept, **made.changed}, at, made.unsure
        found.append(made.sample)
    return found, kept


def one(*values: float, start: datetime = NOON, queued: float = 0.0) -> list[tuple[datetime, list[Profile]]]:
    return [
        (start + number * MINUTE, [Profile("p", "p", minutes_used=value, minutes_queued=queued, quota=Quota(600, 5))])
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("start", "end", "answer"),
    [
        (NOON, NOON + MINUTE, (False, False)),
        (FIRST - MINUTE, FIRST + MINUTE, (True, False)),
        (FIRST + 60 * MINUTE, FIRST + 61 * MINUTE, (True, False)),
        (FIRST - MINUTE, FIRST + 300 * MINUTE, (True, True)),
        (FIRST + 300 * MINUTE, FIRST + 301 * MINUTE, (False, False)),
    ],
)
def test_counters_are_reset_in_the_first_hours_of_a_month(
    start: datetime, end: datetime, answer: tuple[bool, bool]
) -> None:
    assert reset_between(start, end) == answer


def test_a_job_of_somebody_with_an_empty_counter_may_have_ended_before_the_reset() -> None:
    """The first job of a month ended unseen: the queue tells of it, the counter does not."""

    def at(minute: int, used: float, queued: float) -> tuple[datetime, list[Profile]]:
        others = Profile("other", "o", minutes_used=0.0 if minute else 50.0)
        return FIRST + minute * MINUTE, [Profile("p", "p", minutes_used=used, minutes_queued=queued), others]

    found, kept = replay([at(0, 0, 300), at(31, 0, 240)])
    assert kept["p"].unsure >= 60
    assert found[-1].minutes_unsure >= 60
    _, kept = replay([at(0, 0, 300), at(1, 0, 300)])
    assert kept["p"].unsure == 0, "it goes on"


def test_an_odd_answer_that_lists_nothing_for_a_moment_is_no_reset() -> None:
    found, kept = replay(one(100, 0, 100, 110))
    assert [sample.minutes_used for sample in found] == [100, 100, 100, 110]
    assert kept["p"].unsure == 100


def test_a_counter_that_was_set_to_0_by_hand_goes_on() -> None:
    found, kept = replay(one(100, 0, 10, 200))
    assert [sample.minutes_used for sample in found] == [100, 100, 110, 300]
    assert kept["p"].unsure == 0


def test_a_gap_over_the_whole_window_is_a_reset_though_the_counter_stands_higher() -> None:
    profile = Profile("p", "p", minutes_used=20.0)
    later = Profile("p", "p", minutes_used=50.0)
    found, _ = replay([(FIRST - MINUTE, [profile]), (FIRST + 400 * MINUTE, [later])])
    assert found[-1].minutes_used == 70


def test_a_listing_that_straddles_the_reset_counts_nothing_twice() -> None:
    def crowd(*used: float) -> list[Profile]:
        return [Profile(f"p{number}", "p", minutes_used=each) for number, each in enumerate(used)]

    found, _ = replay(
        [
            (FIRST - MINUTE, crowd(100, 100, 100)),
            (FIRST + MINUTE, crowd(0, 100, 100)),
            (FIRST + 2 * MINUTE, crowd(0, 0, 5)),
        ]
    )
    assert found[-1].minutes_used == 305


def test_a_fall_in_season_is_never_taken_back() -> None:
    found, _ = replay(one(100, 0, 150, start=FIRST))
    assert [sample.minutes_used for sample in found] == [100, 100, 250]


counters = st.lists(st.floats(0, 1e4), min_size=1, max_size=12)


@given(values=counters, start=st.sampled_from([NOON, FIRST - 3 * MINUTE]), there=st.lists(st.booleans(), max_size=12))
def test_minutes_never_fall_whatever_the_service_says(values: list[float], start: datetime, there: list[bool]) -> None:
    samples = one(*values, start=start)
    samples = [
        (at, profiles if number >= len(there) or there[number] else []) for number, (at, profiles) in enumerate(samples)
    ]
    found, kept = replay(samples)
    totals = [sample.minutes_used for sample in found]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(totals))
    assert all(sample.minutes_unsure >= 0 for sample in found)
    assert all(state.unsure >= 0 for state in kept.values())


class Ledger:
    """A service's own book: racers with jobs, and counters that fall on the 1st."""

    def __init__(self, seed: int, racers: int, slots: int) -> None:
        self.random = random.Random(seed)
        self.truth = {f"p{number}": 0.0 for number in range(racers)}
        self.counter = dict(self.truth)
        self.jobs: list[tuple[datetime, str, float, float]] = []
        self.slots = slots

    def run(self, minute: datetime, reset_at: datetime) -> None:
        for ends, racer, _, ran in [job for job in self.jobs if job[0] <= minute]:
            self.truth[racer] += ran
            self.counter[racer] += ran
            assert ends <= minute
        self.jobs = [job for job in self.jobs if job[0] > minute]
        if minute == reset_at:
            self.counter = dict.fromkeys(self.counter, 0.0)
        while len(self.jobs) < self.slots and self.random.random() < 0.6:
            asked = self.random.choice([10.0, 30.0, 60.0, 120.0])
            ran = asked * self.random.uniform(0.3, 1.0)
            self.jobs.append((minute + timedelta(minutes=ran), self.random.choice(list(self.truth)), asked, ran))

    def profiles(self) -> list[Profile]:
        queued = dict.fromkeys(self.truth, 0.0)
        for _, racer, asked, _ in self.jobs:
            queued[racer] += asked
        return [
            Profile(name, name, minutes_used=self.counter[name], minutes_queued=queued[name]) for name in self.truth
        ]


@pytest.mark.parametrize("seed", range(12))
def test_a_gap_across_the_reset_gives_a_range_that_holds_the_truth(seed: int) -> None:
    choice = random.Random(1_000 + seed)
    ledger = Ledger(seed, racers=20, slots=6)
    reset_at = FIRST + choice.randrange(240) * MINUTE
    gap = (FIRST - choice.randrange(1, 200) * MINUTE, FIRST + choice.randrange(0, 400) * MINUTE)
    samples = []
    for number in range(-400, 600):
        minute = FIRST + number * MINUTE
        ledger.run(minute, reset_at)
        if not gap[0] < minute < gap[1]:
            samples.append((minute, ledger.profiles(), sum(ledger.truth.values())))
    found, _ = replay([(at, profiles) for at, profiles, _ in samples], slots=6)
    for sample, (at, _, truth) in zip(found, samples, strict=True):
        if at < FIRST:
            assert sample.minutes_used == pytest.approx(truth)
        assert sample.minutes_used <= truth + 1e-6
        assert truth <= sample.minutes_used + sample.minutes_unsure + 1e-6

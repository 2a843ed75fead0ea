"""How the fleet's cars drive: lap times and submissions drawn from distributions that real races showed.

The constants are fitted to public league leaderboards of the managed service: "open practice", one race over the
year 2025 (its last snapshot: 6,652 racers, 3 laps, ranked by average lap), and "monthly final hours", the last 13
hourly snapshots of a month's race in October 2023 (2,699 racers, 3 laps, ranked by total time). Where a leaderboard
cannot say (a racer who never finished is not on it), the constant says that it is an assumption.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from statistics import NormalDist

from deepracer_admin.rehearsal.shared.garage import LapResult

__all__ = [
    "Career",
    "draw_career",
    "drive",
    "first_entry",
    "improves",
    "next_entry",
    "score_ratio",
    "submissions_quantile",
    "track_median_ms",
]

# Average lap of a racer's best submission over the race's median, by share of racers (open practice).
SCORE_RATIO: tuple[tuple[float, float], ...] = (
    (0.00, 0.274), (0.01, 0.447), (0.05, 0.520), (0.10, 0.571), (0.20, 0.651), (0.30, 0.747), (0.40, 0.863),
    (0.50, 1.000), (0.60, 1.063), (0.70, 1.140), (0.80, 1.389), (0.90, 2.031), (0.95, 3.017), (0.99, 3.857),
    (1.00, 9.366),
)  # fmt: skip
# Median of the average lap in ms: open practice (an easy track) and monthly final hours (a long one).
EASY_MEDIAN_MS, LONG_MEDIAN_MS = 28_485, 66_422
# Share of racers with at most so many submissions (open practice; the monthly race differs by under 0.03 up to 40).
SUBMISSIONS: tuple[tuple[int, float], ...] = (
    (1, 0.347), (2, 0.497), (3, 0.591), (4, 0.663), (5, 0.712), (6, 0.753), (8, 0.812), (10, 0.855), (15, 0.917),
    (20, 0.952), (30, 0.979), (40, 0.990), (50, 0.993), (100, 0.998), (271, 1.000),
)  # fmt: skip
# Rank correlation (Spearman) of score and submissions, open practice; who submits more ends up faster.
SCORE_SUBMISSIONS_CORRELATION = -0.62
# log(score) falls by this times log(submissions) (open practice, 86 racers followed from 2025-03-13 to 2025-07-05).
PRACTICE_EXPONENT = 0.354
# Share of submissions that beat the racer's best so far, by earlier submissions (monthly final hours, 288 steps of
# one).
IMPROVES: tuple[tuple[int, float], ...] = ((1, 0.56), (2, 0.34), (4, 0.35), (9, 0.22), (21, 0.05))
# Best lap over average lap within the best submission, by tenth of the ranking, best tenth first (open practice): the
# values at these shares of the tenth.
SPREAD_SHARES = (0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 1.0)
BEST_OVER_AVERAGE: tuple[tuple[float, ...], ...] = (
    (0.719, 0.842, 0.929, 0.972, 0.983, 0.993, 0.999), (0.657, 0.755, 0.856, 0.916, 0.981, 0.993, 1.000),
    (0.541, 0.668, 0.807, 0.893, 0.968, 0.992, 0.999), (0.473, 0.642, 0.781, 0.867, 0.949, 0.993, 0.999),
    (0.423, 0.654, 0.804, 0.899, 0.982, 0.996, 1.000), (0.514, 0.798, 0.971, 0.988, 0.994, 0.998, 1.000),
    (0.534, 0.738, 0.927, 0.980, 0.992, 0.997, 1.000), (0.463, 0.679, 0.840, 0.897, 0.947, 0.994, 1.000),
    (0.503, 0.707, 0.815, 0.881, 0.933, 0.992, 0.999), (0.583, 0.773, 0.870, 0.917, 0.952, 0.988, 1.000),
)  # fmt: skip
# Off-tracks in the best submission, likewise.
OFF_TRACK_SHARES = (0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99, 1.0)
OFF_TRACK: tuple[tuple[int, ...], ...] = (
    (0, 0, 0, 0, 0, 1, 2, 3), (0, 0, 0, 1, 1, 3, 3, 4), (0, 0, 0, 2, 3, 4, 5, 6), (0, 0, 1, 3, 5, 6, 7, 8),
    (0, 0, 0, 4, 7, 8, 9, 10), (0, 0, 0, 0, 0, 9, 10, 11), (0, 0, 0, 0, 2, 10, 11, 12), (0, 0, 2, 5, 11, 14, 15, 17),
    (0, 5, 9, 14, 19, 23, 25, 26), (1, 17, 27, 35, 39, 62, 103, 133),
)  # fmt: skip
# Share without any in the two best tenths, where whole numbers leave the line between two of those shares too coarse.
NO_OFF_TRACK = (0.76, 0.48)
# Share of newcomers on the board who had submitted once (monthly final hours: 56 of 80), hence finished at the
# first try.
FIRST_FINISHES = 0.70
# Assumptions, for leaderboards cannot say: finishing again once a racer has finished; never finishing at all.
LATER_FINISHES = 0.92
NEVER_FINISHES = 0.04
# Assumption: so many submissions bring a racer next to the final average, for a day's event holds no more of most long
# careers, and a board of half-way careers would be slower, and nearer together, than a real one.
NEARLY_THERE, NEARLY = 6, 1.02
# The end of the month's race: in its last 12 hours 88 submissions an hour, before 20. Best runs are nearly even over
# both races' windows all the same (7 and 17 of 100 in the last tenth), so the rush is taken as this factor, this short.
RUSH, RUSH_SHARE = 4.0, 0.1
# Assumptions that keep a board lively from its first hour and its best runs near those even windows: shares of racers
# whose first submission waits for a moment anywhere in the first `LATEST` of the window, of those who submit once or
# twice and of those who submit more often.
LATE_FEW, LATE_MANY, LATEST = 0.50, 0.20, 0.85

_NORMAL = NormalDist()
# Pearson correlation of the normal pair that has the Spearman correlation above.
_COPULA = 2 * math.sin(math.pi / 6 * SCORE_SUBMISSIONS_CORRELATION)


@dataclass(frozen=True, slots=True)
class Career:
    """What one racer will have done in one race when they are through: drawn once, reached step by step.

    `skill`: share of racers who end up faster, 0..1. `submissions`: how many they want to make. `finishes`: False
    for the few whose car never completes the laps.
    """

    skill: float
    submissions: int
    finishes: bool


def draw_career(random: Random) -> Career:
    """A racer's final standing and number of submissions, correlated as in the real race."""
    a, b = random.gauss(0, 1), random.gauss(0, 1)
    skill = _NORMAL.cdf(a)
    eagerness = _NORMAL.cdf(_COPULA * a + math.sqrt(1 - _COPULA**2) * b)
    return Career(skill, submissions_quantile(eagerness), random.random() >= NEVER_FINISHES)


def submissions_quantile(share: float) -> int:
    """Number of submissions such that `share` of the racers make at most that many (between knots: linear in the
    log).
    """
    previous_count, previous_share = 0, 0.0
    for count, cumulated in SUBMISSIONS:
        if share <= cumulated:
            if count - previous_count <= 1:
                return count
            part = (share - previous_share) / (cumulated - previous_share)
            low, high = math.log(previous_count), math.log(count)
            return min(count, max(previous_count + 1, math.ceil(math.exp(low + part * (high - low)))))
        previous_count, previous_share = count, cumulated
    return SUBMISSIONS[-1][0]


def score_ratio(skill: float) -> float:
    """Final average lap over the median of the race for the racer at `skill` (0 = fastest, 1 = slowest)."""
    return math.exp(_interpolate(tuple((share, math.log(ratio)) for share, ratio in SCORE_RATIO), skill))


def track_median_ms(track_id: str) -> int:
    """Median average lap on a track: fixed per track, between the two real races' medians."""
    share = int.from_bytes(hashlib.sha256(track_id.encode()).digest()[:4]) / 2**32
    return round(EASY_MEDIAN_MS * (LONG_MEDIAN_MS / EASY_MEDIAN_MS) ** share)


def improves(earlier: int) -> float:
    """Probability that the next submission beats the best of `earlier` (at least 1) submissions."""
    position = bisect_right([count for count, _ in IMPROVES], earlier) - 1
    return IMPROVES[max(0, position)][1]


def first_entry(career: Career, opened_at: float, closes_at: float, random: Random) -> float:
    """The moment, in epoch seconds, before which a racer makes no submission to a race: for most the opening."""
    late = LATE_FEW if career.submissions <= 2 else LATE_MANY
    if random.random() >= late:
        return opened_at
    return opened_at + random.random() * LATEST * (closes_at - opened_at)


def next_entry(now: float, left: int, opened_at: float, closes_at: float, random: Random) -> float:
    """When the next of the `left` submissions still wanted comes: they spread over the rest of the window by chance,
    and come `RUSH` times as fast in its last part. Moments in epoch seconds.
    """
    rush_at = max(now, closes_at - RUSH_SHARE * (closes_at - opened_at))
    at = now + random.expovariate(1.0) * max(0.0, closes_at - now) / (left + 1)
    return at if at <= rush_at else rush_at + (at - rush_at) / RUSH


def drive(career: Career, made: int, best_ms: int | None, track_id: str, laps: int, random: Random) -> LapResult:
    """The run of submission number `made` + 1 of a career; `best_ms` is the best average so far, None before the first.

    The last planned submission of a career that finishes brings exactly the career's final average; a long career comes
    near to it with its `NEARLY_THERE`th.
    """
    number = made + 1
    last = career.finishes and number == career.submissions
    final_ms = score_ratio(career.skill) * track_median_ms(track_id)
    target_ms = final_ms * _level(career, number)
    slow = best_ms is None or best_ms > 1.01 * target_ms
    due = career.finishes and (last or (number >= NEARLY_THERE and slow))
    if not due and random.random() >= _finish_probability(career, best_ms):
        return _unfinished(track_id, laps, random)
    if due or best_ms is None or random.random() < improves(made):
        average = target_ms
    else:
        average = best_ms * (1 + random.expovariate(8))
    off_track = _off_track(career.skill, random)
    return LapResult(_lap_times(average, laps, career.skill, random), off_track=off_track, resets=off_track)


def _level(career: Career, number: int) -> float:
    """Average lap that an improving submission `number` reaches, over the career's final one."""
    if number >= career.submissions:
        return 1.0
    if number >= NEARLY_THERE:
        left = (career.submissions - number) / (career.submissions - NEARLY_THERE)
        return 1 + (NEARLY - 1) * left
    return (min(career.submissions, NEARLY_THERE) / number) ** PRACTICE_EXPONENT


def _finish_probability(career: Career, best_ms: int | None) -> float:
    if not career.finishes:
        return 0.0
    if best_ms is not None:
        return LATER_FINISHES
    # Those who submit once and stand on the board finished then; the newcomers' failures all belong to the others.
    once = SUBMISSIONS[0][1]
    return (FIRST_FINISHES - once) / (1 - once)


def _unfinished(track_id: str, laps: int, random: Random) -> LapResult:
    done = random.randrange(laps) if laps > 1 else 0
    slow = track_median_ms(track_id) * (1.2 + random.random())
    off_track = 5 + int(random.expovariate(1 / 20))
    laps_ms = _lap_times(slow, done, random.random(), random) if done else ()
    return LapResult(laps_ms, off_track=off_track, resets=off_track)


def _off_track(skill: float, random: Random) -> int:
    tenth, share = _tenth(skill), random.random()
    drawn = _interpolate(tuple(zip(OFF_TRACK_SHARES, OFF_TRACK[tenth], strict=True)), share)
    if tenth < len(NO_OFF_TRACK):
        return 0 if share < NO_OFF_TRACK[tenth] else max(1, int(drawn + 0.5))
    return int(drawn + 0.5)


def _tenth(skill: float) -> int:
    return min(9, int(skill * 10))


def _lap_times(average_ms: float, laps: int, skill: float, random: Random) -> tuple[int, ...]:
    """Laps with that average whose fastest stands to it as in the real race, in random order."""
    if laps == 1:
        return (round(average_ms),)
    spread = tuple(zip(SPREAD_SHARES, BEST_OVER_AVERAGE[_tenth(skill)], strict=True))
    best = average_ms * _interpolate(spread, random.random())
    rest = [best + random.random() ** 2 * (average_ms - best) for _ in range(laps - 2)]
    times = [best, *rest, average_ms * laps - best - sum(rest)]
    random.shuffle(times)
    rounded = [round(time) for time in times]
    rounded[-1] += round(average_ms * laps) - sum(rounded)
    return tuple(rounded)


def _interpolate(knots: tuple[tuple[float, float], ...], share: float) -> float:
    for (left, low), (right, high) in pairwise(knots):
        if share <= right:
            return low + (high - low) * (share - left) / (right - left)
    return knots[-1][1]

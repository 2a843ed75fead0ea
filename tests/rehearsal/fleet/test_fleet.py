"""The fleet on a small garage of its own: what racers do, how they drive, and that a restart changes nothing."""

import csv
import json
import math
import statistics
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from deepracer_admin.rehearsal.fleet import laps as fleet_laps
from deepracer_admin.rehearsal.fleet.crowd import Behaviour, Crowd
from deepracer_admin.rehearsal.shared.garage import EndedJob, JobKind, LapResult, OpenRace, Racer, Refused
from tests.practice import WorldHandle

from .crowds import distance, ranks

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
STANDINGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "standings"


class SteppedClock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


class SmallGarage:
    """A racing service in a hundred lines: N slots, one FIFO queue, minutes that are used up, one race of eight hours,
    and a live one when `live_open`.
    """

    def __init__(
        self, clock: SteppedClock, racers: int, slots: int, minutes: float = 300, failing: float = 0.0
    ) -> None:
        self.clock, self.slots, self.failing = clock, slots, failing
        self.free = {f"racer{n:05}": minutes for n in range(racers)}
        self.accepted: dict[str, datetime] = {}
        self.paused: set[str] = set()
        self.models: dict[str, list[str]] = {}
        self.running: list[tuple[datetime, str, str, JobKind]] = []
        self.queue: deque[tuple[str, str, JobKind, int]] = deque()
        self.log: list[EndedJob] = []
        self.submissions: list[tuple[datetime, str, LapResult]] = []
        self.trainings: list[tuple[datetime, str, int]] = []
        self.race_open, self.live_open = True, False
        self.entered_live: list[str] = []
        self.lost_submissions = 0  # so many of the next submissions end without a result
        self.refused: list[tuple[str, str, int]] = []
        self.failures = Random(1)

    def step(self) -> None:
        now = self.clock.now()
        for job in sorted(job for job in self.running if job[0] <= now):
            self.running.remove(job)
            _, profile_id, model_id, kind = job
            if kind == "submission":
                succeeded, self.lost_submissions = self.lost_submissions < 1, max(0, self.lost_submissions - 1)
            else:
                succeeded = self.failures.random() >= self.failing
            if kind == "training" and succeeded:
                self.models.setdefault(profile_id, []).append(model_id)
            self.log.append(EndedJob(len(self.log) + 1, profile_id, model_id, kind, succeeded))
        while self.queue and len(self.running) < self.slots:
            profile_id, model_id, kind, minutes = self.queue.popleft()
            self.running.append((now + timedelta(minutes=minutes), profile_id, model_id, kind))

    def racers(self) -> Iterable[Racer]:
        return [self._racer(profile_id) for profile_id in self.free]

    def _racer(self, profile_id: str) -> Racer:
        return Racer(
            profile_id,
            profile_id,
            START,
            profile_id in self.accepted,
            self.free[profile_id],
            len(self.models.get(profile_id, [])),
            paused=profile_id in self.paused,
        )

    def racer(self, profile_id: str) -> Racer | None:
        return self._racer(profile_id) if profile_id in self.free else None

    def accept(self, profile_id: str) -> None:
        self.accepted[profile_id] = self.clock.now()

    def _take(self, profile_id: str, minutes: int) -> None:
        if profile_id in self.paused:
            self.refused.append((profile_id, "paused", minutes))
            raise Refused("Total compute minutes for the month exceeded.", "paused")
        if minutes > self.free[profile_id]:
            self.refused.append((profile_id, "minutes", minutes))
            raise Refused("Total compute minutes for the month exceeded.", "minutes")
        self.free[profile_id] -= minutes

    def train(self, profile_id: str, model_name: str, minutes: int) -> str:
        self._take(profile_id, minutes)
        self.trainings.append((self.clock.now(), profile_id, minutes))
        model_id = f"{profile_id}-{model_name}"
        self.queue.append((profile_id, model_id, "training", minutes))
        return model_id

    def ready_models(self, profile_id: str) -> Sequence[str]:
        return self.models.get(profile_id, [])

    def evaluate(self, profile_id: str, model_id: str, minutes: int) -> None:
        self._take(profile_id, minutes)
        self.queue.append((profile_id, model_id, "evaluation", minutes))

    def open_races(self) -> Sequence[OpenRace]:
        end = START + timedelta(hours=8)
        race = OpenRace("race", "reinvent_base", "TOTAL_TIME", 3, 3, START, end)
        live = replace(race, race_id="live", is_live=True)
        return [race] * self.race_open + [live] * self.live_open

    def submissions_left(self, profile_id: str, race_id: str) -> float:
        return math.inf

    def submit(self, profile_id: str, race_id: str, model_id: str, laps: LapResult) -> None:
        assert model_id in self.models[profile_id]
        if race_id == "live":
            self.entered_live.append(profile_id)  # no job before the organizer launches it
            return
        self.submissions.append((self.clock.now(), profile_id, laps))
        self.queue.append((profile_id, model_id, "submission", 4))

    def ended(self, after: int) -> Sequence[EndedJob]:
        return self.log[after:]


def run(fleet: Crowd, garage: SmallGarage, clock: SteppedClock, hours: float, step_s: float = 60) -> None:
    end = clock.moment + timedelta(hours=hours)
    while clock.moment < end:
        clock.moment += timedelta(seconds=step_s)
        garage.step()
        fleet.tick(clock.moment)


def event(
    racers: int = 200, slots: int = 100, seed: int = 7, **garage: float
) -> tuple[Crowd, SmallGarage, SteppedClock]:
    clock = SteppedClock()
    small = SmallGarage(clock, racers, slots, **garage)
    return Crowd({"small": small}, seed), small, clock


def test_nearly_everybody_who_accepts_does_so_within_the_first_hour() -> None:
    fleet, garage, clock = event()
    run(fleet, garage, clock, hours=1)
    within_the_hour = len(garage.accepted)
    run(fleet, garage, clock, hours=7)
    assert 0.94 * 200 <= len(garage.accepted) < 200
    assert within_the_hour >= 0.9 * len(garage.accepted)
    assert fleet.states()["ignoring"] == 200 - len(garage.accepted)


def test_in_an_eight_hour_event_everybody_who_accepted_has_trained_and_raced() -> None:
    fleet, garage, clock = event()
    run(fleet, garage, clock, hours=8)
    assert {racer for _, racer, _ in garage.trainings} == set(garage.accepted)
    raced = {racer for _, racer, _ in garage.submissions}
    assert len(raced) >= 0.93 * len(garage.accepted)
    assert statistics.mean(Counter(racer for _, racer, _ in garage.trainings).values()) > 3


def test_a_racer_whose_minutes_are_used_up_stops_until_the_organizer_gives_more() -> None:
    fleet, garage, clock = event(racers=20, slots=20, minutes=60)
    run(fleet, garage, clock, hours=14)  # while the race is open, they race with what they have
    assert fleet.states()["spent"] == len(garage.accepted)
    trained = len(garage.trainings)
    run(fleet, garage, clock, hours=2)
    assert len(garage.trainings) == trained
    assert all(minutes < 10 for racer, minutes in garage.free.items() if racer in garage.accepted)
    garage.free = dict.fromkeys(garage.free, 200.0)
    run(fleet, garage, clock, hours=1)
    assert {racer for _, racer, _ in garage.trainings[trained:]} == set(garage.accepted)


def test_racers_ask_for_what_they_want_are_refused_and_take_what_is_left() -> None:
    fleet, garage, clock = event(racers=100, slots=100, minutes=180)
    run(fleet, garage, clock, hours=8)
    by_reason = Counter(reason for _, reason, _ in garage.refused)
    assert fleet.refusals == by_reason
    assert by_reason["minutes"] >= len(garage.accepted)
    for racer, _, wanted in garage.refused:
        assert wanted > garage.free[racer]
    # Whoever was refused and had ten minutes or more took exactly those.
    assert sum(minutes not in (10, 15, 20, 30, 45, 60, 90) for _, _, minutes in garage.trainings) > 20
    assert len(garage.refused) < 6 * len(garage.accepted), "who rests looks first and does not ask again and again"


def test_a_looping_racer_trains_for_hours_again_and_again_until_the_quota_ends_it() -> None:
    clock = SteppedClock()
    garage = SmallGarage(clock, racers=3, slots=9, minutes=1_500)
    fleet = Crowd({"small": garage}, 3, Behaviour(looping=1.0, ignoring=0, evaluates=0, accept_median=1))
    garage.race_open = False
    run(fleet, garage, clock, hours=27)
    for racer in garage.free:
        *long, rest = [minutes for _, who, minutes in garage.trainings if who == racer]
        assert len(long) >= 3
        assert all(240 <= minutes <= 480 for minutes in long)
        assert sum(long) + rest > 1_490
    assert fleet.states() == {"spent": 3}


def test_a_looping_racer_stands_out_among_the_others() -> None:
    fleet, garage, clock = event(racers=200, slots=200, minutes=100_000)
    run(fleet, garage, clock, hours=8)
    hours = sorted(sum(minutes for _, who, minutes in garage.trainings if who == racer) for racer in garage.accepted)
    longest = {minutes for _, _, minutes in garage.trainings if minutes > 90}
    assert longest
    assert min(longest) >= 240
    assert hours[-4] > 1.5 * hours[len(hours) // 2]


def test_an_open_live_race_stops_nobody_and_is_entered_once() -> None:
    alone, small, other_clock = event(racers=60, slots=60)
    run(alone, small, other_clock, hours=8)
    fleet, garage, clock = event(racers=60, slots=60)
    garage.live_open = True
    run(fleet, garage, clock, hours=8)
    assert max(Counter(garage.entered_live).values()) == 1
    assert len(garage.entered_live) >= 0.9 * len(garage.accepted)
    assert len(garage.submissions) >= 0.9 * len(small.submissions)
    assert len(garage.trainings) >= 0.9 * len(small.trainings)


def test_a_submission_whose_job_failed_was_none() -> None:
    """Every career is made in full on top of it."""

    def made(lost: int) -> int:
        fleet, garage, clock = event(racers=1, slots=9, minutes=100_000)
        fleet.configure({"ignoring": 0, "looping": 0})
        garage.lost_submissions = lost
        run(fleet, garage, clock, hours=40)
        return len(garage.submissions)

    once = made(lost=0)
    assert once >= 1
    assert made(lost=3) == once + 3


def test_a_paused_racer_waits_and_goes_on_when_the_sponsorship_resumes() -> None:
    fleet, garage, clock = event(racers=30, slots=30)
    garage.paused = set(garage.free)
    run(fleet, garage, clock, hours=2)
    assert not garage.trainings
    assert fleet.states()["paused"] >= 25
    garage.paused.clear()
    run(fleet, garage, clock, hours=1)
    assert {racer for _, racer, _ in garage.trainings} == set(garage.accepted)


def test_a_deleted_racer_is_gone_and_nobody_else_is_disturbed() -> None:
    fleet, garage, clock = event(racers=30, slots=30)
    run(fleet, garage, clock, hours=1)
    victim = next(iter(garage.accepted))
    del garage.free[victim]
    run(fleet, garage, clock, hours=26)
    assert fleet.states()["gone"] == 1
    assert len({racer for _, racer, _ in garage.submissions}) > 20


def test_racers_whose_trainings_fail_try_again() -> None:
    fleet, garage, clock = event(racers=30, slots=30, failing=0.5)
    run(fleet, garage, clock, hours=8)
    failed = {job.profile_id for job in garage.log if not job.succeeded and job.kind == "training"}
    assert failed
    assert failed <= {racer for _, racer, _ in garage.submissions} | {r for r in garage.free if garage.free[r] < 10}


def test_submissions_wait_for_a_race_and_come_when_it_opens() -> None:
    fleet, garage, clock = event(racers=30, slots=30)
    garage.race_open = False
    run(fleet, garage, clock, hours=2)
    assert not garage.submissions
    garage.race_open = True
    run(fleet, garage, clock, hours=3)
    assert len({racer for _, racer, _ in garage.submissions}) >= 0.8 * len(garage.accepted)


def test_the_same_seed_gives_the_same_event_and_another_seed_another_one() -> None:
    def story(seed: int) -> list[tuple[datetime, str, int]]:
        fleet, garage, clock = event(racers=40, slots=20, seed=seed)
        run(fleet, garage, clock, hours=3)
        return garage.trainings

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_restored_fleet_goes_on_exactly_as_the_one_that_was_saved() -> None:
    fleet, garage, clock = event(racers=60, slots=30)
    other, twin, twin_clock = event(racers=60, slots=30)
    run(fleet, garage, clock, hours=2)
    run(other, twin, twin_clock, hours=2)
    restored = Crowd({"small": twin}, 7)
    restored.restore(json.loads(json.dumps(other.snapshot())))
    run(fleet, garage, clock, hours=2)
    run(restored, twin, twin_clock, hours=2)
    assert garage.trainings == twin.trainings
    assert garage.submissions == twin.submissions
    assert fleet.states() == restored.states()


def test_the_number_of_moving_racers_can_be_limited_and_raised_while_it_runs() -> None:
    fleet, garage, clock = event(racers=50)
    fleet.configure({"racers": 10, "ignoring": 0})
    run(fleet, garage, clock, hours=3)
    assert len(garage.accepted) == 10
    fleet.configure({"racers": 0})
    run(fleet, garage, clock, hours=3)
    assert len(garage.accepted) >= 45


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"speed": 3}, "The fleet knows racers, accept_median"),
        ({"racers": "many"}, "racers is a number of zero or more."),
        ({"ignoring": 1.5}, "ignoring is a share from 0 to 1."),
    ],
)
def test_impossible_behaviour_is_refused_with_a_sentence_and_changes_nothing(
    changes: dict[str, object], sentence: str
) -> None:
    fleet, _, _ = event(racers=1)
    with pytest.raises(ValueError, match=sentence):
        fleet.configure(changes)
    assert fleet.behaviour == Behaviour()


def test_ten_thousand_racers_move_and_nobody_is_lost() -> None:
    fleet, garage, clock = event(racers=10_000, slots=1_000)
    run(fleet, garage, clock, hours=2)
    states = fleet.states()
    assert sum(states.values()) == 10_000
    assert states["invited"] == 10_000 - len(garage.accepted) - states["ignoring"]
    assert states["training"] + states["evaluating"] + states["submitting"] == len(garage.running) + len(garage.queue)


def test_the_world_shows_and_changes_the_behaviour_of_its_fleet(practice: WorldHandle) -> None:
    assert practice.control("GET", "fleet")["behaviour"]["accept_median"] == 12.0
    changed = practice.control("POST", "fleet", {"looping": 0.5, "racers": 30})
    assert (changed["behaviour"]["looping"], changed["behaviour"]["racers"]) == (0.5, 30)
    refused = httpx.post(f"{practice.endpoints['control']}/fleet", json={"looping": 2}, trust_env=False, timeout=300)
    assert (refused.status_code, refused.json()) == (400, {"error": "looping is a share from 0 to 1."})
    assert practice.truth()["racers"] == {}


def careers(count: int) -> list[fleet_laps.Career]:
    return [fleet_laps.draw_career(Random(f"career-{number}")) for number in range(count)]


def best_run(career: fleet_laps.Career, number: int, track_id: str = "reinvent_base") -> LapResult | None:
    """Drives a whole career and returns the best of the submissions that completed three laps."""
    best: LapResult | None = None
    for made in range(career.submissions):
        best_ms = best.average_ms if best else None
        result = fleet_laps.drive(career, made, best_ms, track_id, 3, Random(f"{number}/{made}"))
        if len(result.laps_ms) == 3 and (best is None or result.average_ms < best.average_ms):
            best = result
    return best


def best_average(career: fleet_laps.Career, number: int) -> int | None:
    best = best_run(career, number)
    return best.average_ms if best else None


def test_a_career_cut_short_by_the_days_end_has_nearly_reached_its_final_average() -> None:
    for number, career in enumerate(career for career in careers(3_000) if career.finishes and career.submissions > 6):
        best = best_average(fleet_laps.Career(career.skill, 6, finishes=True), number)
        cut: int | None = None
        for made in range(6):
            result = fleet_laps.drive(career, made, cut, "reinvent_base", 3, Random(f"{number}/{made}"))
            if len(result.laps_ms) == 3:
                cut = min(cut or result.average_ms, result.average_ms)
        assert cut is not None
        assert best is not None
        assert cut <= 1.04 * best


def test_finished_careers_are_distributed_like_the_fit() -> None:
    drawn = careers(4_000)
    scores = [s for n, career in enumerate(drawn) if (s := best_average(career, n)) is not None]
    ratios = sorted(score / fleet_laps.track_median_ms("reinvent_base") for score in scores)
    for share, ratio in fleet_laps.SCORE_RATIO[2:-1]:
        assert ratios[int(share * (len(ratios) - 1))] == pytest.approx(ratio, rel=0.12), share
    for count, share in fleet_laps.SUBMISSIONS:
        assert sum(career.submissions <= count for career in drawn) / len(drawn) == pytest.approx(share, abs=0.02)
    unfinished = 1 - len(scores) / len(drawn)
    assert unfinished == pytest.approx(fleet_laps.NEVER_FINISHES, abs=0.015)


def test_who_submits_more_ends_up_faster_as_much_as_in_the_fit() -> None:
    drawn = careers(4_000)
    found = spearman([career.skill for career in drawn], [career.submissions for career in drawn])
    assert found == pytest.approx(fleet_laps.SCORE_SUBMISSIONS_CORRELATION, abs=0.05)


def test_a_first_submission_completes_the_laps_as_often_as_in_the_fit() -> None:
    drawn = [career for career in careers(4_000) if career.finishes]
    finished = [len(fleet_laps.drive(c, 0, None, "t", 3, Random(n)).laps_ms) == 3 for n, c in enumerate(drawn)]
    assert sum(finished) / len(finished) == pytest.approx(fleet_laps.FIRST_FINISHES, abs=0.03)


@pytest.mark.parametrize("laps", [1, 2, 3, 5])
def test_laps_are_positive_and_their_mean_is_the_score(laps: int) -> None:
    career = fleet_laps.Career(skill=0.3, submissions=1, finishes=True)
    expected = fleet_laps.score_ratio(0.3) * fleet_laps.track_median_ms("t")
    for number in range(300):
        result = fleet_laps.drive(career, 0, None, "t", laps, Random(number))
        assert len(result.laps_ms) == laps
        assert min(result.laps_ms) > 0
        assert result.average_ms == pytest.approx(expected, abs=2)
        assert result.best_ms <= result.average_ms


def over_median(values: Sequence[float]) -> list[float]:
    median = statistics.median(values)
    return [value / median for value in values]


def spearman(left: Sequence[float], right: Sequence[float]) -> float:
    return statistics.correlation(ranks(left), ranks(right))


def standings(name: str) -> list[dict[str, Any]]:
    wanted = ("SubmissionTime", "AvgLapTime", "BestLapTime", "OffTrackCount", "SubmissionCount", "RankingScore")
    with (STANDINGS / name).open(newline="") as file:
        return [{key: int(row[key]) for key in wanted} | {"Alias": row["Alias"]} for row in csv.DictReader(file)]


needs_standings = pytest.mark.skipif(
    not STANDINGS.is_dir(),
    reason="the real leaderboards are not part of the product; put them at ../shared/data/standings",
)


@needs_standings
def test_the_constants_are_those_of_the_real_race() -> None:
    race = standings("open-practice-2025.2025-12-09T23h.csv")
    scores = sorted(row["AvgLapTime"] for row in race)
    median = statistics.median(scores)
    assert round(median) in (fleet_laps.EASY_MEDIAN_MS, fleet_laps.EASY_MEDIAN_MS + 1)
    for share, ratio in fleet_laps.SCORE_RATIO:
        assert scores[round(share * (len(scores) - 1))] / median == pytest.approx(ratio, rel=0.01), share
    for count, share in fleet_laps.SUBMISSIONS:
        assert sum(row["SubmissionCount"] <= count for row in race) / len(race) == pytest.approx(share, abs=0.001)
    found = spearman([row["RankingScore"] for row in race], [row["SubmissionCount"] for row in race])
    assert found == pytest.approx(fleet_laps.SCORE_SUBMISSIONS_CORRELATION, abs=0.005)
    for tenth in range(10):
        rows = [row for at, row in enumerate(race) if at * 10 // len(race) == tenth]
        spread = sorted(row["BestLapTime"] / row["AvgLapTime"] for row in rows)
        for share, ratio in zip(fleet_laps.SPREAD_SHARES, fleet_laps.BEST_OVER_AVERAGE[tenth], strict=True):
            assert spread[round(share * (len(spread) - 1))] == pytest.approx(ratio, abs=0.003), (tenth, share)
        counts = sorted(row["OffTrackCount"] for row in rows)
        for share, count in zip(fleet_laps.OFF_TRACK_SHARES, fleet_laps.OFF_TRACK[tenth], strict=True):
            assert abs(counts[round(share * (len(counts) - 1))] - count) <= 1, (tenth, share)
        if tenth < 2:
            none = fleet_laps.NO_OFF_TRACK[tenth]
            assert counts.count(0) / len(counts) == pytest.approx(none, abs=0.01)
    other = standings("monthly-final-hours.2023-10-31T23h.csv")
    assert statistics.median(row["AvgLapTime"] for row in other) == fleet_laps.LONG_MEDIAN_MS
    for count, share in fleet_laps.SUBMISSIONS[:12]:
        assert sum(row["SubmissionCount"] <= count for row in other) / len(other) == pytest.approx(share, abs=0.03)


@needs_standings
def test_drawn_careers_are_distributed_like_the_real_race() -> None:
    race = standings("open-practice-2025.2025-12-09T23h.csv")
    drawn = [(career, run) for n, career in enumerate(careers(6_000)) if (run := best_run(career, n)) is not None]
    averages = [run.average_ms for _, run in drawn]
    assert distance(over_median([row["AvgLapTime"] for row in race]), over_median(averages)) < 0.04
    assert distance([row["SubmissionCount"] for row in race], [career.submissions for career, _ in drawn]) < 0.03
    spread = [run.best_ms / run.average_ms for _, run in drawn]
    assert distance([row["BestLapTime"] / row["AvgLapTime"] for row in race], spread) < 0.06
    assert distance([row["OffTrackCount"] for row in race], [run.off_track for _, run in drawn]) < 0.08


@needs_standings
def test_off_tracks_and_spread_belong_to_the_place_in_the_ranking() -> None:
    race = standings("open-practice-2025.2025-12-09T23h.csv")
    for tenth in range(10):
        rows = [row for at, row in enumerate(race) if at * 10 // len(race) == tenth]
        career = fleet_laps.Career((tenth + 0.5) / 10, 1, finishes=True)
        runs = [fleet_laps.drive(career, 0, None, "reinvent_base", 3, Random(n)) for n in range(2_000)]
        spread = [run.best_ms / run.average_ms for run in runs]
        assert distance([row["OffTrackCount"] for row in rows], [run.off_track for run in runs]) < 0.1, tenth
        assert distance([row["BestLapTime"] / row["AvgLapTime"] for row in rows], spread) < 0.15, tenth


@needs_standings
def test_the_chance_to_improve_and_to_finish_is_that_of_the_real_final_hours() -> None:
    snapshots = [standings(path.name) for path in sorted(STANDINGS.glob("monthly-final-hours.*.csv"))]
    steps: list[tuple[int, bool]] = []
    newcomers: list[int] = []
    for earlier, later in pairwise(snapshots):
        before = {row["Alias"]: row for row in earlier}
        for row in later:
            known = before.get(row["Alias"])
            if known is None:
                newcomers.append(row["SubmissionCount"])
            elif row["SubmissionCount"] == known["SubmissionCount"] + 1:
                steps.append((known["SubmissionCount"], row["RankingScore"] < known["RankingScore"]))
    assert newcomers.count(1) / len(newcomers) == pytest.approx(fleet_laps.FIRST_FINISHES, abs=0.005)
    bounds = [count for count, _ in fleet_laps.IMPROVES] + [10_000]
    for (low, expected), high in zip(fleet_laps.IMPROVES, bounds[1:], strict=True):
        better = [improved for count, improved in steps if low <= count < high]
        assert sum(better) / len(better) == pytest.approx(expected, abs=0.01), low

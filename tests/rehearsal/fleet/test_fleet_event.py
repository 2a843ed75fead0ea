"""The fleet on the real services: the same event however the clock is read, and a board like that of a real race."""

import asyncio
import csv
import statistics
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deepracer_admin.rehearsal.deepracer.profiles import invite
from deepracer_admin.rehearsal.deepracer.state import Leaderboard
from deepracer_admin.rehearsal.fleet import crowd
from deepracer_admin.rehearsal.world import World
from deepracer_admin.rehearsal.world import world as living
from tests.loops import in_a_loop
from tests.rehearsal.held_time import HeldTime

from .crowds import (
    RACE,
    START,
    aws_board,
    aws_of,
    crowded_world,
    distance,
    live_through,
    managed_board,
    ranks,
    story,
    usage,
)

STANDINGS = Path(__file__).resolve().parents[4] / "shared" / "data" / "standings"
OPEN_PRACTICE = STANDINGS / "open-practice-2025.2025-12-09T23h.csv"


def test_how_often_the_clock_is_read_changes_nothing_on_either_service(tmp_path: Path) -> None:
    chance = Random(1)
    steps = {"hours": lambda: 3600.0, "jittered": lambda: chance.uniform(0.5, 90.0), "seconds": lambda: 7.0}
    told: dict[str, str] = {}
    for name, step in steps.items():
        world = crowded_world(tmp_path / name, racers=60, slots=20)
        live_through(world, 4, step)
        told[name] = story(world)
        assert len(aws_board(world)) > 20
        assert len(managed_board(world)) > 20
    assert told["jittered"] == told["hours"]
    assert told["seconds"] == told["hours"]


def test_the_fleet_moves_at_whole_minutes_also_in_a_world_that_starts_between_them(tmp_path: Path) -> None:
    world = World(tmp_path, speed=0, start=START + timedelta(seconds=17.5))
    moved: list[float] = []
    world.fleet.advance = lambda now, budget_s: moved.append(now.timestamp()) or True  # type: ignore[method-assign]
    live_through(world, 0.1, lambda: 23.0)
    assert moved == [START.timestamp() + 60 * minute for minute in range(1, 7)]


def test_one_write_of_an_organizer_changes_nobodys_chance(tmp_path: Path) -> None:
    quiet, busy = crowded_world(tmp_path / "quiet", racers=60), crowded_world(tmp_path / "busy", racers=0)
    site = aws_of(busy).site
    site.state.new_id()  # as the creation of some other race draws it, before anybody is invited
    for number in range(60):
        invite(site, "CreateProfile", f"racer.{number:05}@example.com", alias=f"Racer-{number:05}")
    for world in (quiet, busy):
        live_through(world, 1)
        if world is busy:
            site.state.new_id()
            site.pool.invent_password()
        live_through(world, 4)
    assert set(aws_of(quiet).site.state.profiles) != set(site.state.profiles)
    assert aws_board(busy) == aws_board(quiet)
    assert usage(busy)["deepracer"] == usage(quiet)["deepracer"]


def test_ids_stay_unique_when_a_stream_begins_again(tmp_path: Path) -> None:
    state = aws_of(crowded_world(tmp_path, racers=5)).site.state
    state.drawn.clear()  # what an older state file does not know
    assert state.new_id() not in state.profiles


def test_a_restored_world_goes_on_with_the_same_chance(tmp_path: Path) -> None:
    world = crowded_world(tmp_path / "one", racers=40, slots=20)
    live_through(world, 2)
    world.save()
    again = World(tmp_path / "one", seed=7, speed=0, slots=20)
    live_through(world, 3)
    live_through(again, 3)
    assert aws_board(again) == aws_board(world)
    assert usage(again)["deepracer"] == usage(world)["deepracer"]


def test_a_small_share_of_the_jobs_fails_and_is_paid_for(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=100, slots=100)
    live_through(world, 8)
    aws = aws_of(world)
    ended = Counter((job["kind"], job["ok"]) for job in aws.site.compute.ended)
    trainings = ended["training", True] + ended["training", False]
    assert 0.005 < ended["training", False] / trainings < 0.045
    assert ended["submission", False] == 0
    state = aws.site.state
    failed = [model for model in state.models.values() if model.training_status == "FAILED"]
    assert len(failed) == ended["training", False]
    assert {model.status for model in failed} == {"ERROR"}
    assert all(state.profiles[model.profile_id].used >= 9 for model in failed)
    statuses = Counter(evaluation.status for evaluation in state.evaluations.values())
    assert statuses["FAILED"] == ended["evaluation", False]
    assert sum(profile.queued for profile in state.profiles.values()) == sum(
        job.asked for job in state.jobs.values() if job.kind in ("training", "evaluation")
    )


def test_the_share_that_fails_is_the_fleets_and_jobs_of_others_never_fail(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=10)
    world.fleet.configure({"failing": 1.0, "racers": 5})
    live_through(world, 3)
    aws = aws_of(world)
    assert aws.site.compute.ended
    assert not [job for job in aws.site.compute.ended if job["ok"]]
    still = next(p for p in aws.site.state.profiles if not aws.site.state.models_of.get(p) and aws.garage.racer(p))
    aws.garage.train(still, "by hand", 10)
    live_through(world, 3)
    assert [job["ok"] for job in aws.site.compute.ended if job["profile_id"] == still] == [True]


def test_the_services_refuse_and_the_truth_counts_it(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=60, minutes=120)
    live_through(world, 6)
    refusals = world.truth()["refusals"]
    assert refusals["minutes"] >= 50
    for profile in aws_of(world).site.state.profiles.values():
        used_by_jobs = profile.used + profile.queued - 120
        assert used_by_jobs < 120, "only submissions go beyond the limit"


def test_a_live_race_beside_another_one_stops_nobody(tmp_path: Path) -> None:
    made: dict[bool, tuple[int, int]] = {}
    for live in (False, True):
        world = crowded_world(tmp_path / str(live), racers=60)
        state = aws_of(world).site.state
        if live:
            definition = dict(state.leaderboards[RACE].definition, liveEventTime=START.timestamp() + 8 * 3600)
            state.leaderboards["final"] = Leaderboard(
                "final", definition, is_live=True, live_status="SCHEDULED", submission_open=True
            )
        live_through(world, 7)
        raced = sum(race_id == RACE for race_id, _ in state.submissions_of)
        made[live] = (raced, len(state.models))
        entries = Counter(item.profile_id for item in state.queues.get("final", {}).values())
        assert set(entries.values()) <= {1}
        assert len(entries) >= (50 if live else 0)
    assert made[True][0] >= 0.9 * made[False][0]
    assert made[True][1] >= 0.9 * made[False][1]


@pytest.mark.parametrize("minutes", [None, 180.0])
def test_a_day_of_two_hundred_racers_has_a_board_like_the_real_one(tmp_path: Path, minutes: float | None) -> None:
    if not OPEN_PRACTICE.is_file():
        pytest.skip("the real leaderboards are not part of the product; put them at ../shared/data/standings")
    with OPEN_PRACTICE.open(newline="") as file:
        real = [int(row["SubmissionCount"]) for row in csv.DictReader(file)]
    world = crowded_world(tmp_path, minutes=minutes)
    live_through(world, 8)
    boards = {
        "deepracer": [(score, made) for _, score, _, made in aws_board(world)],
        "managed": [(row["RankingScore"], row["SubmissionCount"]) for row in managed_board(world)],
    }
    for name, board in boards.items():
        assert len(board) > 160, name
        scores, made = [row[0] for row in board], [row[1] for row in board]
        assert distance(real, made) < 0.12, name
        assert statistics.correlation(ranks(scores), ranks(made)) < -0.45, name


def test_submissions_come_all_day_and_the_first_results_within_the_first_hour(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, minutes=180.0)
    live_through(world, 1)
    assert len(aws_board(world)) >= 20
    assert len(managed_board(world)) >= 10
    live_through(world, 7)
    state = aws_of(world).site.state
    best = [(row.submitted - START.timestamp()) / (8 * 3600) for row in state.rankings[RACE].values()]
    per_tenth = Counter(min(9, int(share * 10)) for share in best)
    assert min(per_tenth[tenth] for tenth in range(10)) >= 0.03 * len(best)
    assert max(per_tenth.values()) <= 0.3 * len(best)
    assert sum(share >= 0.5 for share in best) >= 0.4 * len(best)
    assert distance(best, [n / 1000 for n in range(1001)]) < 0.2


def test_a_tick_out_of_time_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole, parts = crowded_world(tmp_path / "whole", racers=60), crowded_world(tmp_path / "parts", racers=60)
    live_through(whole, 3)
    once, calls = parts.fleet.advance, Counter[bool]()

    def hurried(now: Any, budget_s: float) -> bool:
        calls[done := once(now, 0.0)] += 1
        return done

    parts.fleet.advance = hurried  # type: ignore[method-assign]
    live_through(parts, 3)
    assert calls[False] > 500
    assert story(parts) == story(whole)


def test_requests_are_answered_in_the_midst_of_a_long_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, working = crowded_world(tmp_path, racers=500), HeldTime()
    for budgeted in (crowd, living):
        monkeypatch.setattr(budgeted, "time", working)
    garage, waits = aws_of(world).garage, list[float]()
    racer = garage.racer

    def slow(profile_id: str) -> Any:
        working.passed_s += 0.001  # as ten thousand racers would take
        return racer(profile_id)

    garage.racer = slow  # type: ignore[method-assign]

    async def watched() -> None:
        going = asyncio.create_task(world.catch_up(world.clock.now()))
        while not going.done():
            began = working.passed_s
            await asyncio.sleep(0)
            waits.append(working.passed_s - began)
        await going

    world.clock.advance(60)
    in_a_loop(watched())
    assert world.ticked_to == world.clock.now()
    assert len(waits) > 20
    assert sum(waits) > 0.4
    assert max(waits) < 0.05, "half a second of looking for newcomers came in parts"


def test_a_reset_while_the_fleet_moves_ends_its_move(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=300)

    async def interrupted() -> None:
        going = asyncio.create_task(world.catch_up(world.clock.now()))
        for _ in range(3):
            await asyncio.sleep(0)
        world.reset()
        await going

    old = world.fleet
    advance = old.advance
    old.advance = lambda now, budget_s: advance(now, 0.0)  # type: ignore[method-assign]
    world.clock.advance(3600)
    in_a_loop(interrupted())
    assert world.fleet is not old
    assert world.ticked_to == world.clock.now() == START
    assert world.truth()["racers"] == {}

"""What racers do when no slot is free, and at a deadline."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from deepracer_admin.rehearsal.deepracer.capacity import Quotas
from deepracer_admin.rehearsal.deepracer.ledger import describe_capacity
from deepracer_admin.rehearsal.fleet.behaviour import Behaviour, changed

from .crowds import RACE, START, aws_board, aws_of, crowded_world, live_through, story


def test_racers_look_again_after_minutes_to_a_day_each_by_a_habit_of_their_own() -> None:
    habits = [Behaviour().look_every(Random(f"racer-{number}")) / 60 for number in range(2_000)]
    assert habits == [Behaviour().look_every(Random(f"racer-{number}")) / 60 for number in range(2_000)]
    assert 40 < statistics.median(habits) < 50
    assert min(habits) == 2
    assert max(habits) > 12 * 60
    assert all(2 <= habit <= 24 * 60 for habit in habits)
    eager = changed(Behaviour(), {"retry_median": 5.0})
    assert statistics.median(eager.look_every(Random(f"racer-{number}")) / 60 for number in range(500)) < 7


@pytest.mark.parametrize("version", ["1.2.5", "1.3.1"])
def test_how_often_the_clock_is_read_changes_nothing_where_slots_are_few(tmp_path: Path, version: str) -> None:
    chance = Random(1)
    told: dict[str, str] = {}
    for name, step in {"hours": lambda: 3600.0, "jittered": lambda: chance.uniform(0.5, 200.0)}.items():
        world = crowded_world(tmp_path / name, racers=40, slots=16, version=version)
        site = aws_of(world).site
        site.compute.capacity.change(START.timestamp() + 5_000, Quotas(12, 8, 1))
        live_through(world, 3, step)
        told[name] = story(world) + repr(sorted(site.compute.tally.items())) + repr(world.fleet.states())
        assert aws_board(world)
        assert site.compute.tally["lacked.submission"] > 0
    assert told["jittered"] == told["hours"]


def test_whoever_waits_presses_retry_until_it_runs(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=40, slots=4)
    live_through(world, 2)
    site = aws_of(world).site
    waiting = describe_capacity(site)["waiting_for_capacity"]
    assert 20 < world.fleet.states()["waiting"] <= waiting, "who was sent back learns of it at the next look"
    site.compute.capacity.change(world.ticked_to.timestamp(), Quotas(100, 100))
    live_through(world, 12)
    assert describe_capacity(site)["waiting_for_capacity"] < 5
    assert describe_capacity(site)["never_trained"] <= 2, "who looks once a day has not looked yet"


def test_a_racer_whose_waiting_model_was_deleted_trains_another_one(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=10, slots=1)
    site = aws_of(world).site
    site.compute.capacity.change(START.timestamp(), Quotas(0, 0))
    live_through(world, 2)
    waiting = [model for model in site.state.models.values() if model.status == "WAITING_FOR_CAPACITY"]
    assert len(waiting) > 5
    for model in waiting:
        model.status, model.training_row = "ERROR", False
    site.compute.capacity.change(world.ticked_to.timestamp(), Quotas(100, 100))
    live_through(world, 24)
    trained = {profile_id for profile_id, ran in site.compute.ran.items() if ran.get("training")}
    assert {model.profile_id for model in waiting} <= trained


def test_in_a_rush_everybody_hands_in_within_the_last_quarter_of_an_hour(tmp_path: Path) -> None:
    world = crowded_world(tmp_path, racers=60, hours=4)
    world.fleet.configure({"rush": 1.0})
    live_through(world, 4)
    site = aws_of(world).site
    close = START.timestamp() + 4 * 3600
    early = Counter(row.submitted >= close - 900 for row in site.state.submissions.values())
    assert early[False] == 0
    assert len({row.profile_id for row in site.state.submissions.values()}) > 40
    on_the_way = describe_capacity(site)["submissions_on_the_way"]
    board = len(aws_board(world))
    assert on_the_way > 0
    live_through(world, 1)
    assert describe_capacity(site)["submissions_on_the_way"] == 0
    assert len(aws_board(world)) > board, "ranked although the race had closed"
    assert RACE in site.state.rankings

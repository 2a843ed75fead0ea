"""An event on both racing services in one world without a server, and how far two samples are from each other."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.profiles import invite
from deepracer_admin.rehearsal.deepracer.state import Leaderboard
from deepracer_admin.rehearsal.managed import Managed
from deepracer_admin.rehearsal.managed.ranking import leaderboard
from deepracer_admin.rehearsal.managed.state import Race
from deepracer_admin.rehearsal.world import World
from tests.loops import in_a_loop

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
RACE = "cup"


def aws_of(world: World) -> DeepRacer:
    found = world.services["deepracer"]
    assert isinstance(found, DeepRacer)
    return found


def managed_of(world: World) -> Managed:
    found = world.services["managed"]
    assert isinstance(found, Managed)
    return found


def crowded_world(
    home: Path,
    racers: int = 200,
    *,
    slots: int = 100,
    seed: int = 7,
    hours: float = 8,
    minutes: float | None = None,
    version: str = "1.3.1",
) -> World:
    """`racers` invited to each service, and one open race there: three laps, ranked by total time, for `hours`."""
    world = World(home, seed=seed, speed=0, slots=slots, start=START, version=version)
    site, managed, opens = aws_of(world).site, managed_of(world), START.timestamp()
    for number in range(racers):
        user = invite(site, "CreateProfile", f"racer.{number:05}@example.com", alias=f"Racer-{number:05}")
        if minutes is not None:
            site.state.profiles[user.username].max_minutes = minutes
    site.state.leaderboards[RACE] = Leaderboard(
        RACE,
        {
            "name": "Cup",
            "trackConfig": {"trackId": "reinvent_base", "trackDirection": "COUNTER_CLOCKWISE"},
            "timingMethod": "TOTAL_TIME",
            "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 3, "maxTimeInMinutes": 20},
            "openTime": opens,
            "closeTime": opens + hours * 3600,
            "maxSubmissionsPerUser": 1_000,
            "raceType": "TIME_TRIAL",
        },
    )
    managed.account.multi_user_mode = True
    for number in range(racers):
        managed.assign(world.company.by_mail(f"racer{number:05}@example.com")[0].id)
    definition = {
        "Name": "Cup",
        "Visibility": "VISIBLE",
        "LaunchTime": int(opens * 1000),
        "CloseTime": int((opens + hours * 3600) * 1000),
        "TrackArn": "arn:aws:deepracer:us-east-1::track/reinvent_base",
        "LeagueType": "VIRTUAL",
    }
    config = {
        "MinimumLaps": 3,
        "RaceTypeConfig": {"RaceType": "TIME_TRIAL"},
        "ResettingBehavior": {},
        "TerminationConditions": {"MaxTimeInMinutes": 20, "MaxLaps": 3},
        "TimingMethod": "TOTAL_TIME",
        "ParticipationConfig": {"EntryTypeConfig": {"InvitationEntryType": "ALL"}},
    }
    managed.account.races[RACE] = Race(RACE, definition, config, {}, opens)
    return world


def live_through(world: World, hours: float, step: Callable[[], float] = lambda: 3600.0) -> None:
    """The clock goes on by so many seconds at a time, and the world follows each time."""
    end = world.ticked_to + timedelta(hours=hours)

    async def going() -> None:
        while world.ticked_to < end:
            world.clock.advance(min(step(), (end - world.ticked_to).total_seconds()))
            await world.catch_up(world.clock.now())

    in_a_loop(going())


def aws_board(world: World) -> list[tuple[str, int, dict[str, Any], int]]:
    """Alias, score in ms, the figures of the best run, and submissions of everybody on the board, best first."""
    state = aws_of(world).site.state
    rows = [state.rankings[RACE][profile_id] for _, _, profile_id in state.ranked.get(RACE, [])]
    return [(row.alias, row.score, row.stats, len(state.submissions_of[RACE, row.profile_id])) for row in rows]


def managed_board(world: World) -> list[dict[str, Any]]:
    return leaderboard(managed_of(world).account.races[RACE])


def usage(world: World) -> dict[str, list[Any]]:
    """What everybody has used on each service, in minutes and models."""
    profiles, users = aws_of(world).site.state.profiles.values(), managed_of(world).account.users.values()
    return {
        "deepracer": sorted((p.email, p.used, p.queued, p.model_count or 0) for p in profiles),
        "managed": sorted((u.person_id, u.minutes_used, u.minutes_queued, len(u.models)) for u in users),
    }


def story(world: World) -> str:
    """Boards and usage of both services as one text, to compare two worlds."""
    return json.dumps([aws_board(world), managed_board(world), usage(world)])


def distance(left: Sequence[float], right: Sequence[float]) -> float:
    """Kolmogorov-Smirnov: the largest difference between the two cumulated distributions, 0..1."""
    one, two = sorted(left), sorted(right)
    return max(abs(bisect_right(one, x) / len(one) - bisect_right(two, x) / len(two)) for x in {*one, *two})


def ranks(values: Sequence[float]) -> list[float]:
    """Places from 0; those with the same value share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for position in range(start, end + 1):
            found[order[position]] = (start + end) / 2
        start = end + 1
    return found

"""A practice world in this process, without servers, with people invited and one race: for benchmarks and tests."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.deployment import Deployment
from deepracer_admin.rehearsal.deepracer.profiles import invite
from deepracer_admin.rehearsal.deepracer.state import Leaderboard
from deepracer_admin.rehearsal.world import World

__all__ = ["RACE", "invited_world", "live_until"]

RACE = "cup"


def invited_world(
    home: Path,
    *,
    people: int,
    start: datetime,
    hours: float,
    slots: int,
    version: str,
    seed: int,
    minutes: int,
    models: int,
) -> tuple[World, Deployment]:
    """Everybody is invited at `start`, with these limits (-1: none); the race is open for `hours`."""
    world = World(home, seed=seed, speed=0, slots=max(1, slots), version=version, start=start)
    deployment = world.services["deepracer"]
    assert isinstance(deployment, DeepRacer)
    site, opens = deployment.site, start.timestamp()
    for number in range(people):
        user = invite(site, "CreateProfile", f"racer.{number:05}@example.com", alias=f"Racer-{number:05}")
        profile = site.state.profiles[user.username]
        profile.max_minutes, profile.max_models = minutes, models
    site.state.leaderboards[RACE] = Leaderboard(RACE, _race(opens, opens + hours * 3600))
    return world, site


def live_until(world: World, end: datetime) -> None:
    """Let practice time go on until then."""

    async def going() -> None:
        world.clock.advance((end - world.ticked_to).total_seconds())
        await world.catch_up(world.clock.now())

    asyncio.run(going())


def _race(opens: float, closes: float) -> dict[str, Any]:
    return {
        "name": "Cup",
        "trackConfig": {"trackId": "reinvent_base", "trackDirection": "COUNTER_CLOCKWISE"},
        "timingMethod": "TOTAL_TIME",
        "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 3, "maxTimeInMinutes": 20},
        "openTime": opens,
        "closeTime": closes,
        "maxSubmissionsPerUser": 1_000,
        "raceType": "TIME_TRIAL",
    }

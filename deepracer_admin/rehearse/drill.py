"""What a drill is: one bad day that is put into a rehearsal, and the counters that tell how the console did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.rehearsed import Count
from deepracer_admin.rehearse.crew import Crew
from deepracer_admin.rehearse.plan import Plan
from deepracer_admin.rehearse.practice import Controls

__all__ = ["Drill", "Quiet", "Scene", "compare_minutes"]

SETTLES_S = 90.0  # real seconds within which a console that has just begun must have read what the world says


@dataclass(frozen=True, slots=True)
class Scene:
    """A rehearsed event while it is raced. `say` tells the person at the terminal."""

    plan: Plan
    console: Console
    world: Controls
    organizer: Actor
    event: Event
    crew: Crew
    say: Callable[[str], None]

    def at(self, share: float) -> datetime:
        """Event time of that share of the event's length."""
        return self.event.starts_at + share * timedelta(hours=self.plan.hours)

    @property
    def truth(self) -> dict[str, Any]:
        """The world's own counts now."""
        return self.world.truth()


class Drill(Protocol):
    """A quiet day is `name` "". All moments are event time."""

    name: str

    def fit(self, plan: Plan) -> Plan:
        """The plan with what this drill needs. Raises BadInput."""
        ...

    def before_the_event(self, world: Controls, plan: Plan) -> None:
        """Before the event is set up."""
        ...

    def begin(self, scene: Scene) -> None:
        """Before racers race."""
        ...

    def look(self, scene: Scene, now: datetime) -> None:
        """Several times a real second while they do."""
        ...

    def is_through(self, scene: Scene, now: datetime) -> bool:
        """After the event's end: is there nothing more to wait for?"""
        ...

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        """How the console did, at the end."""
        ...


def compare_minutes(scene: Scene, *, sleep: Callable[[float], None] = time.sleep) -> dict[str, Count]:
    """The minutes that the console shows against the service's own books, at one instant for which time stands still.

    `profiles_that_differ`: of those that the console knows, how many show other minutes used or queued.
    """
    world, store, event = scene.world, scene.console.store, scene.event.id
    world.ask("clock", {"paused": True})
    try:
        paused = scene.console.clock.now()
        books = {each["profile_id"]: each for each in world.ask("books").json()["profiles"]}
        scene.crew.relieve()
        for _ in range(round(SETTLES_S / 0.5)):
            shown, seen_at = store.profiles(event)
            if seen_at is not None and seen_at > paused:
                break
            sleep(0.5)
        else:
            return {"profiles_compared": 0, "profiles_that_differ": None}
    finally:
        world.set_speed(1)
    mine = [profile for profile in shown if profile.id in books]
    differ = sum(
        abs(profile.minutes_used - books[profile.id]["used"]) > 1e-6
        or abs(profile.minutes_queued - books[profile.id]["queued"]) > 1e-6
        for profile in mine
    )
    return {"profiles_compared": len(mine), "profiles_that_differ": differ}


class Quiet:
    """No drill: nothing happens, and nothing is waited for."""

    name = ""

    def fit(self, plan: Plan) -> Plan:
        return replace(plan, drill=self.name)

    def before_the_event(self, world: Controls, plan: Plan) -> None:
        """Nothing."""

    def begin(self, scene: Scene) -> None:
        """Nothing."""

    def look(self, scene: Scene, now: datetime) -> None:
        """Nothing."""

    def is_through(self, scene: Scene, now: datetime) -> bool:
        return True

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        return {}

"""The fleet as a service of the practice world: it answers no requests, it moves racers when the clock ticks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from typing import Any

from deepracer_admin.rehearsal.shared.garage import Garage
from deepracer_admin.rehearsal.shared.ground import Ground

from .crowd import Crowd

__all__ = ["Fleet"]


class Fleet:
    """Moves the racers of every service that has a `Garage`."""

    name = "fleet"

    def __init__(self, ground: Ground, garages: Callable[[], Mapping[str, Garage]]) -> None:
        """`garages` gives those of the services by their names, once these are there."""
        self._ground, self._garages = ground, garages

    @cached_property
    def _crowd(self) -> Crowd:
        """Made at first use: a restored service has another garage than a new one."""
        return Crowd(self._garages(), self._ground.seed)

    def routes(self) -> list[Any]:
        """None: the fleet answers no requests."""
        return []

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON."""
        return self._crowd.snapshot()

    def restore(self, state: dict[str, Any]) -> None:
        """Puts a snapshot back."""
        self._crowd.restore(state)

    def tick(self, now: datetime) -> None:
        """Moves everybody whose moment has come."""
        self.advance(now, math.inf)

    def advance(self, now: datetime, budget_s: float) -> bool:
        """The same for `budget_s` of real time; False when there is more to do: call again with the same moment."""
        try:
            return self._crowd.tick(now, budget_s)
        finally:
            if self._crowd.changed:
                self._crowd.changed = False
                self._ground.touch()

    def states(self) -> Counter[str]:
        """How many racers are in which state."""
        return self._crowd.states()

    def truth(self) -> dict[str, Any]:
        """`racers`: how many are in which state. `refusals`: how often a service said no to them, by reason."""
        return {"racers": dict(self.states()), "refusals": dict(self._crowd.refusals)}

    def configure(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Changes members of `Behaviour` (none: only looks) and says what is in force; ValueError with a sentence."""
        self._crowd.configure(options)
        return {"behaviour": asdict(self._crowd.behaviour), "racers": dict(self.states())}

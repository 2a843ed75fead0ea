"""The clock of a rehearsal: how fast it goes, and pause, slower, faster."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor
from deepracer_admin.records.practice_clock import PRACTICE_WISH, PracticeWish
from deepracer_admin.rules.practice_speed import SPEEDS
from deepracer_admin.services.base import Service

__all__ = ["PracticeClock", "PracticeClockService"]


@dataclass(frozen=True, slots=True)
class PracticeClock:
    """`speed`: event seconds per real second, the one asked for while it is on its way; `paused` likewise."""

    speed: float
    paused: bool


class PracticeClockService(Service):
    """What the frame shows and calls in a rehearsal."""

    def pace(self, actor: Actor) -> PracticeClock | None:
        """How practice time goes; None in live mode, where time is time."""
        self._authorise(actor, "event.view")
        if not self.house.settings.rehearsal:
            return None
        wish = self.store.read("", PRACTICE_WISH)
        if not wish.is_done:
            return PracticeClock(wish.speed, wish.paused)
        factor = self.clock.factor
        return PracticeClock(factor or wish.speed, paused=factor == 0)

    def set_pace(self, actor: Actor, *, speed: float, paused: bool) -> None:
        """Ask for a speed, or a pause; it holds within about a second. Raises BadInput for a speed that is none, or in
        live mode."""
        self._authorise(actor, "rehearsal.clock", target=str(speed))
        if not self.house.settings.rehearsal:
            raise BadInput("This is no rehearsal: its time is real time.")
        if not SPEEDS[0] <= speed <= SPEEDS[-1]:
            raise BadInput(f"Speed: {SPEEDS[0]:g} to {SPEEDS[-1]:g} times real time.")
        wish = PracticeWish(speed, paused, is_done=False)
        self.store.update("", PRACTICE_WISH, lambda _: wish)
        self._audit(actor, "rehearsal.clock", target="practice time", after={"speed": speed, "paused": paused})

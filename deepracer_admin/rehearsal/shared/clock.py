"""The two times of a practice world: event time, which may run fast, and real time, which never does."""

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

SLOWEST, FASTEST = 0.0, 600.0


class RealTime(Protocol):
    """Real time as the machine tells it; a test may tell it instead."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, from any beginning."""
        ...


class MachineTime:
    """The real time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class PracticeClock:
    """Event time at a factor of 0 to 600 of real time (architecture.md, "Time").

    Fleet, jobs, race windows and the mail day follow `now()`. Tokens, signatures and request rates follow `real()` and
    `monotonic()`: nothing in the practice world asks the machine for the time but this clock's `machine`.
    """

    def __init__(self, speed: float = 60.0, start: datetime | None = None, machine: RealTime | None = None) -> None:
        self.machine = machine or MachineTime()
        self._base = start or self.machine.now()
        self._anchor = self.machine.monotonic()
        self._speed = checked_speed(speed)
        self._paused = False

    @property
    def speed(self) -> float:
        """Event seconds that pass in one real second while the clock is not paused."""
        return self._speed

    @property
    def paused(self) -> bool:
        return self._paused

    def now(self) -> datetime:
        """Event time, aware, UTC."""
        if self._paused:
            return self._base
        return self._base + timedelta(seconds=(self.machine.monotonic() - self._anchor) * self._speed)

    def real(self) -> datetime:
        """Real time, aware, UTC."""
        return self.machine.now()

    def unix(self) -> float:
        """Real time in Unix seconds."""
        return self.machine.now().timestamp()

    def monotonic(self) -> float:
        """Real seconds that only grow: for spans that nobody keeps beyond this run."""
        return self.machine.monotonic()

    def set_speed(self, speed: float) -> None:
        """Change the factor and let the clock run. Raises ValueError outside 0 to 600."""
        speed = checked_speed(speed)
        self._rebase(self.now())
        self._speed = speed
        self._paused = False

    def pause(self, paused: bool = True) -> None:
        self._rebase(self.now())
        self._paused = paused

    def advance(self, seconds: float) -> None:
        """Put event time forward, also while paused. Raises ValueError for a step back."""
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError("Practice time can only be advanced: give seconds of zero or more.")
        self._rebase(self.now() + timedelta(seconds=seconds))

    def _rebase(self, now: datetime) -> None:
        self._base = now
        self._anchor = self.machine.monotonic()

    def snapshot(self) -> dict[str, Any]:
        return {"now": self.now().isoformat(), "speed": self._speed, "paused": self._paused}

    def restore(self, state: dict[str, Any]) -> None:
        """Event time goes on where it was saved: nothing happened while the world was off."""
        self._speed = checked_speed(state["speed"])
        self._paused = bool(state["paused"])
        self._rebase(datetime.fromisoformat(state["now"]))


def checked_speed(speed: float) -> float:
    if not SLOWEST <= speed <= FASTEST:  # also refuses NaN
        raise ValueError(f"The speed of practice time is a number from {SLOWEST:g} to {FASTEST:g}.")
    return float(speed)

"""Real time that passes only when a test, a pause or a nap lets it: a machine may be as slow as it likes."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from deepracer_admin.clock import ScaledClock
from tests.store.people import NOW

__all__ = ["FakeClock", "ManualClock", "Pause", "RealTime"]

GLANCE_S = 0.001


class FakeClock:
    """A clock that moves only when told to, or when somebody sleeps on it. Event time, real time and the monotonic
    clock move together."""

    factor = 1.0

    def __init__(self) -> None:
        self.seconds = 0.0
        self.naps: list[float] = []

    def event_now(self) -> datetime:
        return self.now()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.naps.append(seconds)
        self.seconds += seconds


class RealTime:
    """The real time of a test, for the console (`ManualClock`) and its practice world alike (`machine` of World). Each
    look at it takes a millisecond, so that whoever waits for it in a loop gets through."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began, self._began_at = time.monotonic(), time.time()
        self._passed = 0.0

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._passed += seconds

    def monotonic(self) -> float:
        return self._began + self._glance()

    def now(self) -> datetime:
        """The date, later than the machine's by what was passed."""
        return datetime.fromtimestamp(self.time(), UTC)

    def time(self) -> float:
        return self._began_at + self._glance()

    def _glance(self) -> float:
        with self._lock:
            self._passed += GLANCE_S
            return self._passed


class ManualClock(ScaledClock):
    """The console's clock in a rehearsal, with real time as the test lets it pass; event time can be anchored."""

    def __init__(self, real: RealTime) -> None:
        self.real = real
        super().__init__()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.real.time(), UTC)

    def monotonic(self) -> float:
        return self.real.monotonic()

    def sleep(self, seconds: float) -> None:
        self.real.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let real time pass, and event time with it."""
        self.real.advance(seconds)


class Pause(threading.Event):
    """What a worker waits on between rounds: the wait takes the clock's time and none of the machine's."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None and not self.is_set():
            self._clock.sleep(timeout)
        return self.is_set()

"""A clock that moves only when told to, or when somebody sleeps on it."""

from datetime import datetime, timedelta

from tests.store.people import NOW


class FakeClock:
    """Event time, real time and the monotonic clock move together."""

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

"""Two kinds of time (architecture.md, Time).

*Event time* drives the fleet, race windows, usage, burn rate, forecasts and schedules; in rehearsal it is the practice
world's clock, at a factor of 1 to 600. *Real time* drives sessions, tokens, leases, pacing and retries; it is never
scaled.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "ScaledClock", "SystemClock", "as_utc", "iso", "parse_iso"]


class Clock(Protocol):
    """What the console asks for time. All datetimes are aware and in UTC."""

    def event_now(self) -> datetime:
        """Now in event time."""
        ...

    def now(self) -> datetime:
        """Now in real time."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back, real time."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait in this thread, real time."""
        ...

    @property
    def factor(self) -> float:
        """Event seconds per real second; 1.0 in live mode."""
        ...


class SystemClock:
    """Live mode: event time is real time."""

    factor = 1.0

    def event_now(self) -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class ScaledClock:
    """Rehearsal: event time follows an anchor that is read from the practice world now and then.

    Between two anchors the clock runs on by itself at the anchor's factor, so that no page waits for the network.
    """

    def __init__(self, event_anchor: datetime | None = None, factor: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._event = event_anchor or datetime.now(UTC)
        self._mono = self.monotonic()
        self._factor = factor

    @property
    def factor(self) -> float:
        return self._factor

    def anchor(self, event_now: datetime, factor: float) -> None:
        """Take over the practice world's time (aware datetime) and factor."""
        with self._lock:
            self._event, self._mono, self._factor = event_now, self.monotonic(), factor

    def event_now(self) -> datetime:
        with self._lock:
            return self._event + timedelta(seconds=(self.monotonic() - self._mono) * self._factor)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def as_utc(value: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return value.astimezone(UTC)


def iso(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as the store keeps it; sorts as text."""
    return as_utc(value).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """The inverse of `iso`; also reads other RFC 3339 forms with a zone."""
    return as_utc(datetime.fromisoformat(text))

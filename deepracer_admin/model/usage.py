"""Use over time, and limits of services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Totals over the event's profiles at one instant of event time; what a monthly reset took is counted on."""

    at: datetime
    profiles: int
    active: int  # profiles with any use
    minutes_used: float
    minutes_queued: float
    storage_bytes: int
    models: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that an adapter declares as data; flows/engine/pacing.py enforces it across processes.

    `rate` is calls (or recipients) per real second; 0 = no rate. `in_flight` is the design's concurrency.
    """

    name: str
    rate: float = 0.0
    burst: int = 1
    in_flight: int = 1
    source: str = ""

"""Use over time, and limits of services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Totals over the event's profiles at one instant of event time; what a monthly reset took is counted on.

    `minutes_used` never falls: a profile that is listed no more keeps what it used. `minutes_unsure`: so much more may
    have been used unseen around a monthly reset. `minutes_waiting`: of `minutes_queued`, what waits for a slot and is
    started by nobody but the racer. `gb_hours`: stored gigabytes (10^9 bytes) times hours so far. `running`, `queued`
    and `waiting` count models; None: not read.
    """

    at: datetime
    profiles: int
    active: int  # profiles with any use
    minutes_used: float
    minutes_queued: float
    storage_bytes: int
    models: int
    minutes_waiting: float = 0.0
    minutes_unsure: float = 0.0
    gb_hours: float = 0.0
    running: int | None = None
    queued: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class ModelJobs:
    """Models of one profile by what they do now (`Model.status`): use a slot, wait in a queue, wait for capacity."""

    running: int = 0
    queued: int = 0
    waiting: int = 0


class ProfileUse(NamedTuple):
    """What the samples of an event say about one profile. Minutes of compute; instants in event time. A plain row: a
    page makes 10,000 of them.

    `minutes`: since the event first read it, over monthly resets, at least; `minutes_high`: at most. `month`: the
    service's own counter of this month, which its `limit` is compared with (None: no limit, or not told). `queued`:
    asked for and not finished, of which `waiting` waits for a slot. `asked_before`: `minutes` + `queued` as they were
    when the window of recent use began. `listed` False: gone from the service's list, and what it used still counts.
    """

    profile: str
    minutes: float
    minutes_high: float = 0.0
    month: float = 0.0
    queued: float = 0.0
    waiting: float = 0.0
    limit: float | None = None
    asked_before: float | None = None
    storage_bytes: int = 0
    gb_hours: float = 0.0
    listed: bool = True
    first_at: datetime | None = None
    changed_at: datetime | None = None  # when its minutes last moved
    waiting_since: datetime | None = None


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


@dataclass(frozen=True, slots=True)
class BilledDay:
    """What AWS billed for one day (UTC), in USD, before tax and credits. `estimated`: it may still change."""

    day: date
    usd: float
    estimated: bool

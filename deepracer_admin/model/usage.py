"""Use over time, and limits of services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple, overload


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
    """What the samples of an event say about one profile. Minutes of compute; instants in event time. Of all
    profiles it is kept by column (`ProfileUses`).

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


class ProfileUses(Sequence[ProfileUse]):
    """What the samples of an event say about every profile, a column a value, in one order: of 10,000 a page works with
    columns, and a row is made of whom somebody looks at. Equal to any sequence of the same rows.
    """

    def __init__(self, columns: Iterable[Sequence[Any]] = ()) -> None:
        """`columns` in the order of `ProfileUse`; none for no profile."""
        self._columns: list[Sequence[Any]] = [*columns] or [()] * len(ProfileUse._fields)
        by_name = dict(zip(ProfileUse._fields, self._columns, strict=True))
        self.profile: Sequence[str] = by_name["profile"]
        self.minutes: Sequence[float] = by_name["minutes"]
        self.minutes_high: Sequence[float] = by_name["minutes_high"]
        self.month: Sequence[float] = by_name["month"]
        self.queued: Sequence[float] = by_name["queued"]
        self.waiting: Sequence[float] = by_name["waiting"]
        self.limit: Sequence[float | None] = by_name["limit"]
        self.asked_before: Sequence[float | None] = by_name["asked_before"]
        self.gb_hours: Sequence[float] = by_name["gb_hours"]
        self.listed: Sequence[bool] = by_name["listed"]
        self.changed_at: Sequence[datetime | None] = by_name["changed_at"]
        self.waiting_since: Sequence[datetime | None] = by_name["waiting_since"]

    @classmethod
    def of(cls, uses: Iterable[ProfileUse]) -> ProfileUses:
        """These rows by column; columns as they are."""
        return uses if isinstance(uses, ProfileUses) else cls(zip(*uses, strict=True))

    @cached_property
    def places(self) -> dict[str, int]:
        """By profile id."""
        return {profile: place for place, profile in enumerate(self.profile)}

    def __len__(self) -> int:
        return len(self.profile)

    @overload
    def __getitem__(self, place: int) -> ProfileUse: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[ProfileUse]: ...

    def __getitem__(self, place: int | slice) -> ProfileUse | Sequence[ProfileUse]:
        if isinstance(place, slice):
            return ProfileUses([column[place] for column in self._columns])
        return ProfileUse._make([column[place] for column in self._columns])

    def __iter__(self) -> Iterator[ProfileUse]:
        return map(ProfileUse._make, zip(*self._columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # pyright: ignore[reportAssignmentType] (as a list has none)


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

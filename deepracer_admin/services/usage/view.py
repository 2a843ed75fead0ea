"""What the screens of usage show: totals, and one row a profile, read once for all who look."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from deepracer_admin.collector import collector_at_rest
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.flows.readings.totals import POINTS, read_uses, totals_of
from deepracer_admin.model import UNLIMITED, Attendee, Event, Profile, ProfileUse, UsageSample
from deepracer_admin.records.limits import Limits, read_limits
from deepracer_admin.rules.money import Band, at_prices, usd_at
from deepracer_admin.rules.usage import Totals, moved_most, outliers
from deepracer_admin.services.base import House
from deepracer_admin.store import ProfileLink

__all__ = ["GAP", "ProfileRow", "UsageView", "read_all", "read_limits_of", "read_rows", "read_view"]

GAP = timedelta(minutes=10)
"""Event time without a sample that is told as a gap: what happened in it is only known by its sum."""
_MINUTE_ENOUGH = 0.5


class ProfileRow(NamedTuple):
    """One sponsored profile. Hours as the service reports them; money estimated from the event's price list. A plain
    row: a page makes 10,000 of them.

    `hours_used` is the event's, over monthly resets; `hours_month` this month's, which `hours_limit` is compared with.
    `hours_queued`: asked for and not finished, of which `hours_waiting` waits for a slot, since `waiting_since`.
    `changed_at`: when its hours last moved; `recent_hours`: asked for within the last six hours (event time, both).
    `times_median`: of its office's active profiles, 0 = not more than three times.
    """

    profile: str
    attendee: str  # "" = not on our list
    name: str
    email: str
    alias: str
    office: str
    cost_centre: str
    hours_used: float
    hours_queued: float
    hours_limit: float | None  # of a month; infinite = no limit, None = not read yet
    models: int | None
    storage_gb: float | None
    spend_usd: float
    committed_usd: float
    paused: bool
    how: str  # created | adopted | manual | "" (nobody of ours)
    hours_month: float = 0.0
    hours_waiting: float = 0.0
    recent_hours: float = 0.0
    changed_at: datetime | None = None
    waiting_since: datetime | None = None
    times_median: float = 0.0

    @property
    def share(self) -> float | None:
        """Of this month's limit, used or asked for; over 1 where more is used than is allowed now. None: no limit, or
        not read yet.
        """
        if self.hours_limit is None or math.isinf(self.hours_limit):
            return None
        asked = self.hours_month + self.hours_queued
        return asked / self.hours_limit if self.hours_limit else (float("inf") if asked else 0.0)


@dataclass(frozen=True, slots=True)
class UsageView:
    """Totals over the event's profiles; "as of" in event time; money is an estimate.

    `totals` None: no sample yet. `profiles` counts who is linked, `strangers` profiles that are nobody's on our list,
    `gone` those that the service lists no more. `gaps`: between which samples nothing was read for long.
    """

    event: Event
    totals: Totals | None
    profiles: int
    series: Sequence[UsageSample]
    spend_series: Sequence[tuple[datetime, float]]  # (at, USD so far, estimate)
    strangers: int
    gaps: Sequence[tuple[datetime, datetime]] = ()

    @property
    def as_of(self) -> datetime | None:
        return self.totals.as_of if self.totals else None

    @property
    def active(self) -> int:
        return self.totals.active if self.totals else 0

    @property
    def models(self) -> int:
        return self.totals.models if self.totals else 0

    @property
    def storage_gb(self) -> float:
        return self.totals.storage_bytes / 1e9 if self.totals else 0.0

    @property
    def hours_used(self) -> float:
        return self.totals.spent.hours if self.totals else 0.0

    @property
    def hours_queued(self) -> float:
        """Committed: what runs or will run by itself."""
        return self.totals.committed.hours if self.totals else 0.0

    @property
    def spend_usd(self) -> float:
        return self.totals.spent.usd if self.totals else 0.0

    @property
    def committed_usd(self) -> float:
        return self.totals.committed.usd if self.totals else 0.0

    @property
    def burn_usd_per_hour(self) -> float:
        """Over the last hour of event time; 0 while that is not known."""
        return self.totals.burn[0].usd if self.totals and self.totals.burn else 0.0

    @property
    def forecast(self) -> Band | None:
        return self.totals.forecast if self.totals else None

    @property
    def is_over(self) -> bool:
        """Has the event ended, so that spend is final and nothing is left to forecast?"""
        return bool(self.event.closed_at) or (self.as_of is not None and self.as_of >= self.event.ends_at)


@dataclass(frozen=True, slots=True)
class _Read:
    """What both the totals and the rows are made from, read once."""

    event: Event
    profiles: Sequence[Profile]
    people: Mapping[str, Attendee]
    links: Mapping[str, ProfileLink]
    uses: Sequence[ProfileUse]
    series: Sequence[UsageSample]


def _read(house: House, event: Event) -> _Read:
    series = house.history.usage(event.id, points=POINTS)
    return _Read(
        event=event,
        profiles=house.store.profiles(event.id)[0],
        people={person.id: person for person in house.store.attendees(event.id)},
        links=house.store.links(event.id),
        uses=read_uses(house.history, event, series[-1].at) if series else (),
        series=series,
    )


def read_view(house: House, event: Event) -> UsageView:
    """Totals of one event from the store: for the page, and for a screen whose signed link is the permission."""
    return _view(house, _read(house, event))


def read_all(house: House, event: Event) -> tuple[UsageView, list[ProfileRow]]:
    """Totals and rows, from one reading."""
    with collector_at_rest():
        read = _read(house, event)
        return _view(house, read), _rows(house, read)


def _view(house: House, read: _Read) -> UsageView:
    event, series = read.event, read.series
    mine = {link.profile for link in read.links.values()}
    monthly = (event.service or house.settings.racing) == "on_aws"
    return UsageView(
        event=event,
        totals=totals_of(event, series, read.uses, read.people, read.links, monthly=monthly) if series else None,
        profiles=len(mine),
        series=series,
        spend_series=[
            (sample.at, at_prices(event.prices, sample.minutes_used, sample.gb_hours).usd) for sample in series
        ],
        strangers=sum(1 for profile in read.profiles if profile.id not in mine),
        gaps=house.history.usage_gaps(event.id, longer=GAP),
    )


def read_limits_of(house: House, event: Event) -> Limits:
    """Limits, pauses and what other events give, as stored now."""
    return read_limits(house.store, event, given_elsewhere(house.store, event, house.settings.racing))


@dataclass(frozen=True, slots=True)
class _Known:
    """What rows are made from, by profile or attendee id."""

    links: Mapping[str, ProfileLink]
    people: Mapping[str, Attendee]
    uses: Mapping[str, ProfileUse]
    limits: Limits
    usd: Callable[[float, float], float]  # of minutes and GB-hours, at the event's prices
    times: Mapping[str, float] = field(default_factory=dict[str, float])
    moved: Mapping[str, float] = field(default_factory=dict[str, float])


def read_rows(house: House, event: Event) -> list[ProfileRow]:
    """One row per profile of the service, most hours first."""
    return _rows(house, _read(house, event))


def _rows(house: House, read: _Read) -> list[ProfileRow]:
    links = {link.profile: link for link in read.links.values()}
    people = read.people
    offices = {name: people[link.attendee].office for name, link in links.items() if link.attendee in people}
    known = _Known(
        links=links,
        people=people,
        uses={use.profile: use for use in read.uses},
        limits=read_limits_of(house, read.event),
        usd=usd_at(read.event.prices),
        times={use.profile: times for use, times in outliers(read.uses, offices)},
        moved={use.profile: minutes for use, minutes in moved_most(read.uses, most=len(read.uses))},
    )
    return sorted((_row(profile, known) for profile in read.profiles), key=lambda row: -row.hours_used)


def _row(profile: Profile, known: _Known) -> ProfileRow:
    """The counters are those of the newest listing, which may be newer than the last sample."""
    link = known.links.get(profile.id)
    person = known.people.get(link.attendee) if link else None
    use = known.uses.get(profile.id)
    before = use.minutes - use.month if use else 0.0
    if use and profile.minutes_used < use.month:
        before = use.minutes  # a reset that the next sample will count
    minutes = profile.minutes_used + before
    limit = profile.quota.minutes if profile.quota else None
    waiting = min(use.waiting, profile.minutes_queued) if use else 0.0
    return ProfileRow(
        profile=profile.id,
        attendee=person.id if person else "",
        name=person.name if person else "",
        email=profile.email or (person.email if person else ""),
        alias=profile.alias,
        office=person.office if person else "",
        cost_centre=person.cost_centre if person else "",
        hours_used=minutes / 60,
        hours_queued=profile.minutes_queued / 60,
        hours_limit=None if limit is None else math.inf if limit == UNLIMITED else limit / 60,
        models=profile.model_count,
        storage_gb=None if profile.storage_bytes is None else profile.storage_bytes / 1e9,
        spend_usd=known.usd(minutes, use.gb_hours if use else 0.0),
        committed_usd=known.usd(profile.minutes_queued - waiting, 0.0),
        paused=profile.id in known.limits.paused,
        how=link.how if link else "",
        hours_month=profile.minutes_used / 60,
        hours_waiting=waiting / 60,
        recent_hours=known.moved.get(profile.id, 0.0) / 60,
        changed_at=use.changed_at if use and minutes + profile.minutes_queued > _MINUTE_ENOUGH else None,
        waiting_since=use.waiting_since if use else None,
        times_median=known.times.get(profile.id, 0.0),
    )

"""What the screens of usage show: totals, and one row a profile, read once for all who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.flows.readings.totals import POINTS, read_uses, totals_of
from deepracer_admin.model import Attendee, Event, Profile, ProfileUses, UsageSample
from deepracer_admin.records.limits import Limits, read_limits
from deepracer_admin.rules.money import Band, at_prices, usd_at
from deepracer_admin.rules.usage import Totals, moved, outliers
from deepracer_admin.services.base import House
from deepracer_admin.services.usage.rows import Known, ProfileRows
from deepracer_admin.store import ProfileLink

__all__ = ["GAP", "UsageView", "read_all", "read_limits_of", "read_rows", "read_view"]

GAP = timedelta(minutes=10)
"""Event time without a sample that is told as a gap: what happened in it is only known by its sum."""


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
    uses: ProfileUses
    series: Sequence[UsageSample]


def _read(house: House, event: Event) -> _Read:
    series = house.history.usage(event.id, points=POINTS)
    return _Read(
        event=event,
        profiles=house.store.profiles(event.id)[0],
        people={person.id: person for person in house.store.attendees(event.id)},
        links=house.store.links(event.id),
        uses=read_uses(house.history, event, series[-1].at) if series else ProfileUses(),
        series=series,
    )


def read_view(house: House, event: Event) -> UsageView:
    """Totals of one event from the store: for the page, and for a screen whose signed link is the permission."""
    return _view(house, _read(house, event))


def read_all(house: House, event: Event) -> tuple[UsageView, ProfileRows]:
    """Totals and rows, from one reading."""
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


def read_rows(house: House, event: Event) -> ProfileRows:
    """One row per profile of the service, most hours first."""
    return _rows(house, _read(house, event))


def _rows(house: House, read: _Read) -> ProfileRows:
    links = {link.profile: link for link in read.links.values()}
    people = read.people
    offices = {name: people[link.attendee].office for name, link in links.items() if link.attendee in people}
    known = Known(
        links=links,
        people=people,
        uses=read.uses,
        paused=read_limits_of(house, read.event).paused,
        usd=usd_at(read.event.prices),
        times=outliers(read.uses, offices),
        moved=moved(read.uses),
    )
    return ProfileRows(read.profiles, known)

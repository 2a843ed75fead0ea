"""One row a profile. Columns of all profiles are quick to work out; a row is made when somebody looks at it, because of
10,000 a page shows fifty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import repeat
from typing import NamedTuple, overload

from deepracer_admin.model import UNLIMITED, Attendee, Profile, ProfileUse, ProfileUses
from deepracer_admin.rules.search import folded
from deepracer_admin.store import ProfileLink

__all__ = ["Known", "ProfileRow", "ProfileRows"]

_TOO_LITTLE_H = 0.5 / 60


class ProfileRow(NamedTuple):
    """One sponsored profile. Hours as the service reports them; money estimated from the event's price list.

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
        return _share(self.hours_month, self.hours_queued, self.hours_limit)


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are made from, by profile or attendee id."""

    links: Mapping[str, ProfileLink]
    people: Mapping[str, Attendee]
    uses: ProfileUses
    paused: Collection[str]  # profile ids
    usd: Callable[[float, float], float]  # of minutes and GB-hours, at the event's prices
    times: Mapping[str, float] = field(default_factory=dict[str, float])
    moved: Mapping[str, float] = field(default_factory=dict[str, float])


class ProfileRows(Sequence[ProfileRow]):
    """Rows of all profiles, most hours first. Columns stand in the order of the rows; nobody may change them."""

    def __init__(self, profiles: Sequence[Profile], known: Known) -> None:
        self._known = known
        links, people, uses = known.links, known.people, known.uses
        minutes, month = uses.minutes, uses.month
        sampled = [*map(uses.places.get, [profile.id for profile in profiles])]
        hours = [  # as _minutes
            one.minutes_used / 60
            if use is None
            else (one.minutes_used + (minutes[use] if one.minutes_used < month[use] else minutes[use] - month[use]))
            / 60
            for one, use in zip(profiles, sampled, strict=True)
        ]
        falling = [-each for each in hours]
        order = sorted(range(len(hours)), key=falling.__getitem__)
        self._profiles = [profiles[place] for place in order]
        self._sampled = [sampled[place] for place in order]  # places in `uses`
        self.hours_used = [hours[place] for place in order]
        self.ids = [profile.id for profile in self._profiles]
        owners = {profile: link.attendee for profile, link in links.items()}
        self._people = [*map(people.get, map(owners.get, self.ids, repeat("")))]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> ProfileRow: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[ProfileRow]: ...

    def __getitem__(self, place: int | slice) -> ProfileRow | Sequence[ProfileRow]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return _row(self._profiles[place], self._use(place), self._people[place], self._known)

    def _use(self, place: int) -> ProfileUse | None:
        use = self._sampled[place]
        return None if use is None else self._known.uses[use]

    def __iter__(self) -> Iterator[ProfileRow]:
        return map(self.__getitem__, range(len(self)))

    @cached_property
    def places(self) -> dict[str, int]:
        """By profile id."""
        return {one: place for place, one in enumerate(self.ids)}

    @cached_property
    def attendees(self) -> list[str]:
        return ["" if person is None else person.id for person in self._people]

    @cached_property
    def names(self) -> list[str]:
        return ["" if person is None else person.name for person in self._people]

    @cached_property
    def emails(self) -> list[str]:
        return [*map(_email, self._profiles, self._people)]

    @cached_property
    def aliases(self) -> list[str]:
        return [profile.alias for profile in self._profiles]

    @cached_property
    def offices(self) -> list[str]:
        return ["" if person is None else person.office for person in self._people]

    @cached_property
    def cost_centres(self) -> list[str]:
        return ["" if person is None else person.cost_centre for person in self._people]

    @cached_property
    def hours_queued(self) -> list[float]:
        return [profile.minutes_queued / 60 for profile in self._profiles]

    @cached_property
    def shares(self) -> list[float | None]:
        return [  # as _share: most profiles have a limit that is more than nothing
            (one.minutes_used / 60 + asked) / (most / 60)
            if (quota := one.quota) is not None and (most := quota.minutes) > 0
            else _share(one.minutes_used / 60, asked, _limit(one))
            for one, asked in zip(self._profiles, self.hours_queued, strict=True)
        ]

    @cached_property
    def paused(self) -> list[bool]:
        paused = self._known.paused
        return [one in paused for one in self.ids]

    @cached_property
    def recent_hours(self) -> list[float]:
        return [minutes / 60 for minutes in map(self._known.moved.get, self.ids, repeat(0.0))]

    @cached_property
    def times_median(self) -> list[float]:
        return [*map(self._known.times.get, self.ids, repeat(0.0))]

    @cached_property
    def changed_at(self) -> list[datetime | None]:
        changed_at = self._known.uses.changed_at
        asked = zip(self._sampled, self.hours_used, self.hours_queued, strict=True)
        return [  # as _changed_at
            None if use is None or used + queued <= _TOO_LITTLE_H else changed_at[use] for use, used, queued in asked
        ]

    @cached_property
    def waiting_since(self) -> list[datetime | None]:
        since = self._known.uses.waiting_since
        return [None if use is None else since[use] for use in self._sampled]

    @cached_property
    def texts(self) -> list[str]:
        """What a search looks in."""
        found = zip(self.names, self.emails, self.aliases, strict=True)
        return [folded(f"{name} {email} {alias}") for name, email, alias in found]


def _row(profile: Profile, use: ProfileUse | None, person: Attendee | None, known: Known) -> ProfileRow:
    """The counters are those of the newest listing, which may be newer than the last sample."""
    link = known.links.get(profile.id)
    minutes = _minutes(profile, use)
    waiting = min(use.waiting, profile.minutes_queued) if use else 0.0
    return ProfileRow(
        profile=profile.id,
        attendee=person.id if person else "",
        name=person.name if person else "",
        email=_email(profile, person),
        alias=profile.alias,
        office=person.office if person else "",
        cost_centre=person.cost_centre if person else "",
        hours_used=minutes / 60,
        hours_queued=profile.minutes_queued / 60,
        hours_limit=_limit(profile),
        models=profile.model_count,
        storage_gb=None if profile.storage_bytes is None else profile.storage_bytes / 1e9,
        spend_usd=known.usd(minutes, use.gb_hours if use else 0.0),
        committed_usd=known.usd(profile.minutes_queued - waiting, 0.0),
        paused=profile.id in known.paused,
        how=link.how if link else "",
        hours_month=profile.minutes_used / 60,
        hours_waiting=waiting / 60,
        recent_hours=known.moved.get(profile.id, 0.0) / 60,
        changed_at=_changed_at(profile, use),
        waiting_since=use.waiting_since if use else None,
        times_median=known.times.get(profile.id, 0.0),
    )


def _minutes(profile: Profile, use: ProfileUse | None) -> float:
    """Of the event, over monthly resets."""
    if use is None:
        return profile.minutes_used
    if profile.minutes_used < use.month:
        return profile.minutes_used + use.minutes  # a reset that the next sample will count
    return profile.minutes_used + (use.minutes - use.month)


def _email(profile: Profile, person: Attendee | None) -> str:
    return profile.email or (person.email if person else "")


def _limit(profile: Profile) -> float | None:
    """Hours of a month."""
    quota = profile.quota
    return None if quota is None else math.inf if quota.minutes == UNLIMITED else quota.minutes / 60


def _share(month: float, queued: float, limit: float | None) -> float | None:
    if limit is None or limit == math.inf:
        return None
    asked = month + queued
    return asked / limit if limit else (math.inf if asked else 0.0)


def _changed_at(profile: Profile, use: ProfileUse | None) -> datetime | None:
    """Less than half a minute is no use worth a time."""
    if use is None or _minutes(profile, use) / 60 + profile.minutes_queued / 60 <= _TOO_LITTLE_H:
        return None
    return use.changed_at

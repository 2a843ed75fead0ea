"""What the holder of a mailed link sees: of one link, read when it is asked for, or of many, read once for all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from deepracer_admin.errors import Missing
from deepracer_admin.model import Attendee, Event, Race, RaceStatus, Sending
from deepracer_admin.model.registrations import LinkPurpose, PortalLink, Registration, RegistrationState
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.rules.registration import MAY_LEAVE, waiting_place, waiting_places
from deepracer_admin.store import EventStore

__all__ = ["Known", "KnownOfMany", "LinkState", "OwnPage", "own_page"]


class LinkState(StrEnum):
    """What a link opens. TO_CONFIRM: the page with the button. OWN: its holder's state. ENDED: the button works no
    more. CUT: only the beginning of a link. NOTHING: no link of ours, or one whose registration is gone."""

    TO_CONFIRM = "to_confirm"
    OWN = "own"
    ENDED = "ended"
    CUT = "cut"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class OwnPage:
    """What the holder of a link sees. `confirmed_now`: by this very press. `place`: in the waiting list, from 1.

    `races` stand only on the page of somebody who has a place. `mailed`: was their way in mailed? `may_leave`: can they
    give their place, or their turn, back? `left_now`: they did, by this very press.
    """

    link: LinkState
    registration: Registration | None = None
    confirmed_now: bool = False
    place: int = 0
    racer_name: str = ""
    races: tuple[Race, ...] = ()
    mailed: bool = False
    may_leave: bool = False
    left_now: bool = False


class Known:
    """What the store says about one person at a time."""

    def __init__(self, store: EventStore, event_id: str) -> None:
        self._store, self._event_id = store, event_id

    def registration(self, key: str) -> Registration | None:
        return self._store.row(self._event_id, REGISTRATIONS, key)

    def place(self, mine: Registration) -> int:
        """In the waiting list, from 1."""
        return waiting_place(self._store.rows(self._event_id, REGISTRATIONS).values(), mine)

    def person(self, attendee: str) -> Attendee | None:
        """Whoever has a place; None when they were taken off the list a moment ago."""
        try:
            found = self._store.attendee(self._event_id, attendee)
        except Missing:
            return None
        return found if found.wanted else None

    def is_mailed(self, attendee: str) -> bool:
        return bool(self._store.deliveries(self._event_id, attendee=attendee, state=Sending.SENT))

    def races(self) -> Iterable[Race]:
        return self._store.races(self._event_id)[0]


class KnownOfMany(Known):
    """The same for many: each table is read once, when the first asks for it. `keys`: of their registrations."""

    def __init__(self, store: EventStore, event_id: str, keys: Collection[str]) -> None:
        super().__init__(store, event_id)
        self._keys = keys

    def registration(self, key: str) -> Registration | None:
        return self._registrations.get(key)

    def place(self, mine: Registration) -> int:
        return self._places.get(mine.id, 1)

    def person(self, attendee: str) -> Attendee | None:
        return self._people.get(attendee)

    def is_mailed(self, attendee: str) -> bool:
        return attendee in self._mailed

    def races(self) -> Iterable[Race]:
        return self._races

    @cached_property
    def _registrations(self) -> Mapping[str, Registration]:
        return self._store.rows(self._event_id, REGISTRATIONS, {*self._keys})

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return waiting_places(self._store.rows(self._event_id, REGISTRATIONS).values())

    @cached_property
    def _people(self) -> Mapping[str, Attendee]:
        return {person.id: person for person in self._store.attendees(self._event_id, wanted=True)}

    @cached_property
    def _mailed(self) -> frozenset[str]:
        return frozenset(row.attendee for row in self._store.deliveries(self._event_id, state=Sending.SENT))

    @cached_property
    def _races(self) -> Iterable[Race]:
        return self._store.races(self._event_id)[0]


def own_page(known: Known, event: Event, link: PortalLink, *, now: datetime, event_now: datetime) -> OwnPage:
    """What the holder of this link sees. `now`: real time; `event_now`: the event's."""
    mine = known.registration(link.registration)
    if mine is None:
        return OwnPage(LinkState.NOTHING)
    going_on = event.closed_at is None and event_now < event.ends_at
    shown = _state_of(known, link, mine, now, event_now)
    return replace(shown, may_leave=going_on and mine.state in MAY_LEAVE)


def _state_of(known: Known, link: PortalLink, mine: Registration, now: datetime, event_now: datetime) -> OwnPage:
    if mine.state is RegistrationState.ASKED:
        live = link.purpose is LinkPurpose.CONFIRM and link.used_at is None and now < link.expires_at
        return OwnPage(LinkState.TO_CONFIRM if live else LinkState.ENDED, mine if live else None)
    if mine.state is RegistrationState.WAITING:
        return OwnPage(LinkState.OWN, mine, place=known.place(mine))
    if mine.state is RegistrationState.ACCEPTED:
        return _placed(known, mine, event_now)
    return OwnPage(LinkState.OWN, mine)


def _placed(known: Known, mine: Registration, event_now: datetime) -> OwnPage:
    person = known.person(mine.attendee)
    if person is None:
        return OwnPage(LinkState.OWN, replace(mine, state=RegistrationState.WITHDRAWN))
    open_ = (race for race in known.races() if race.share_link and race.status(event_now) is not RaceStatus.CLOSED)
    return OwnPage(LinkState.OWN, mine, racer_name=person.alias, races=tuple(open_), mailed=known.is_mailed(person.id))

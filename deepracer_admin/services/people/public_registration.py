"""What a visitor of the portal can do, and nothing else: send a form, confirm by a mailed link, read their own state.

There is no actor here: a form is anybody's, a link is the permission for its own registration alone. Nothing of this
module can read, change or end anything of somebody else's.

**Sending a form takes the same work whoever it is about**: it is judged by what stands in it, and kept as it came in
one write. Whether its person is known, listed or refused is looked up later, by the worker. (A form that is not fit is
answered at once; that says nothing about anybody.)
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from deepracer_admin.clock import Clock
from deepracer_admin.errors import Missing
from deepracer_admin.flows.people.portal_links import find_link, link_hash, portal_address, takes_people
from deepracer_admin.model import Event
from deepracer_admin.model.registrations import Portal, PortalLink, Registration, RegistrationState
from deepracer_admin.records.portal import ASKED, PORTAL, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.portal_tokens import TokenShape, token_shape
from deepracer_admin.rules.registration import (
    FORMS_AT_MOST,
    MAY_LEAVE,
    Problem,
    check_submission,
    is_trap,
)
from deepracer_admin.services.base import House
from deepracer_admin.services.people.own_pages import Known, KnownOfMany, LinkState, OwnPage, own_page

__all__ = ["Answer", "LinkState", "OwnPage", "PublicRegistration", "Sent", "ShownPortal", "left", "used", "verified"]

LOOKED_S = 5.0  # real seconds for which the number of waiting forms is taken as read


class Answer(StrEnum):
    """What a form came to. TAKEN says nothing about whose it was."""

    TAKEN = "taken"
    UNFIT = "unfit"
    CLOSED = "closed"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Sent:
    """`problems` by field, for UNFIT."""

    answer: Answer
    problems: Mapping[str, Problem] | None = None


@dataclass(frozen=True, slots=True)
class ShownPortal:
    """What anybody may see of an event: its name, dates, place in the web, and the form. `base`: of its links."""

    event: Event
    portal: Portal
    is_open: bool
    rehearsal: bool
    address: str


class _Buckets:
    """Tokens by key, kept in memory: `burst` at once, then `rate` a second. A key that is not in use is forgotten."""

    def __init__(self, clock: Clock, *, rate: float, burst: int, most: int) -> None:
        self._clock, self._rate, self._burst, self._most = clock, rate, burst, most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> tokens, at

    def take(self, key: str) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            tokens, at = self._kept.pop(key, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - at) * self._rate)
            granted = tokens >= 1
            self._kept[key] = (tokens - 1 if granted else tokens, now)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return granted


class PublicRegistration:
    """The public side of every event's portal. Raises Missing for an event that is not here, StoreError."""

    def __init__(self, house: House) -> None:
        self._house, self._store, self._clock = house, house.store, house.clock
        # 2,000 people of one company come from one address in one break: what is counted is the portal as a whole, so
        # wide that they pass, and each e-mail address, so that nobody is flooded. The sender of a form is not counted.
        self._whole = _Buckets(house.clock, rate=50.0, burst=5_000, most=100)
        self._each = _Buckets(house.clock, rate=1 / 60, burst=5, most=20_000)
        self._waiting: dict[str, tuple[float, int]] = {}  # event -> read at, forms that waited; each form kept counts

    def portals(self) -> list[ShownPortal]:
        """Those that are open."""
        return [shown for event in self._store.events() if (shown := self._shown(event)).is_open]

    def portal(self, event_id: str) -> ShownPortal:
        """One portal, open or closed. Raises Missing, also for an event whose portal was never set up."""
        shown = self._shown(self._event(event_id))
        if not shown.portal.domains:
            raise Missing("There is no such page.")
        return shown

    def send(self, event_id: str, fields: Mapping[str, str], *, language: str) -> Sent:
        """Judge a form and keep it. The same two reads and one write for every fit form."""
        shown = self.portal(event_id)
        if not shown.is_open:
            return Sent(Answer.CLOSED)
        checked = check_submission(
            shown.portal, fields, language=language, at=self._clock.now(), service_rule=self.rule(shown.event)
        )
        if checked.asked is None:
            return Sent(Answer.UNFIT, checked.problems)
        if not self._whole.take(event_id) or not self._is_room(event_id):
            return Sent(Answer.BUSY)
        address = hashlib.sha256(f"{event_id} {checked.asked.email}".encode()).hexdigest()
        if is_trap(fields) or not self._each.take(address):
            return Sent(Answer.TAKEN)
        key, asked = secrets.token_hex(16), checked.asked
        self._store.change_rows(event_id, ASKED, lambda _: {key: asked}, keys=(key,))
        return Sent(Answer.TAKEN)

    def look(self, event_id: str, token: str) -> OwnPage:
        """What a mailed link shows. Changes nothing: programs that look into mail follow links."""
        event, link = self._opened(event_id, token)
        return self._page(event, token, link)

    def confirm(self, event_id: str, token: str) -> OwnPage:
        """The button: the address is theirs. Once; a second press, or an old link, only shows how things stand."""
        event, link = self._opened(event_id, token)
        page = self._page(event, token, link)
        if page.link is not LinkState.TO_CONFIRM or link is None:
            return page
        now, key = self._clock.now(), link_hash(token)
        changed = self._store.change_rows(
            event.id, REGISTRATIONS, lambda rows: verified(rows, now), keys=(link.registration,)
        )
        self._store.change_rows(event.id, PORTAL_LINKS, lambda rows: used(rows, now), keys=(key,))
        shown = self._page(event, token, self._store.row(event.id, PORTAL_LINKS, key))
        return replace(shown, confirmed_now=bool(changed))

    def leave(self, event_id: str, token: str) -> OwnPage:
        """The button by which somebody gives their place, or their turn, back. A second press changes nothing."""
        event, link = self._opened(event_id, token)
        page = self._page(event, token, link)
        if link is None or not page.may_leave:
            return page
        now = self._clock.now()
        changed = self._store.change_rows(
            event.id, REGISTRATIONS, lambda rows: left(rows, now), keys=(link.registration,)
        )
        return replace(self._page(event, token, link), left_now=bool(changed))

    # --------------------------------------------------------------------------------------------------- inside

    def _is_room(self, event_id: str) -> bool:
        """Do fewer forms wait than may? Read now and then, whoever sends; what comes between is counted."""
        read_at, count = self._waiting.get(event_id, (-LOOKED_S, 0))
        if self._clock.monotonic() - read_at >= LOOKED_S:
            read_at, count = self._clock.monotonic(), len(self._store.rows(event_id, ASKED))
        self._waiting[event_id] = (read_at, count + 1)
        return count < FORMS_AT_MOST

    def _event(self, event_id: str) -> Event:
        return self._store.event(event_id)

    def _shown(self, event: Event) -> ShownPortal:
        settings, portal = self._house.settings, self._store.read(event.id, PORTAL)
        is_open = takes_people(self._store, event, self._clock.event_now())
        base = settings.portal_base(event.public_url)
        return ShownPortal(event, portal, is_open, settings.rehearsal, portal_address(base, event.id) if base else "")

    def rule(self, event: Event) -> str | None:
        """Which addresses the event's racing service refuses (rules.roster.service_refusal)."""
        return "on_aws" if (event.service or self._house.settings.racing) == "on_aws" else None

    def _opened(self, event_id: str, token: str) -> tuple[Event, PortalLink | None]:
        event = self._event(event_id)
        return event, find_link(self._store, event, token, event_now=self._clock.event_now())

    def _page(self, event: Event, token: str, link: PortalLink | None) -> OwnPage:
        if link is None:
            return OwnPage(LinkState.CUT if token_shape(token) is TokenShape.CUT else LinkState.NOTHING)
        return self.page_of(event, link)

    def page_of(self, event: Event, link: PortalLink) -> OwnPage:
        """What the holder of this link sees."""
        return self._drawn(Known(self._store, event.id), event, link)

    def pages_of(self, event: Event, links: Mapping[str, PortalLink]) -> dict[str, OwnPage]:
        """What the holders of these links see, by the links' keys: each table is read once for all of them."""
        known = KnownOfMany(self._store, event.id, {link.registration for link in links.values()})
        return {key: self._drawn(known, event, link) for key, link in links.items()}

    def _drawn(self, known: Known, event: Event, link: PortalLink) -> OwnPage:
        return own_page(known, event, link, now=self._clock.now(), event_now=self._clock.event_now())


def verified(rows: Mapping[str, Registration], now: datetime) -> dict[str, Registration]:
    """A change of the table: whoever was asked has confirmed."""
    confirmed, asked = RegistrationState.VERIFIED, RegistrationState.ASKED
    return {key: replace(row, state=confirmed, verified_at=now) for key, row in rows.items() if row.state is asked}


def left(rows: Mapping[str, Registration], now: datetime) -> dict[str, Registration]:
    """A change of the table: these people gave their place, or their turn, back."""
    return {
        key: replace(row, state=RegistrationState.WITHDRAWN, left_at=now, leaving=bool(row.attendee))
        for key, row in rows.items()
        if row.state in MAY_LEAVE
    }


def used(rows: Mapping[str, PortalLink], now: datetime) -> dict[str, PortalLink]:
    """A change of the table: these buttons were pressed."""
    return {key: replace(row, used_at=row.used_at or now) for key, row in rows.items()}

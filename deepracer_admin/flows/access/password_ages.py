"""How old everybody's temporary password is, and whose ends soon.

Known from the user pool where the console has credentials on it (proof.py keeps what it read), else reckoned from when
the invitation went. Nothing here knows a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.directory.pool import TEMPORARY_DAYS
from deepracer_admin.model import Attendee, Event, Step
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.ways_in import INVITATIONS, OWN, POOL, RESENT, read_ways_in
from deepracer_admin.store import EventStore

__all__ = ["SOON", "PasswordAge", "ends_soon", "password_ages"]

SOON = timedelta(days=2)
HOLDS = timedelta(days=TEMPORARY_DAYS)
_CANNOT = (
    "This version of DeepRacer on AWS cannot send an invitation once more: its administrator resends it in Cognito, or "
    "updates the deployment to 1.3."
)


@dataclass(frozen=True, slots=True)
class PasswordAge:
    """Somebody who has not signed in yet. Event time; `read`: from the user pool, else reckoned from the invitation."""

    attendee: Attendee
    until: datetime
    read: bool
    way: str  # "service" | "pool": who would send the fresh one
    why_not: str  # why no fresh one can be sent, "" when it can

    @property
    def since(self) -> datetime:
        return self.until - HOLDS


def password_ages(store: EventStore, event: Event) -> list[PasswordAge]:
    """Everybody with a temporary password whose age is known, the one that ends first in front."""
    read = store.read(event.id, PASSWORDS_UNTIL)
    reckoned = _reckoned(store, event)
    if not read and not reckoned:
        return []  # asked every few seconds, also with thousands of people
    done = {step: store.done(event.id, step) for step in (Step.SIGNED_IN, Step.MAIL)}
    ways = read_ways_in(store, event)
    resendable = store.read(event.id, ACCOUNT).capabilities.resend_invite
    found = []
    for person in store.attendees(event.id, wanted=True):
        way, until = ways.of(person), read.get(person.id) or reckoned.get(person.id)
        if until is None or way == OWN or person.id not in ways.links or person.id in done[Step.SIGNED_IN]:
            continue
        if way == POOL and person.id not in done[Step.MAIL]:
            continue  # nobody knows the password that they have so far
        why_not = "" if way == POOL or resendable else _CANNOT
        found.append(PasswordAge(person, until, person.id in read, way, why_not))
    return sorted(found, key=lambda age: age.until)


def _reckoned(store: EventStore, event: Event) -> dict[str, datetime]:
    """When the password of an invitation ends: seven days after Cognito's mail, or the last one of several."""
    since: dict[str, datetime] = {}
    for chunk in store.rows(event.id, INVITATIONS).values():
        if chunk.mailed_at is not None:
            since |= dict.fromkeys(chunk.people, chunk.mailed_at)
    for each in store.read(event.id, RESENT):
        since[each.attendee] = max(since.get(each.attendee, each.at), each.at)
    return {person: at + HOLDS for person, at in since.items()}


def ends_soon(ages: Sequence[PasswordAge], now: datetime) -> list[PasswordAge]:
    """Those whose password ends within two days of `now` (event time), or has ended."""
    return [age for age in ages if age.until - now <= SOON]

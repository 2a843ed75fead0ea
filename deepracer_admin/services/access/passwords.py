"""Temporary passwords: how old each is, whose ends soon, and sending a fresh one before it does.

Known from the user pool where the console has credentials on it (flows/access/proof.py keeps what it read),
else reckoned from when the invitation went. Nothing here knows a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.directory.pool import TEMPORARY_DAYS
from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.flows.letters import ACCESS
from deepracer_admin.model import Actor, Attendee, Event, JobItem, Sending, State, Step
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL
from deepracer_admin.records.ways_in import INVITATIONS, OWN, POOL, RESENT, read_ways_in
from deepracer_admin.services.base import Service

__all__ = ["SOON", "PasswordAge", "PasswordsService", "ends_soon"]

SOON = timedelta(days=2)
HOLDS = timedelta(days=TEMPORARY_DAYS)


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


class PasswordsService(Service):
    """What the Onboarding page calls about temporary passwords."""

    def ages(self, actor: Actor) -> list[PasswordAge]:
        """Everybody with a temporary password whose age is known, the one that ends first in front."""
        self._authorise(actor, "onboarding.view")
        return self._ages(self._event())

    def ending(self, actor: Actor) -> list[PasswordAge]:
        """Those whose password ends within two days, or has ended."""
        return ends_soon(self.ages(actor), self.clock.event_now())

    def resend(self, actor: Actor, attendees: Sequence[str]) -> int:
        """A fresh temporary password by mail, the old one dies; returns how many are on their way.

        Through the pool: our access mail once more. Else: the service's own invitation once more, as a job. One person
        by a facilitator too, several by an organizer. Raises BadInput, Conflict.
        """
        several = len(attendees) > 1
        action = "messages.send" if several else "messages.resend_one"
        self._authorise(
            actor, action, target=counted(len(attendees), "person", "people") if several else "".join(attendees)
        )
        event = self._event()
        known = {age.attendee.id: age for age in self._ages(event)}
        chosen = [known[key] for key in dict.fromkeys(attendees) if key in known]
        if not chosen:
            raise BadInput("None of them has a temporary password any more: they have signed in, or were there before.")
        refused = next((age for age in chosen if age.why_not), None)
        if refused is not None:
            raise BadInput(refused.why_not)
        by_mail = self._queue_mails(event, [age.attendee.id for age in chosen if age.way == POOL])
        by_service = [age.attendee.id for age in chosen if age.way != POOL]
        if by_service:
            items = [JobItem("", key, State.TODO) for key in by_service]
            self._plan_job(
                actor, action, "invite.resend", target="|".join(sorted(by_service))[:200], plan={}, items=items
            )
        if by_mail:
            self._audit(actor, action, target=event.id, count=len(by_mail), after={"template": ACCESS, "fresh": True})
        if not by_mail and not by_service:
            raise Conflict("A mail to them is under way already.")
        return len(by_mail) + len(by_service)

    def _queue_mails(self, event: Event, attendees: Sequence[str]) -> list[str]:
        rows = []
        for key in attendees:
            mails = [row for row in self.store.deliveries(event.id, attendee=key) if row.template == ACCESS]
            if not any(row.state in (Sending.PENDING, Sending.CLAIMED) for row in mails):
                rows.append((key, ACCESS, max([row.version for row in mails], default=0) + 1000))
        if rows:
            self.store.plan_deliveries(event.id, rows, campaign="resend", lease=None)
        return [key for key, _, _ in rows]

    def _ages(self, event: Event) -> list[PasswordAge]:
        steps = self.store.steps(event.id)
        done = {step: {row.attendee for row in steps if row.step is step and row.state.is_done} for step in Step}
        read = self.store.read(event.id, PASSWORDS_UNTIL)
        reckoned = self._reckoned(event)
        ways = read_ways_in(self.store, event)
        resendable = bool(((self.store.get(event.id, "account") or {}).get("capabilities") or {}).get("resend_invite"))
        found = []
        for person in self.store.attendees(event.id, wanted=True):
            way, until = ways.of(person), read.get(person.id) or reckoned.get(person.id)
            if until is None or way == OWN or person.id not in ways.links or person.id in done[Step.SIGNED_IN]:
                continue
            if way == POOL and person.id not in done[Step.MAIL]:
                continue  # nobody knows the password that they have so far
            why_not = "" if way == POOL or resendable else _CANNOT
            found.append(PasswordAge(person, until, person.id in read, way, why_not))
        return sorted(found, key=lambda age: age.until)

    def _reckoned(self, event: Event) -> dict[str, datetime]:
        """When the password of an invitation ends: seven days after Cognito's mail, or the last one of several."""
        since: dict[str, datetime] = {}
        for chunk in self.store.rows(event.id, INVITATIONS).values():
            if chunk.mailed_at is not None:
                since |= dict.fromkeys(chunk.people, chunk.mailed_at)
        for each in self.store.read(event.id, RESENT):
            since[each.attendee] = max(since.get(each.attendee, each.at), each.at)
        return {person: at + HOLDS for person, at in since.items()}


def ends_soon(ages: Sequence[PasswordAge], now: datetime) -> list[PasswordAge]:
    """Those whose password ends within two days of `now` (event time), or has ended."""
    return [age for age in ages if age.until - now <= SOON]


_CANNOT = (
    "This version of DeepRacer on AWS cannot send an invitation once more: its administrator resends it in Cognito, or "
    "updates the deployment to 1.3."
)

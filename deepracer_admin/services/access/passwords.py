"""Temporary passwords: whose ends soon, and sending a fresh one before it does."""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.flows.access.password_ages import SOON, PasswordAge, ends_soon, password_ages
from deepracer_admin.flows.letters import ACCESS
from deepracer_admin.model import Actor, Again, Event, JobItem, State
from deepracer_admin.records.campaigns import RESEND
from deepracer_admin.records.ways_in import POOL
from deepracer_admin.services.base import Service

__all__ = ["SOON", "PasswordAge", "PasswordsService", "ends_soon"]


class PasswordsService(Service):
    """What the Onboarding page calls about temporary passwords."""

    def ages(self, actor: Actor) -> list[PasswordAge]:
        """Everybody with a temporary password whose age is known, the one that ends first in front."""
        self._authorise(actor, "onboarding.view")
        return password_ages(self.store, self._event())

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
        self._check_people(event.id, attendees)
        known = {age.attendee.id: age for age in password_ages(self.store, event)}
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
        planned = []
        for key in attendees:
            rows = [(key, ACCESS, 0)]  # the text's version is stamped when the mail goes
            if self.store.plan_deliveries(event.id, rows, campaign=RESEND, lease=None, again=Again.ASKED):
                planned.append(key)
        return planned

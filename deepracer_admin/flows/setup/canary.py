"""Job `canary`: a fresh address goes the whole way in (invitation, profile, limits, our mail) and out again.

Only what this job let in is taken out: that nobody had the address before is looked up first, and kept before the
invitation leaves. What if it dies here? Each step is stored before its call and harmless when done twice, but for the
mail, which is noted as sent before it leaves. A canary that was left inside is taken up by the next job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from deepracer_admin.errors import ConsoleError, LostAnswer, Refused, ServiceError
from deepracer_admin.flows.access.cognito_pool import open_pool
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import ACCESS
from deepracer_admin.model import Attendee, Event, Invitee, Job, Lease, Message, Profile, Quota, State
from deepracer_admin.racing import RacingService
from deepracer_admin.records.canary import CANARY, Canary, CanaryStep
from deepracer_admin.records.ways_in import POOL

__all__ = ["ALIAS", "LIMITS", "CanaryHandler"]

ALIAS = "canary"
LIMITS = Quota(10, 1)
"""Ten minutes and one model: enough to see that limits are set, too little to cost anything."""
LONGEST = timedelta(minutes=10)
"""Real time after which a step that does not get on is given up; what is inside is taken out all the same."""


class CanaryHandler:
    """Job `canary`; its plan has the `address`."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if (event.service or ports.racing_default) != "on_aws":
            raise Refused("The managed service lets people in by the directory's cycle: add somebody to the group.")
        walk = _Walk(ports, event, lease)
        canary = walk.begun(job, str(job.plan["address"]))
        step = {
            CanaryStep.INVITE: walk.invite,
            CanaryStep.LISTED: walk.look,
            CanaryStep.LIMITS: walk.limit,
            CanaryStep.MAIL: walk.mail,
            CanaryStep.OUT: walk.leave,
        }.get(canary.step)
        if step is not None:
            step(canary)
            return None
        if canary.trouble:
            raise Refused(f"{canary.trouble} It is out again.")
        return f"It came in, got its limits, {canary.mail}, and is out again: seen in the listing afterwards."


class _Walk:
    """The steps, one call of the service each."""

    def __init__(self, ports: Ports, event: Event, lease: Lease) -> None:
        self.ports, self.event, self.lease = ports, event, lease

    def begun(self, job: Job, address: str) -> Canary:
        """The one of this job: a new one, or one that an earlier job left inside."""
        kept = self.ports.store.read(self.event.id, CANARY)
        if kept.job == job.id:
            return kept
        if kept.may_be_in:
            return self._keep(replace(kept, job=job.id, step_at=self.ports.clock.now(), ended_at=None))
        self._check_fresh(address)
        return self._keep(Canary(job.id, address, CanaryStep.INVITE, step_at=self.ports.clock.now()))

    def _check_fresh(self, address: str) -> None:
        """Raises Refused for an address that anybody has, or that the service cannot take."""
        ports, service, wanted = self.ports, self.ports.racing(), address.lower()
        if why := service.address_refusal(address):
            raise Refused(why)
        listed = any(person.email.lower() == wanted for person in ports.store.attendees(self.event.id))
        has_profile = any(profile.email.lower() == wanted for profile in service.profiles())
        in_pool = ports.pool is not None and ports.pool().find(address) is not None
        if listed or has_profile or in_pool or wanted in {each.lower() for each in ports.staff_emails}:
            raise Refused("Somebody has this address already; give one that nobody has, such as you+canary@….")

    def _keep(self, canary: Canary) -> Canary:
        return self.ports.store.update(self.event.id, CANARY, lambda _: canary, lease=self.lease)

    def _next(self, canary: Canary, step: CanaryStep, **values: Any) -> None:
        now = self.ports.clock.now()
        ended = now if step is CanaryStep.GONE else None
        self._keep(replace(canary, step=step, step_at=now, ended_at=ended, **values))

    def _fails(self, canary: Canary, what: str, to: CanaryStep) -> None:
        """Noted; it goes on to the way out, or is over where it never was inside."""
        self._next(canary, to, trouble=canary.trouble or what)

    def _is_late(self, canary: Canary) -> bool:
        return canary.step_at is not None and self.ports.clock.now() - canary.step_at >= LONGEST

    def _person(self, canary: Canary) -> Invitee:
        return Invitee(ALIAS, canary.address, ALIAS, "Canary")

    def _profile(self, canary: Canary) -> Profile | None:
        found = (profile for profile in self.ports.racing().profiles())
        return next((each for each in found if each.email.lower() == canary.address.lower()), None)

    # ------------------------------------------------------------------------------------------------ in

    def invite(self, canary: Canary) -> None:
        if self.event.way_in == POOL:
            open_pool(self.ports).create(self._person(canary))
            return self._next(canary, CanaryStep.LISTED)
        told = next(iter(self.ports.racing().invite([self._person(canary)], token=canary.job)), None)
        if told is None or told.state is State.RETRY:
            if not self._is_late(canary):
                raise Later(told.sentence if told else "The service has not answered for it.", 5.0)
            return self._fails(canary, "It could not be invited within ten minutes.", CanaryStep.LISTED)
        if told.state is State.REFUSED:
            return self._fails(canary, f"It was not invited: {told.sentence}", CanaryStep.GONE)
        return self._next(canary, CanaryStep.LISTED)

    def look(self, canary: Canary) -> None:
        """Is it listed? Who was not invited and is not listed in time was never in."""
        profile = self._profile(canary)
        if profile is not None:
            step = CanaryStep.OUT if canary.trouble else CanaryStep.LIMITS
            return self._next(canary, step, profile=profile.id)
        if not self._is_late(canary):
            raise Later("It is invited; its profile is not listed yet.", 3.0)
        told = f"It was invited, and its profile was not listed within ten minutes: look for {canary.address} there."
        return self._fails(canary, told, CanaryStep.GONE)

    def limit(self, canary: Canary) -> None:
        """Set, and seen in the listing afterwards."""
        profile = self._profile(canary)
        if profile is not None and profile.quota == LIMITS:
            return self._next(canary, CanaryStep.MAIL)
        told = next(iter(self.ports.racing().set_quotas([(canary.profile, LIMITS)])), None)
        if told is not None and told.state is State.REFUSED:
            return self._fails(canary, f"Its limits were refused: {told.sentence}", CanaryStep.OUT)
        if self._is_late(canary):
            return self._fails(canary, "Its limits were set, and the listing does not show them.", CanaryStep.OUT)
        raise Later("Its limits are set; the listing does not show them yet.", 3.0)

    def mail(self, canary: Canary) -> None:
        """Our access mail, once: noted before it leaves."""
        if canary.mail:
            return self._next(canary, CanaryStep.OUT)
        try:
            message, mailer = self._message(canary), self.ports.mailer()
        except ConsoleError as error:
            return self._fails(canary, f"Our mail cannot be written: {error.sentence}", CanaryStep.OUT)
        noted = self._keep(replace(canary, mail="its mail may have been sent"))
        try:
            mailer.send(message)
        except LostAnswer:
            return self._next(noted, CanaryStep.OUT)
        except ServiceError as error:
            return self._fails(noted, f"Our mail was not taken: {error.sentence}", CanaryStep.OUT)
        return self._next(noted, CanaryStep.OUT, mail="its mail was taken by the sender")

    def _message(self, canary: Canary) -> Message:
        letters = self.ports.letters
        person = Attendee(ALIAS, canary.address, "Canary", ALIAS)
        mail = letters.render(self.event, letters.template(self.event, ACCESS, self.event.language), person)
        key = f"{self.event.id}#canary#{canary.job}#1"
        sender = self.event.sender or letters.sender
        tags = {"key": key, "template": "canary"}
        return Message(key, sender, canary.address, f"[CANARY] {mail.subject}", mail.text, mail.html, tags)

    # ------------------------------------------------------------------------------------------------ out

    def leave(self, canary: Canary) -> None:
        """Taken out, and seen to be gone: not listed, and no account in the pool where that can be asked."""
        service = self.ports.racing()
        if self._is_gone(canary, service):
            return self._next(canary, CanaryStep.GONE)
        told = next(iter(service.remove([canary.profile])), None)
        if self._is_late(canary):
            self._keep(replace(canary, trouble=f"It may still be able to sign in: delete {canary.address} by hand."))
            raise Refused(f"It could not be taken out within ten minutes: delete {canary.address} by hand, then again.")
        raise Later(told.sentence if told and told.sentence else "It is taken out; it is still listed.", 3.0)

    def _is_gone(self, canary: Canary, service: RacingService) -> bool:
        if self._profile(canary) is not None:
            return False
        pool: Callable[[], Any] | None = self.ports.pool
        return pool is None or pool().account(canary.profile) is None

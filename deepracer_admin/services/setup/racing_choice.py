"""Which racing service an event uses and by which way people come in, and when that may still be changed."""

from __future__ import annotations

from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.connect_check import CHECK, POOL_CHECK
from deepracer_admin.records.limits import FORMER_LIMITS, NEW_PROFILE_LIMITS, PAUSED_PROFILES, SPONSORSHIP
from deepracer_admin.records.racing_service import ACCOUNT, MODELS_SEEN, TRACKS
from deepracer_admin.records.ways_in import INVITATIONS
from deepracer_admin.rules.roster import service_refusal
from deepracer_admin.services.base import Service
from deepracer_admin.services.setup.drafts import EventDraft

__all__ = ["COGNITO_MAIL", "WAYS_IN", "RacingChoice"]

WAYS_IN = ("service", "pool")
COGNITO_MAIL = ("", "default", "ses")


class RacingChoice(Service):
    """What the event says, and what of it can still be changed."""

    def why_no_pool(self, actor: Actor, *, service: str = "") -> str:
        """Why our own mail cannot carry the way in, with what to do; "" when it can (the pre-flight tries it).

        `service`: the racing service as it is about to be chosen.
        """
        self._authorise(actor, "setup.view")
        event = self.event()
        return self._why_no_pool(service, event.id if event else "")

    def _why_no_pool(self, service: str, event: str) -> str:
        settings = self.house.settings
        if (service or settings.racing) == "managed":
            return "the managed service has no user pool; people come in through the Entra group."
        if not settings.rehearsal and not settings.deepracer_user_pool:
            return (
                "the console has no AWS credentials on the user pool; set DEEPRACER_ADMIN_DEEPRACER_USER_POOL and the "
                "profile (docs/permissions.md)."
            )
        trouble = self.store.read(event, POOL_CHECK) if event and self.event() else ""
        return f"the last pre-flight says: {trouble}" if trouble else ""

    def _check_way_in(self, draft: EventDraft, base: Event) -> None:
        """Raises BadInput for a way that this event cannot offer."""
        if draft.way_in not in WAYS_IN:
            raise BadInput("Way in: choose the service's invitation or our own mail.")
        if draft.cognito_mail not in COGNITO_MAIL:
            raise BadInput("Cognito's mail: choose its default sender, SES, or as the settings say.")
        if draft.way_in == "pool" and (why := self._why_no_pool(draft.service, base.id)):
            raise BadInput(f"Way in: our own mail cannot carry it: {why}")

    def _refuse_to_move(self, event: Event) -> None:
        """Another service only as long as nobody and nothing of the event is at the present one. Raises BadInput."""
        linked, invited = len(self.store.links(event.id)), self.store.rows(event.id, INVITATIONS)
        people = linked or sum(len(chunk.people) for chunk in invited.values())
        if people:
            has, have = "person has a profile there already or is", "people have a profile there already or are"
            raise BadInput(
                f"Racing service: {counted(people, has, have)} invited; create another event for the other service."
            )
        if self.store.read(event.id, SPONSORSHIP).open:
            raise BadInput("Racing service: this event sponsors there now; close that on the Sponsorship tab first.")
        if any(job.kind != "roster.import" for job in self.store.jobs(event.id, live=True)):
            raise BadInput("Racing service: jobs of this event are under way; wait for them or cancel them first.")

    def _forget_service(self, event: Event) -> None:
        """What the former service said holds no more; addresses are judged by the rule of the new one."""
        for kept in (ACCOUNT, CHECK, POOL_CHECK, TRACKS, MODELS_SEEN):
            self.store.forget(event.id, kept)
        for kept in (SPONSORSHIP, NEW_PROFILE_LIMITS, FORMER_LIMITS, PAUSED_PROFILES):
            self.store.forget(event.id, kept)
        rule = self._address_rule(event)
        self.store.amend_attendees(
            event.id, lambda person: replace(person, refusal=service_refusal(person.email, rule) or "")
        )

"""Which racing service an event uses, and when it may still be changed."""

from __future__ import annotations

from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Event
from deepracer_admin.rules.roster import service_refusal
from deepracer_admin.services.base import Service

__all__ = ["RacingChoice"]


class RacingChoice(Service):
    """The event's own choice, else the setting's."""

    def _racing_kind(self, event: Event) -> str:
        """ "on_aws" or "managed"."""
        return event.service or self.house.settings.racing

    def _refuse_to_move(self, event: Event) -> None:
        """Another service only as long as nobody and nothing of the event is at the present one. Raises BadInput."""
        linked, invited = len(self.store.links(event.id)), self.store.get(event.id, "invites") or {}
        people = linked or sum(len(chunk["people"]) for chunk in invited.values())
        if people:
            has, have = "person has a profile there already or is", "people have a profile there already or are"
            raise BadInput(
                f"Racing service: {counted(people, has, have)} invited; create another event for the other service."
            )
        if (self.store.get(event.id, "sponsorship") or {}).get("open"):
            raise BadInput("Racing service: this event sponsors there now; close that on the Sponsorship tab first.")
        if any(job.kind != "roster.import" for job in self.store.jobs(event.id, live=True)):
            raise BadInput("Racing service: jobs of this event are under way; wait for them or cancel them first.")

    def _forget_service(self, event: Event) -> None:
        """What the former service said holds no more; addresses are judged by the rule of the new one."""
        for key in ("account", "check", "tracks", "sponsorship"):
            self.store.put(event.id, key, None)
        rule = "on_aws" if self._racing_kind(event) == "on_aws" else None
        people = [(person, service_refusal(person.email, rule) or "") for person in self.store.attendees(event.id)]
        changed = [replace(person, refusal=refusal) for person, refusal in people if person.refusal != refusal]
        if changed:
            self.store.save_attendees(event.id, changed)

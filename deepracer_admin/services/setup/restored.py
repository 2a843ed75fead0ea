"""An event that came from a backup: what waits, and the word that its work goes on here.

While it waits, acts on its pages are written down as ever and wait with it; nothing is sent, changed or deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepracer_admin.clock import iso
from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.model import Actor, Event, FromBackup, Sending, Step
from deepracer_admin.records.campaigns import ACCESS_CAMPAIGN, CAMPAIGNS, CampaignState
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.access import allowed
from deepracer_admin.services.base import Service

__all__ = ["RestoredService", "Waiting"]

_GOING = (CampaignState.RUNNING, CampaignState.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What goes on when the event goes on here, as stored now. `mails`: ready in the ledger; `campaigns`: under way or
    scheduled, beside the access mail; `jobs`: kinds of those that live, oldest first; `people`: names of those whom
    the waiting mails, onboarding or closing reach, for those who may say that it goes on.
    """

    restored: FromBackup
    mails: int = 0
    campaigns: int = 0
    onboarding: bool = False
    jobs: Sequence[str] = ()
    people: Sequence[str] = ()


class RestoredService(Service):
    """What the Event page calls."""

    def view(self, actor: Actor) -> Waiting | None:
        """What waits; None for an event that does not wait. A viewer is told that it waits, and no more."""
        self._authorise(actor, "event.view")
        event = self.event()
        restored = self.store.read(event.id, RESTORED) if event else None
        if event is None or restored is None:
            return None
        if not allowed(actor, "onboarding.view"):
            return Waiting(restored)
        campaigns = self.store.rows(event.id, CAMPAIGNS).items()
        found = Waiting(
            restored,
            mails=self.store.delivery_counts(event.id)[Sending.PENDING],
            campaigns=sum(each.state in _GOING for key, each in campaigns if key != ACCESS_CAMPAIGN),
            onboarding=self.store.read(event.id, ONBOARDING).state is Run.RUNNING,
            jobs=[job.kind for job in reversed(self.store.jobs(event.id, live=True))],
        )
        return replace(found, people=self._people(event, found)) if allowed(actor, "event.go_on") else found

    def _people(self, event: Event, found: Waiting) -> list[str]:
        store = self.store
        mailed = {row.attendee for row in store.deliveries(event.id, state=Sending.PENDING)}
        through = {row.attendee for row in store.steps(event.id, step=Step.MAIL) if row.state.is_done}
        return [
            person.name or person.email
            for person in store.attendees(event.id, wanted=True)
            if person.id in mailed or "closeout" in found.jobs or (found.onboarding and person.id not in through)
        ]

    def go_on(self, actor: Actor, *, typed_name: str) -> FromBackup:
        """From now on the event's work goes on here; needs the event's name typed, for mails cannot be called back.

        Raises BadInput for another name, Conflict where it goes on already.
        """
        self._authorise(actor, "event.go_on", target=self.event_id)
        event = self._event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to let the event go on here.")
        waited: FromBackup | None = None

        def gone_on(mark: FromBackup | None) -> None:
            nonlocal waited
            waited = mark

        self.store.update(event.id, RESTORED, gone_on)
        if waited is None:
            raise Conflict("The event goes on here already: somebody said so before, and nothing was done twice.")
        self._audit(actor, "event.go_on", target=event.id, after={"backup_made_at": iso(waited.made_at)})
        return waited

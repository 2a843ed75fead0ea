"""The switch of the Set up page: sponsorship through limits, or the managed service's multi-user mode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Job, Quota
from deepracer_admin.records.limits import SPONSORSHIP, SWITCH_JOB
from deepracer_admin.records.racing_service import ACCOUNT, MODELS_SEEN, ModelsSeen
from deepracer_admin.services.setup.racing_choice import RacingChoice

__all__ = ["GB", "SponsorshipService", "SponsorshipView"]

GB = 10**9


@dataclass(frozen=True, slots=True)
class SponsorshipView:
    """Sponsorship or multi-user mode as read back. `open` None = never read yet.

    `native`: the service has a switch of its own, which reaches every profile of the account, not only the event's.
    `blast_*` count what the switch reaches: profiles, hours queued or running, gigabytes stored, their price a month,
    as listed at `seen_at` (None: never); with a native switch also models and how many run, as of `models_as_of`.
    """

    open: bool | None
    as_of: datetime | None
    native: bool
    word: str
    blast_profiles: int
    blast_hours: float
    sentence: str
    job: Job | None
    blast_gb: float = 0.0
    blast_usd_a_month: float = 0.0
    new_profile_quota: Quota | None = None
    seen_at: datetime | None = None
    blast_models: int | None = None
    blast_running: int = 0
    models_as_of: datetime | None = None


class SponsorshipService(RacingChoice):
    """What the switch says and does."""

    def sponsorship(self, actor: Actor) -> SponsorshipView:
        """The switch as last read back, and whom it would reach."""
        self._authorise(actor, "setup.view")
        event = self._event()
        seen = self.store.read(event.id, SPONSORSHIP)
        native = self._racing_kind(event) == "managed"
        reached, seen_at = self.store.profiles(event.id)
        models = (self.store.read(event.id, MODELS_SEEN) if native else None) or ModelsSeen()
        if not native:
            linked = {link.profile for link in self.store.links(event.id).values()}
            reached = [profile for profile in reached if profile.id in linked]
        stored = sum(profile.storage_bytes or 0 for profile in reached) / GB
        return SponsorshipView(
            open=seen.open,
            as_of=seen.as_of,
            native=native,
            word="Multi-user mode" if native else "Sponsorship",
            blast_profiles=len(reached),
            blast_hours=sum(profile.minutes_queued for profile in reached) / 60,
            sentence=seen.sentence,
            job=next(iter(self.store.jobs(event.id, live=True, kind=SWITCH_JOB)), None),
            blast_gb=stored,
            blast_usd_a_month=stored * event.prices.storage_per_gb_month,
            new_profile_quota=self.store.read(event.id, ACCOUNT).account.new_profile_quota,
            seen_at=seen_at,
            blast_models=models.models if models.as_of else None,
            blast_running=models.running,
            models_as_of=models.as_of,
        )

    def switch_sponsorship(self, actor: Actor, *, open_: bool, typed_name: str) -> Job:
        """Open or close sponsorship (or multi-user mode). Closing needs the event's name typed."""
        self._authorise(actor, "sponsorship.switch")
        event = self._event()
        if not open_ and typed_name.strip() != event.name:
            what = "turn multi-user mode off" if self._racing_kind(event) == "managed" else "close sponsorship"
            raise BadInput(f"Type the event's name exactly as it stands to {what}.")
        before = self.store.read(event.id, SPONSORSHIP)
        return self._plan_job(
            actor,
            "sponsorship.switch",
            SWITCH_JOB,
            target=event.id,
            plan={"open": open_},
            before={"open": before.open, "sentence": before.sentence},
            after={"open": open_},
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

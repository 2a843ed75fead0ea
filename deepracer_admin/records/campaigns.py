"""The mail campaigns of an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from deepracer_admin.rules.relative import Relative
from deepracer_admin.store.documents import Table

__all__ = ["ACCESS_CAMPAIGN", "CAMPAIGNS", "LIVE", "RESEND", "Audience", "Campaign", "CampaignState", "cancelled"]

ACCESS_CAMPAIGN = "access"
"""Key of the campaign that follows onboarding by itself."""
RESEND = "resend"
"""Under this campaign stand in the ledger the mails that were asked for once more, person by person."""


class CampaignState(StrEnum):
    """A campaign ends as DONE or CANCELLED. STOPPED: it cannot go on by itself, its sentence says why, and an organizer
    resumes or cancels it."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    CANCELLED = "cancelled"


LIVE = frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED})


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a campaign reaches: a step state (AUDIENCES of services/mail/messages.py) and, optionally, one cohort
    ("office:Milano")."""

    kind: str = "proven"
    cohort: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """`template`: its key. `version`: of the text when the campaign was made; the ledger says which text each person
    got. `by` (object id), `by_name`: who sent it. `created_at` in real time, `schedule_at` in event time. `sentence`:
    what must wait, or why it stopped; `waits_since`: real time since which nothing could be sent, None while it goes
    on. `people`: ids of those whom whoever sent it had before them, and nobody else gets it; empty: whoever is in the
    audience when it goes. `relative`: by what in the event it is scheduled; None: by a time alone."""

    template: str
    version: int
    audience: Audience
    state: CampaignState
    by: str = ""
    by_name: str = ""
    created_at: datetime | None = None
    schedule_at: datetime | None = None
    sentence: str = ""
    waits_since: datetime | None = None
    people: tuple[str, ...] = ()
    relative: Relative | None = None


CAMPAIGNS = Table("campaigns", Campaign, "campaign", personal=True)
"""A campaign's key -> the campaign. Organizers make and steer them (Messages), the worker says how they go and ends
them, the close-out cancels them; whoever changes a state judges it inside the change. A sentence may name a person."""


def cancelled(campaigns: Mapping[str, Campaign]) -> dict[str, Campaign]:
    """A change of the table: what has not ended is cancelled."""
    return {
        key: replace(campaign, state=CampaignState.CANCELLED, sentence="")
        for key, campaign in campaigns.items()
        if campaign.state not in (CampaignState.DONE, CampaignState.CANCELLED)
    }

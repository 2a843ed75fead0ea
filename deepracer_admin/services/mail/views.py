"""What the Messages page shows: campaigns with their counts, mails with their people, what sending came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Attendee, Delivery, Sending
from deepracer_admin.records.campaigns import ACCESS_CAMPAIGN, Audience, CampaignState
from deepracer_admin.rules.relative import Relative

__all__ = ["CampaignView", "LedgerRow", "Started"]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign with its counts from the ledger. `version`: of the text when it was made."""

    id: str
    template: str
    version: int
    audience: Audience
    state: CampaignState
    sentence: str
    created_by: str
    created_at: datetime | None
    schedule_at: datetime | None
    counts: Mapping[Sending, int]
    relative: Relative | None = None

    @property
    def follows_onboarding(self) -> bool:
        """Is it the access mail's own campaign, which takes in whoever comes later?"""
        return self.id == ACCESS_CAMPAIGN


@dataclass(frozen=True, slots=True)
class Started:
    """What sending came to: the campaign's id and whom it reaches. `gone`: names of those who were named and are not in
    the audience any more. `came`: how many came into it since, who get none."""

    campaign: str
    people: int
    gone: tuple[str, ...] = ()
    came: int = 0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One mail of the ledger with the person it is for."""

    attendee: Attendee
    delivery: Delivery

    @property
    def id(self) -> str:
        """One mail: to whom, which template, the how manieth."""
        return f"{self.delivery.attendee}/{self.delivery.template}/{self.delivery.number}"

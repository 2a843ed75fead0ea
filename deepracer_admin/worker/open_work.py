"""Which events does the worker serve? Those where something is to be done, or to be watched."""

from __future__ import annotations

from datetime import datetime, timedelta

from deepracer_admin.model import Event, Sending
from deepracer_admin.records.campaigns import ACCESS_CAMPAIGN, CAMPAIGNS, CampaignState
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.records.portal import PORTAL
from deepracer_admin.records.restored import waits_here
from deepracer_admin.store import EventStore

__all__ = ["goes_on_by_itself", "has_open_work"]

AFTERMATH = timedelta(days=1)  # bounces of the last mails, the last result of a race
QUIET = timedelta(days=14)


def has_open_work(store: EventStore, event: Event, first: str, now: datetime) -> bool:
    """Is there anything to do for `event` at `now` (event time)? `first`: id of the event that opens first.

    Never asleep: what opens first, what is not over, what has live jobs, people coming in, open sponsorship, an open
    portal, or mail that is to go. Asleep: closed for a day, or left two weeks past its end with nothing under way.
    Not served, whatever is open: what came from a backup and waits (records/restored.py).
    """
    if waits_here(store, event.id):
        return False
    if event.id == first or goes_on_by_itself(store, event):
        return True
    if event.closed_at is not None:
        return now < event.closed_at + AFTERMATH
    return now < event.ends_at + QUIET


def goes_on_by_itself(store: EventStore, event: Event) -> bool:
    """Is anything under way that a worker would go on with, whether the event is closed or not?"""
    if store.jobs(event.id, live=True, limit=1):
        return True
    if store.read(event.id, ONBOARDING).state is Run.RUNNING:
        return True
    if store.read(event.id, SPONSORSHIP).open:
        return True
    if event.closed_at is None and store.read(event.id, PORTAL).open:
        return True
    return bool(store.delivery_counts(event.id)[Sending.CLAIMED]) or _mail_goes_on(store, event)


def _mail_goes_on(store: EventStore, event: Event) -> bool:
    """Is a campaign under way, or scheduled? That of the access mail goes on with onboarding alone."""
    going = (CampaignState.RUNNING, CampaignState.SCHEDULED)
    campaigns = store.rows(event.id, CAMPAIGNS).items()
    return any(campaign.state in going for key, campaign in campaigns if key != ACCESS_CAMPAIGN)

"""Which events does the worker serve? Those where something is to be done, or to be watched."""

from __future__ import annotations

from datetime import datetime, timedelta

from deepracer_admin.model import Event
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.store import EventStore

__all__ = ["has_open_work"]

AFTERMATH = timedelta(days=1)  # bounces of the last mails, the last result of a race
QUIET = timedelta(days=14)


def has_open_work(store: EventStore, event: Event, first: str, now: datetime) -> bool:
    """Is there anything to do for `event` at `now` (event time)? `first`: id of the event that opens first.

    Never asleep: what opens first, what is not over, what has live jobs, people coming in or open sponsorship. Asleep:
    closed for a day, or left two weeks past its end with nothing under way.
    """
    if event.id == first or store.jobs(event.id, live=True, limit=1):
        return True
    if store.read(event.id, ONBOARDING).state is Run.RUNNING:
        return True
    if store.read(event.id, SPONSORSHIP).open:
        return True
    if event.closed_at is not None:
        return now < event.closed_at + AFTERMATH
    return now < event.ends_at + QUIET

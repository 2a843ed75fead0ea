"""Cognito's own mail: how many invitations may still go within a day, and when the last of those who wait goes.

The default sender gives about 50 mails a day and account (deepracer-on-aws.md 2.1). When that day begins is not told,
so any 24 hours count: whatever the service's day is, it never holds more.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.model import Event

__all__ = ["DAILY", "MailDay", "is_limited", "reckon"]

DAILY = 50
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class MailDay:
    """Mails of the default sender, in event time. `next_at` None: some may go now; both None: nobody waits."""

    left: int
    waiting: int
    next_at: datetime | None = None
    last_at: datetime | None = None  # an estimate: whoever else makes Cognito send mail takes from the same 50


def is_limited(event: Event, *, ses_by_settings: bool) -> bool:
    """Does Cognito mail this event's invitations by its default sender?"""
    return event.cognito_mail == "default" or (event.cognito_mail != "ses" and not ses_by_settings)


def reckon(sent: Iterable[tuple[datetime, int]], waiting: int, now: datetime) -> MailDay:
    """What may go at `now`, given what went when (event time, number of mails)."""
    freed = [(at + DAY, mails) for at, mails in sent if mails > 0 and at + DAY > now]
    heapq.heapify(freed)
    free = DAILY - sum(mails for _, mails in freed)
    left = max(0, free)
    if waiting <= 0:
        return MailDay(left, 0)
    next_at = None if left else freed[0][0]
    at, rest = now, waiting
    while True:
        going = max(0, min(free, rest))
        rest, free = rest - going, free - going
        if going:
            heapq.heappush(freed, (at + DAY, going))
        if not rest:
            return MailDay(left, waiting, next_at, at)
        at, mails = heapq.heappop(freed)
        free += mails

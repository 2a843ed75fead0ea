"""Keeping alarms: each is raised once, goes on as the same one, and is cleared when it is over.

What if it dies here? A look is one transaction: it was kept whole or not at all, and the next look keeps the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from deepracer_admin.model import Lease
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.rules.alarms import Alarm, after_look
from deepracer_admin.store import EventStore

__all__ = ["keep_alarms"]


def keep_alarms(
    store: EventStore,
    event: str,
    kinds: Collection[str],
    found: Sequence[Alarm],
    *,
    now: datetime,
    lease: Lease,
    linger: timedelta = timedelta(),
) -> None:
    """A look for `kinds` found these alarms, at `now` (event time). `linger`: for so long one lasts unseen."""
    store.change_rows(event, ALARMS, lambda rows: after_look(rows, kinds, found, now, linger=linger), lease=lease)

"""The event before the event: a seeded simulation of people, slots and the queue. The only one of the console."""

from __future__ import annotations

from deepracer_admin.rules.capacity.outlook import Band, Enough, Outlook, SlotsInUse
from deepracer_admin.rules.capacity.plan import ARRIVALS, Arrivals, Habits, Plan, Queue, queue_of

__all__ = ["ARRIVALS", "Arrivals", "Band", "Enough", "Habits", "Outlook", "Plan", "Queue", "SlotsInUse", "queue_of"]

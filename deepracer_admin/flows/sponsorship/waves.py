"""Which round it is of the hours that are given out in rounds (rules/waves.py).

What if it dies here? The round is stored before the limits of the next one are set; a repeat sets those.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Profile
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.waves import LONGEST_WAIT, Waves, after_look
from deepracer_admin.store import History

__all__ = ["advance", "last_moves"]


def last_moves(history: History, event: str, now: datetime) -> dict[str, datetime | None]:
    """When each profile's minutes last moved, by its samples (event time)."""
    uses = history.profile_uses(event, since=now - LONGEST_WAIT)
    return dict(zip(uses.profile, uses.changed_at, strict=True))


def advance(ports: Ports, event: Event, people: Sequence[Profile], lease: Lease) -> Waves:
    """The round as it is now."""
    now = ports.clock.event_now()
    moved = last_moves(ports.history, event.id, now)
    return ports.store.update(event.id, WAVES, lambda waves: after_look(waves, people, moved, now), lease=lease)

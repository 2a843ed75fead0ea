"""Until when the calls to a service hold still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["HOLDS", "Hold"]


@dataclass(frozen=True, slots=True)
class Hold:
    """Real time."""

    until: datetime


HOLDS = Table("holds", Hold, "limit", personal=False, of_event=False)
"""By the limit's name. Written by whoever was told "not before"; read before every call (flows/engine/pacing.py)."""

"""Hours that are given out in rounds: whether, how many, and which round it is."""

from __future__ import annotations

from deepracer_admin.rules.waves import Waves
from deepracer_admin.store.documents import Document

__all__ = ["WAVES"]

WAVES = Document("fair_waves", Waves, Waves(), personal=False)
"""Written by organizers on the Usage page, and by who holds hours back when a round is through."""

"""What the mail sender said last."""

from __future__ import annotations

from datetime import datetime

from deepracer_admin.model import SenderLimits
from deepracer_admin.store.documents import Reading

__all__ = ["EVENTS_TAKEN_AT", "SENDER"]

SENDER: Reading[SenderLimits | None] = Reading("sender", SenderLimits | None, None, personal=False)
"""The sender's limits when last asked; None before the first mail. Written by the worker as it sends; read by Messages
and by the forecast of onboarding."""

EVENTS_TAKEN_AT: Reading[datetime | None] = Reading("events_taken_at", datetime | None, None, personal=False)
"""Real time at which delivery events were last taken from the sender's queue. Written by the worker before it applies
them, so that one that was replaced applies none."""

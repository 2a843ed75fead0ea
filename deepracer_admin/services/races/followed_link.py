"""Whether a screen's signed link may still be followed, and what it shows."""

from __future__ import annotations

import hmac
from datetime import datetime

from deepracer_admin.errors import NotAllowed
from deepracer_admin.records.screen_links import SCREEN_LINKS, ScreenLink
from deepracer_admin.store import EventStore

__all__ = ["followed"]


def followed(store: EventStore, link_id: str, signature: str, *, expected: str, now: datetime) -> ScreenLink:
    """What the link shows; `now` in real time. Raises NotAllowed for a forged, withdrawn or expired one."""
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        raise NotAllowed("This link is not valid. Ask the organizers for a new one.")
    row = store.row("", SCREEN_LINKS, link_id)
    if row is None or row.revoked:
        raise NotAllowed("This link has been withdrawn. Ask the organizers for a new one.")
    if now >= row.expires_at:
        raise NotAllowed("This link has expired. Ask the organizers for a new one.")
    return row

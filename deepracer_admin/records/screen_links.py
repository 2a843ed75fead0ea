"""Signed links to the big screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["SCREEN_LINKS", "ScreenLink"]


@dataclass(frozen=True, slots=True)
class ScreenLink:
    """What a link shows. `scene`: "board" | "countdown" | "usage" | "text"; `race`: "" for totals and texts; `by`: who
    made it; `name`: of the screen, "" where nobody named it. Times are real time."""

    event: str
    race: str
    scene: str
    by: str
    made_at: datetime
    expires_at: datetime
    revoked: bool = False
    name: str = ""
    text: str = ""


SCREEN_LINKS = Table("live_links", ScreenLink, "link", personal=False, of_event=False)
"""By the link's id: whoever follows one names no event. Written by who runs the boards; read by the public listener."""

"""Room for races: what organizers asked for, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.rules.race_room import Room
from deepracer_admin.store.documents import Document, Reading

__all__ = ["ROOM", "ROOM_NOW", "RoomNow"]

ROOM = Document("race_room", Room, Room(), personal=False)
"""Written by organizers on the Races page and by the close-out, which ends it; read by who keeps the room."""


@dataclass(frozen=True, slots=True)
class RoomNow:
    """How it stands at `as_of` (event time). `race`: for which room is kept, "" = for none. `held`: people whose limit
    is seen lowered; `shared`: of them, those whom another open event gives more; `to_lower`, `to_give_back`: not seen
    yet; `strangers`: profiles of the service that are nobody's of this event, and go on. `until`: the latest end."""

    race: str = ""
    held: int = 0
    shared: int = 0
    to_lower: int = 0
    to_give_back: int = 0
    strangers: int = 0
    since: datetime | None = None
    until: datetime | None = None
    as_of: datetime | None = None
    waits: str = ""


ROOM_NOW = Reading("race_room_now", RoomNow, RoomNow(), personal=False)
"""Written by who keeps the room (flows/sponsorship/race_room.py); read by the Races and Usage pages."""

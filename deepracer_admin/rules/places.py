"""Who came in at which place: for certificates and mails (flows/races/places.py reads it). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Event

__all__ = ["Place", "PlacesOf"]


@dataclass(frozen=True, slots=True)
class Place:
    """One racer's place in one race. `racer`: the name on the board, masked where it is hidden; `attendee`: "" where
    it is nobody's of the list; `racers`: how many are ranked; `held_on`: when the race closed (event time).
    """

    race: str
    held_on: datetime
    rank: int
    racers: int
    score_ms: int
    racer: str
    is_hidden: bool
    attendee: str


PlacesOf = Callable[[Event], Sequence[Place]]

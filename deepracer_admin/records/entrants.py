"""Races of the event and who may enter them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.store.documents import Document, Table

__all__ = ["ENTRY_LISTS", "OWN_RACES", "PARTICIPANTS", "EntryList", "Participants"]


@dataclass(frozen=True, slots=True)
class Participants:
    """`aliases`: the service's user id -> alias, in its order; `as_of`: real time."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    as_of: datetime | None = None


PARTICIPANTS = Table("participants", Participants, "race", personal=True)
"""The service's own list of who may enter a race, as last read; a race without a row was not read. Written by the race
watcher and by the jobs that let in and take out; read by the Races page."""


@dataclass(frozen=True, slots=True)
class EntryList:
    """Attendee ids, in the order in which they were let in."""

    people: tuple[str, ...] = ()


ENTRY_LISTS = Table("entry_lists", EntryList, "race", personal=True)
"""Our own entry list, where the service keeps none; a race without a row is for everybody. Written and read by the
Races page."""

OWN_RACES: Document[frozenset[str]] = Document("own_races", frozenset[str], frozenset(), personal=False)
"""Ids of races that this event made; a deployment may hold those of other people. Written by the job `race.create`;
read by the close-out, which ends no other."""

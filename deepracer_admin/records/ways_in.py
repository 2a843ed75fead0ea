"""The event's invitations, and by which way each person was let in: so their first password comes
(identity-and-mail.md 3.7).

"service": the racing service invited them, and Cognito mailed the password. "pool": the console made their user, and
our mail carries the password. "own": they were there before the event, so they have one already, and it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deepracer_admin.model import Attendee, Event
from deepracer_admin.store import EventStore, ProfileLink
from deepracer_admin.store.documents import Document, Table

__all__ = [
    "INVITATIONS",
    "OWN",
    "POOL",
    "RESENT",
    "SERVICE",
    "Chunk",
    "ChunkState",
    "Resent",
    "WaysIn",
    "mails_sent",
    "read_ways_in",
]

SERVICE, POOL, OWN = "service", "pool", "own"


class ChunkState(StrEnum):
    PLANNED = "planned"  # may have been sent: a repeat with its token is harmless
    SENT = "sent"  # the service works on it
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Chunk:
    """People who are invited together. `people`, `existed`, `left` and `doubt` are attendee ids.

    `at` and `again_at` (not before) in real time; `job` is the service's. `existed`: had an account before we came.
    Where Cognito mails, `mailed_at` (event time) and `mails` say how many of its mails went. Of the way POOL, which the
    console works through by itself, `left` are those who are not through (None: everybody), `doubt` those who may have
    been made.
    """

    people: tuple[str, ...]
    at: datetime | None = None
    way: str = SERVICE  # SERVICE | POOL
    state: ChunkState = ChunkState.PLANNED
    job: str = ""
    tries: int = 0
    again_at: datetime | None = None
    existed: frozenset[str] = frozenset()
    mailed_at: datetime | None = None
    mails: int = 0
    left: tuple[str, ...] | None = None
    doubt: frozenset[str] = frozenset()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who is not through, as long as the chunk is not finished."""
        return self.people if self.left is None else self.left

    @property
    def unsent(self) -> bool:
        return self.state is ChunkState.PLANNED and not self.tries


INVITATIONS = Table("invitations", Chunk, "chunk", personal=True)
"""By token, in the order in which they were planned. Planned, sent and followed by the worker's invitations
(flows/access/invitations.py), set aside by its listings (flows/access/rows_without_account.py): two threads."""


@dataclass(frozen=True, slots=True)
class Resent:
    """One invitation that the service mailed once more to `attendee`; `at` in event time."""

    at: datetime
    attendee: str


RESENT: Document[tuple[Resent, ...]] = Document("invites_resent", tuple[Resent, ...], (), personal=True)
"""In the order in which they went. Added to by the job that resends; read where Cognito's mails are counted."""


def mails_sent(chunks: Iterable[Chunk], resent: Iterable[Resent]) -> list[tuple[datetime, int]]:
    """Mails that Cognito sent for us: when (event time) and how many."""
    return [*((c.mailed_at, c.mails) for c in chunks if c.mailed_at), *((each.at, 1) for each in resent)]


@dataclass(frozen=True, slots=True)
class WaysIn:
    """Read once for many people. `asked`: by which way somebody was asked for last; the event's choice for others."""

    chosen: str
    asked: Mapping[str, str]
    links: Mapping[str, ProfileLink]

    def of(self, person: Attendee) -> str:
        """SERVICE, POOL or OWN."""
        link = self.links.get(person.id)
        if link is not None and link.how != "created":
            return OWN
        return self.asked.get(person.id, self.chosen)


def read_ways_in(store: EventStore, event: Event) -> WaysIn:
    """From the stored invitations and links."""
    chunks = store.rows(event.id, INVITATIONS).values()
    asked = {person: chunk.way for chunk in chunks for person in chunk.people}
    return WaysIn(event.way_in, asked, store.links(event.id))

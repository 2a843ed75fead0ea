"""By which way each person of an event was let in, and so how their first password comes (identity-and-mail.md 3.7).

"service": the racing service invited them, and Cognito mailed the password. "pool": the console made their user, and
our mail carries the password. "own": they were there before the event, so they have one already, and it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deepracer_admin.model import Attendee, Event
from deepracer_admin.store import EventStore, ProfileLink

__all__ = ["INVITES", "OWN", "POOL", "SERVICE", "WaysIn", "read_ways_in"]

INVITES = "invites"
SERVICE, POOL, OWN = "service", "pool", "own"


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
    chunks = (store.get(event.id, INVITES) or {}).values()
    asked = {person: chunk.get("way", SERVICE) for chunk in chunks for person in chunk["people"]}
    return WaysIn(event.way_in, asked, store.links(event.id))

"""The event's guests and their redeem links, by attendee.

A redeem link lets its holder in as that guest: it is kept sealed with the installation's key, is opened only to write
that guest's own mail, and goes when they have accepted, have left, or the event closes. Nothing else ever sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, Lease, State, Step, StepRow
from deepracer_admin.store import EventStore
from deepracer_admin.store.documents import Reading, Table
from deepracer_admin.vault import Vault

__all__ = [
    "GUESTS",
    "GUESTS_SEEN_AT",
    "Guest",
    "GuestBook",
    "GuestCounts",
    "GuestState",
    "guests_left",
    "hide_links",
    "invites_guests",
    "is_undecided",
    "without_link",
]

TO_INVITE, INVITING, DENIED = "to_invite", "inviting", "guests_denied"
"""Reasons of the group step while it is open whether, and with which link, somebody becomes a guest."""

_REDEEM = re.compile(r"https?://[^\s<>\"']*/redeem\?[^\s<>\"']+")


class GuestState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Guest:
    """`id` in the directory; `made`: this event invited them; `link`: sealed, "" = none; `again_at`: real time before
    which the link is not asked for again."""

    state: GuestState
    id: str
    made: bool = False
    link: str = ""
    again_at: datetime | None = None


GUESTS = Table("guests", Guest, "attendee", personal=True)
"""Written by the worker's group step (flows/access/guest_invitations.py) and the close-out, through the GuestBook."""

GUESTS_SEEN_AT: Reading[datetime | None] = Reading("guests_seen_at", datetime | None, None, personal=False)
"""Real time at which the directory was last asked who has accepted. Written by the group step; read by the page."""


@dataclass(frozen=True, slots=True)
class GuestCounts:
    """Guests of the event. `made` by this event, `unclear`: the answer to their invitation was lost."""

    invited: int
    accepted: int
    without_link: int
    made: int
    unclear: int
    seen_at: datetime | None  # real time at which the directory was last asked who has accepted


def invites_guests(event: Event) -> bool:
    """Are people whom the directory does not know invited? Without a group nobody asks the directory."""
    return event.guests == "invite" and bool(event.group_id)


def is_undecided(row: StepRow | None) -> bool:
    """Is it open whether this person is, or becomes, a guest?"""
    return row is None or row.state is State.TODO or row.reason in (TO_INVITE, INVITING, DENIED)


def guests_left(counts: GuestCounts | None) -> str:
    """What becomes of the guests' accounts when the event ends; "" when it made none."""
    if counts is None or not (counts.made or counts.unclear):
        return ""
    perhaps = f" (and perhaps {counts.unclear:,} more, whose answer was lost)" if counts.unclear else ""
    made = counted(counts.made, "guest account that this event invited", "guest accounts that this event invited")
    remain = "remains" if counts.made == 1 and not counts.unclear else "remain"
    return (
        f"{made}{perhaps} {remain} in the directory: the console deletes no account, so the directory's administrator "
        "decides."
    )


def hide_links(text: str) -> str:
    """A captured mail without the redeem link in it."""
    return _REDEEM.sub("[personal link]", text)


class GuestBook:
    """Reads and writes the entries; only it can open a link."""

    def __init__(self, store: EventStore, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def entries(self, event: str) -> dict[str, Guest]:
        """By attendee id."""
        return self._store.rows(event, GUESTS)

    def met(self, event: str, guests: Mapping[str, Guest], lease: Lease | None) -> None:
        """Somebody is a guest. Who was known under the same id stays made by us, and keeps the link."""
        if guests:
            self._store.change_rows(event, GUESTS, lambda book: _merged(book, guests), keys=guests, lease=lease)

    def change(self, event: str, changes: Mapping[str, Callable[[Guest], Guest]], lease: Lease | None) -> None:
        """Change those of them who are in the book still; one transaction."""
        if changes:
            self._store.change_rows(
                event,
                GUESTS,
                lambda book: {person: changes[person](guest) for person, guest in book.items()},
                keys=changes,
                lease=lease,
            )

    def seal(self, link: str) -> str:
        return self._vault.seal(link).decode() if link else ""

    def link(self, entry: Guest | None) -> str:
        """The link, to be put into that guest's own mail and nowhere else; "" when there is none to be read."""
        return self._vault.open((entry.link if entry else "").encode())

    def drop_links(self, event: str, lease: Lease | None) -> None:
        """The event closes: nobody is let in any more."""
        self.change(event, dict.fromkeys(self.entries(event), without_link), lease)

    def saw(self, event: str, at: datetime, lease: Lease | None) -> None:
        """The directory was asked who has accepted."""
        self._store.keep(event, GUESTS_SEEN_AT, at, lease=lease)

    def awaiting(self, event: Event) -> set[str]:
        """Whose mail waits: it may have to carry a link that is not known yet."""
        if not invites_guests(event):
            return set()
        book = self.entries(event.id)
        rows = {row.attendee: row for row in self._store.steps(event.id, step=Step.GROUP)}
        held: set[str] = set()
        for person in self._store.attendees(event.id, wanted=True):
            entry = book.get(person.id)
            if (is_undecided(rows.get(person.id)) and entry is None) or self._lacks_link(entry):
                held.add(person.id)
        return held

    def counts(self, event: Event) -> GuestCounts | None:
        """None where the event has nothing to do with guests."""
        book = self.entries(event.id)
        if not (book or invites_guests(event)):
            return None
        rows = self._store.steps(event.id, step=Step.GROUP)
        return GuestCounts(
            invited=len(book),
            accepted=sum(entry.state is GuestState.ACCEPTED for entry in book.values()),
            without_link=sum(self._lacks_link(entry) for entry in book.values()),
            made=sum(entry.made for entry in book.values()),
            unclear=sum(row.reason == INVITING and row.attendee not in book for row in rows),
            seen_at=self._store.read(event.id, GUESTS_SEEN_AT),
        )

    def _lacks_link(self, entry: Guest | None) -> bool:
        return entry is not None and entry.state is GuestState.PENDING and not self.link(entry)


def without_link(guest: Guest) -> Guest:
    return replace(guest, link="")


def _merged(book: Mapping[str, Guest], met: Mapping[str, Guest]) -> dict[str, Guest]:
    """One of another id replaces the old."""
    merged = dict(met)
    for person, old in book.items():
        new = met[person]
        if new.id == old.id:
            merged[person] = replace(new, made=new.made or old.made, link=new.link or old.link, again_at=old.again_at)
    return merged

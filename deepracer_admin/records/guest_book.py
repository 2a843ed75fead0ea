"""The event's guests and their redeem links, by attendee, under the event's key `guests`.

A redeem link lets its holder in as that guest: it is kept sealed with the installation's key, is opened only to write
that guest's own mail, and goes when they have accepted, have left, or the event closes. Nothing else ever sees it.

An entry: `state` (pending | accepted), `id` in the directory, `made` (this event invited them), `link` (sealed, "" =
none), `again_at` (when the link may be asked for again).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, Lease, State, Step, StepRow
from deepracer_admin.store import EventStore
from deepracer_admin.vault import Vault

__all__ = ["GUESTS", "Entry", "GuestBook", "GuestCounts", "guests_left", "hide_links", "invites_guests", "is_undecided"]

GUESTS, SEEN_AT = "guests", "guests_seen_at"
PENDING, ACCEPTED = "pending", "accepted"
TO_INVITE, INVITING, DENIED = "to_invite", "inviting", "guests_denied"
"""Reasons of the group step while it is open whether, and with which link, somebody becomes a guest."""

Entry = dict[str, Any]
_REDEEM = re.compile(r"https?://[^\s<>\"']*/redeem\?[^\s<>\"']+")


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

    def entries(self, event: str) -> dict[str, Entry]:
        """By attendee id."""
        return self._store.get(event, GUESTS) or {}

    def change(self, event: str, changes: Mapping[str, Entry], lease: Lease | None) -> None:
        """Merge into the entries, of known people only partly; one transaction."""
        if changes:
            self._store.amend(event, GUESTS, lambda book: _merged(book or {}, changes), lease=lease)

    def seal(self, link: str) -> str:
        return self._vault.seal(link).decode() if link else ""

    def link(self, entry: Entry | None) -> str:
        """The link, to be put into that guest's own mail and nowhere else; "" when there is none to be read."""
        return self._vault.open(str((entry or {}).get("link") or "").encode())

    def drop_links(self, event: str, lease: Lease | None) -> None:
        """The event closes: nobody is let in any more."""
        self.change(event, {person: {"link": ""} for person in self.entries(event)}, lease)

    def saw(self, event: str, at: datetime, lease: Lease | None) -> None:
        """The directory was asked who has accepted."""
        self._store.put(event, SEEN_AT, at.isoformat(), lease=lease)

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
        seen = self._store.get(event.id, SEEN_AT)
        rows = self._store.steps(event.id, step=Step.GROUP)
        return GuestCounts(
            invited=len(book),
            accepted=sum(entry["state"] == ACCEPTED for entry in book.values()),
            without_link=sum(self._lacks_link(entry) for entry in book.values()),
            made=sum(bool(entry.get("made")) for entry in book.values()),
            unclear=sum(row.reason == INVITING and row.attendee not in book for row in rows),
            seen_at=datetime.fromisoformat(seen) if seen else None,
        )

    def _lacks_link(self, entry: Entry | None) -> bool:
        return entry is not None and entry["state"] == PENDING and not self.link(entry)


def _merged(book: Mapping[str, Entry], changes: Mapping[str, Entry]) -> dict[str, Entry]:
    """Only a whole entry (with its `state` and `id`) makes somebody a guest; one of another id replaces the old."""
    merged = dict(book)
    for person, change in changes.items():
        old = book.get(person, {})
        same = "id" not in change or change["id"] == old.get("id")
        entry = {**old, **change} if same else dict(change)
        if same and old.get("made"):
            entry["made"] = True
        if "id" in entry:
            merged[person] = entry
    return merged

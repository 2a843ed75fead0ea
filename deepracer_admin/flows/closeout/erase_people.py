"""Personal data goes on its date: an event that is closed and past its erasure date keeps numbers, no people.

Erased are attendees with their states, mails and links, the profile listing, usage and standings histories, the list of
who could still sign in, the guests, and the export files. The event, its settings, jobs' counts and the audit stay (the
audit names acts and counts). What if it dies here? The mark `erased` is written last; everything before is safe to
repeat.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import AuditEntry, Event, Lease
from deepracer_admin.records.guest_book import GUESTS

__all__ = ["ERASED", "Eraser"]

ERASED = "erased"
LOOK_EVERY = timedelta(minutes=10)  # real time


class Eraser:
    """Looks over all events now and then."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._looked_at: datetime | None = None

    def run(self, lease: Lease) -> int:
        """Erase what is due; returns how many people were erased. Raises StoreError while exports cannot be deleted."""
        now = self.ports.clock.now()
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return 0
        today = self.ports.clock.event_now().date().isoformat()
        erased = sum(self._erase(event, lease) for event in self.ports.store.events() if self._is_due(event, today))
        self._looked_at = now
        return erased

    def _remove_exports(self, event: Event) -> None:
        """First, so that nothing counts as erased while a file with names is left."""
        folder = self.ports.home / "exports" / event.id
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as left:
            raise StoreError(
                f"The exports of “{event.name}” cannot be erased ({left.strerror}): close the programs that have files "
                f"of {folder} open, or delete that folder by hand."
            ) from None

    def _is_due(self, event: Event, today: str) -> bool:
        """Only a closed event: while access stands, the list is needed to take it back."""
        return bool(
            event.closed_at
            and event.erase_on
            and event.erase_on <= today
            and not self.ports.store.get(event.id, ERASED)
        )

    def _erase(self, event: Event, lease: Lease) -> int:
        store, now = self.ports.store, self.ports.clock.now()
        self._remove_exports(event)
        people = [person.id for person in store.attendees(event.id)]
        store.put(event.id, "proof", None, lease=lease)
        store.forget(event.id, GUESTS, lease=lease)
        store.save_profiles(event.id, [], seen_at=now, lease=lease)
        store.delete_attendees(event.id, people)
        self.ports.history.erase(event.id)
        store.append_audit(
            AuditEntry(
                seq=0,
                at=now,
                event=event.id,
                actor="system",
                actor_name="The console, on the date set in Set up",
                role="System",
                action="attendees.erase",
                target=event.id,
                count=len(people),
                after={"erase_on": event.erase_on},
            )
        )
        store.put(event.id, ERASED, {"at": now.isoformat(), "people": len(people)}, lease=lease)
        return len(people)

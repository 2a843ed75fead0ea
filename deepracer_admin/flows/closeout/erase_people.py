"""Personal data goes on its date: an event that is closed and past its erasure date keeps numbers, no people.

What is erased is not listed here a second time: every document, reading and table that is declared as personal
(records/), the list with everything that hangs on a person, the profile listing, the histories, the export files, what
jobs were about and said, the captured mails of a rehearsal, and the delegations of those who ran the event. The event,
its settings, jobs' counts, the evidence of the close-out and the audit stay: they name acts and counts, no people of
the list. What if it dies here? The mark `ERASED` is written last; everything before is safe to repeat.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.closeout.delegations import drop_delegations
from deepracer_admin.flows.closeout.erase_person import PersonEraser, each_on_its_own, mark_of_all
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Lease
from deepracer_admin.records import every
from deepracer_admin.records.closing import ERASED, Erased
from deepracer_admin.records.erasures import LEGAL_HOLD
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.records.restored import waits_here
from deepracer_admin.rules.audit import SYSTEM, by_system

__all__ = ["ERASED", "Eraser", "mails_of"]

LOOK_EVERY = timedelta(minutes=10)  # real time
NAMELESS = ("closeout",)  # kinds of jobs whose sentences are evidence, in counts and ids alone


class Eraser:
    """Looks over all events now and then."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._looked_at: datetime | None = None

    def run(self, lease: Lease) -> int:
        """Erase what is due; returns how many people were erased. Raises StoreError while exports cannot be deleted, or
        an erasure that was begun cannot end; whatever else is due is erased before that."""
        # whoever began to erase one person may have been ended at any line
        acts: list[Callable[[], object]] = [partial(self._eraser.resume, lease)]
        now, erased = self.ports.clock.now(), 0

        def erase(event: Event) -> None:
            nonlocal erased
            erased += self._erase(event, lease)

        looks = self._looked_at is None or now - self._looked_at >= LOOK_EVERY
        if looks:
            today = self.ports.clock.event_now().date().isoformat()
            acts += [partial(erase, event) for event in self.ports.store.events() if self._is_due(event, today)]
        each_on_its_own(acts)
        if looks:
            self._looked_at = now
        return erased

    @property
    def _eraser(self) -> PersonEraser:
        ports = self.ports
        return PersonEraser(ports.store, ports.history, ports.home, ports.clock, ports.vault)

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
        """Only a closed event: while access stands, the list is needed to take it back. No event under a legal hold,
        none that came from a backup and waits."""
        return bool(
            event.closed_at
            and not waits_here(self.ports.store, event.id)
            and self.ports.store.read(event.id, LEGAL_HOLD) is None
            and event.erase_on
            and event.erase_on <= today
            and self.ports.store.read(event.id, ERASED) is None
        )

    def _erase(self, event: Event, lease: Lease) -> int:
        store, now, eraser, mark = self.ports.store, self.ports.clock.now(), self._eraser, mark_of_all(event)
        eraser.begin_all(event, mark=mark, by=SYSTEM, by_name="The console, on the date set in Set up")
        self._remove_exports(event)
        people = store.attendees(event.id)
        drop_delegations(self.ports, event)
        store.change_rows("", OUTBOX, lambda mails: mails_of(mails, event.id, people, all_of_event=True), lease=lease)
        for what in every().values():
            if what.personal and what.of_event:
                store.forget(event.id, what, lease=lease)
        store.save_profiles(event.id, [], seen_at=now, lease=lease)
        store.delete_attendees(event.id, [person.id for person in people])
        store.forget_jobs(event.id, keep=NAMELESS, lease=lease)
        self.ports.history.erase(event.id)
        receipt = eraser.finish(event, mark, lease)
        count = self._told(event, receipt.people, now)
        store.update(event.id, ERASED, lambda _: Erased(now, count), lease=lease)
        return count

    def _told(self, event: Event, people: int, now: datetime) -> int:
        """Into the audit, once: who died before the mark was written has told it already. Returns the number told."""
        store = self.ports.store
        for entry in store.audit(event.id):
            if (entry.actor, entry.action) == (SYSTEM, "attendees.erase"):
                return entry.count
        entry = by_system(
            event.id,
            "attendees.erase",
            at=now,
            name="The console, on the date set in Set up",
            target=event.id,
            count=people,
            after={"erase_on": event.erase_on},
        )
        return store.append_audit(entry).count


def mails_of(
    mails: Mapping[str, CapturedMail], event: str, people: Collection[Attendee], *, all_of_event: bool = False
) -> dict[str, None]:
    """A change of the outbox: mails to these people are gone, by our key or, where the service mailed, by address.

    `all_of_event`: so are all others of the event, e.g. a test, which is written for a person of the list.
    """
    ids, addresses = {person.id for person in people}, {person.email for person in people}

    def goes(mail: CapturedMail) -> bool:
        of, whose = mail.whose
        return (of == event and (all_of_event or whose in ids)) or mail.to.strip().lower() in addresses

    return {key: None for key, mail in mails.items() if goes(mail)}

"""One person is erased everywhere in the console: begun by an organizer, finished by whoever runs next.

What has to be looked for is written down first, sealed with the installation's key, so that an erasure that is ended at
any line is taken up again with all that it needs. Nothing is listed by hand: rows that hang on the person go with them,
every declared value (records/) is walked by its type, every table by the file's own schema, every file of the data
folder is read. It ends with a search through all of it, and says in its receipt what it found.

The practice world, like the services for which it stands, is outside; what the console cannot reach is listed there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from deepracer_admin.clock import Clock
from deepracer_admin.errors import LeaseLost, StoreError
from deepracer_admin.flows.closeout.outside import outside_of, outside_of_all
from deepracer_admin.flows.closeout.persons_traces import crowd_of, traces_of
from deepracer_admin.flows.closeout.trace_files import clean_exports, clean_logs, search
from deepracer_admin.flows.people.registrations import forget_registrations
from deepracer_admin.model import Attendee, Event, Lease
from deepracer_admin.records import every
from deepracer_admin.records.erasures import ERASURES, SUPPRESSED, Erasure, suppressing
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.audit import REDACT, by_system
from deepracer_admin.rules.crowd import Crowd
from deepracer_admin.rules.traces import Traces
from deepracer_admin.store import EventStore, History
from deepracer_admin.store.documents import Document, Reading, Single, Table
from deepracer_admin.store.event_copies import delete_copies
from deepracer_admin.vault import Vault

__all__ = ["PersonEraser", "each_on_its_own", "mark_of_all"]

T = TypeVar("T")

RESUMED_AFTER = timedelta(minutes=2)
"""Real time after which an erasure that has not ended is taken up by the worker: who began it may still be at it."""


def each_on_its_own(acts: Iterable[Callable[[], T]]) -> list[T]:
    """What came of each: one that cannot be done does not keep the others from it, and is raised when all were tried.
    Raises StoreError; LeaseLost at once, for then somebody else does them."""
    done, failed = [], None
    for act in acts:
        try:
            done.append(act())
        except LeaseLost:
            raise
        except StoreError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return done


def mark_of_all(event: Event) -> str:
    """The mark of the erasure of everybody on the event's date: one an event, so it is begun once."""
    return f"erased-{event.id}-all"


@dataclass(frozen=True, slots=True)
class PersonEraser:
    """Where people are erased from: the stores and the data folder of this computer."""

    store: EventStore
    history: History
    home: Path
    clock: Clock
    vault: Vault

    def begin(self, event: Event, person: Attendee, *, mark: str, by: str, by_name: str) -> None:
        """Write down whom to look for, sealed; from here on it will be finished, whatever happens."""
        traces, outside = traces_of(self.store, event, person, mark), outside_of(self.store, event, person)
        self._write_down(event, traces, Erasure(mark, self.clock.now(), by, by_name, outside=outside))

    def begin_all(self, event: Event, *, mark: str, by: str, by_name: str) -> None:
        """The same for everybody of an event; what was written down once stays."""
        if self.store.rows(event.id, ERASURES, [mark]):
            return
        people, outside = len(self.store.attendees(event.id)), outside_of_all(self.store, event)
        row = Erasure(mark, self.clock.now(), by, by_name, people, outside=outside)
        self._write_down(event, crowd_of(self.store, event, mark), row)

    def _write_down(self, event: Event, traces: Traces, row: Erasure) -> None:
        begun = replace(row, sealed=self.vault.seal(traces.as_json()).decode())
        self.store.change_rows(event.id, ERASURES, lambda kept: kept or {row.mark: begun}, keys=[row.mark])

    def resume(self, lease: Lease | None = None) -> int:
        """Finish what was begun and interrupted; returns how many erasures ended. Of an event that came from a backup
        and waits, those that were begun here alone. Raises StoreError of one that cannot end after all others did."""
        begun: list[Callable[[], object]] = []
        for event in self.store.events():
            restored = self.store.read(event.id, RESTORED)
            for mark, row in self.store.rows(event.id, ERASURES).items():
                if restored is not None and row.at < restored.at:
                    continue
                if row.ended_at is None and self.clock.now() - row.at > RESUMED_AFTER:
                    begun.append(partial(self.finish, event, mark, lease))
        return len(each_on_its_own(begun))

    def finish(self, event: Event, mark: str, lease: Lease | None = None) -> Erasure:
        """Erase, search, and write the receipt. Safe to repeat. Raises StoreError while a file cannot be written."""
        row = self.store.rows(event.id, ERASURES, [mark])[mark]
        if row.ended_at is not None:
            return row
        opened = self.vault.open(row.sealed.encode())
        if not opened:
            raise StoreError(
                f"The erasure {mark} was begun with another key, so what it looked for is not known: put the file "
                "`key` of the data folder back, or erase the person again."
            )
        kind = Crowd if mark == mark_of_all(event) else Traces
        traces, counts = kind.of_json(opened), dict(row.changed)

        def add(where: str, number: int) -> None:
            counts[where] = counts.get(where, 0) + number

        gone = [each.id for each in self.store.attendees(event.id) if each.id in traces.ids]
        self.store.delete_attendees(event.id, gone)
        add("people of the list", len(gone))
        forget_registrations(self.store, event.id, traces.addresses)
        mails = self.store.change_rows("", OUTBOX, lambda kept: _mails(kept, event.id, traces), lease=lease)
        add("captured mails", len(mails))
        if row.people == 1:  # of a whole event nothing is read any more
            words = {*traces.ids, *traces.names, *traces.addresses}
            self.store.update(event.id, SUPPRESSED, lambda kept: suppressing(kept, words, mark), lease=lease)
        for name, what in every().items():
            if what.of_event and name != ERASURES.name:
                add("kept values", self._cut(event, what, traces, lease))
        for table, number in self.store.take_out(event.id, traces, lease=lease).items():
            add(table.replace("_", " "), number)
        redacted = self.store.redact_audit(
            event.id, traces, lambda left: self._told(event, mark, left, self.clock.now()), lease=lease
        )
        add("entries of the audit", redacted)
        add("usage and results", self.history.take_out(event.id, traces))
        row = self._files(event, row, traces, counts)
        ended = replace(row, ended_at=self.clock.now(), sealed="", changed={k: n for k, n in counts.items() if n})
        self.store.change_rows(event.id, ERASURES, lambda _: {mark: ended}, keys=[mark], lease=lease)
        return ended

    def _told(self, event: Event, mark: str, left: Mapping[str, str], now: datetime) -> Any:
        name = "The console, which keeps what was done and not to whom"
        return by_system(event.id, REDACT, at=now, name=name, target=mark, count=len(left), after={"left": {**left}})

    def _cut(self, event: Event, what: Single[Any] | Table[Any], traces: Traces, lease: Lease | None) -> int:
        """One declared value without the person; how many rows changed. Values that name nobody hold ids at most."""
        names = what.personal
        if isinstance(what, Table):

            def rows_without(rows: Mapping[str, Any]) -> dict[str, Any]:
                changed: dict[str, Any] = {}
                for key, value in rows.items():
                    new = (
                        None
                        if traces.owns_key(key) or traces.is_theirs(value)
                        else traces.without(value, what.kind, names=names)
                    )
                    if new is None or new != value:
                        changed[key] = new
                return changed

            return len(self.store.change_rows(event.id, what, rows_without, lease=lease))
        before = self.store.read(event.id, what)
        after = traces.without(before, what.kind, names=names)
        if after == before:
            return 0
        if isinstance(what, Document):
            self.store.update(event.id, what, lambda value: traces.without(value, what.kind, names=names), lease=lease)
        elif isinstance(what, Reading):
            self.store.keep(event.id, what, after, lease=lease)
        return 1

    def _files(self, event: Event, row: Erasure, traces: Traces, counts: dict[str, int]) -> Erasure:
        try:
            counts["logs"] = counts.get("logs", 0) + clean_logs(self.home, traces)
            counts["exports"] = counts.get("exports", 0) + clean_exports(self.home, event.id, traces)
        except OSError as error:
            raise StoreError(
                f"A file of {self.home} cannot be written ({error.strerror}): close the programs that have files of "
                "this folder open. The erasure goes on by itself."
            ) from None
        copies = (*row.copies_gone, *delete_copies(self.home, event.id))
        searched, found = search(self.home, traces)
        if found:
            self.store.compact()
            self.history.compact()
            searched, found = search(self.home, traces)
        return replace(row, searched=searched, left=tuple(found), copies_gone=copies)


def _mails(mails: Mapping[str, CapturedMail], event: str, traces: Traces) -> dict[str, None]:
    """A change of the outbox: mails to them, and those of the event that are about them (a test with their data)."""

    def goes(mail: CapturedMail) -> bool:
        of, whose = mail.whose
        if mail.to.strip().lower() in traces.addresses or (of == event and whose in traces.ids):
            return True
        return of in (event, "") and any(traces.blanked(text) != text for text in (mail.subject, mail.text, mail.html))

    return {key: None for key, mail in mails.items() if goes(mail)}

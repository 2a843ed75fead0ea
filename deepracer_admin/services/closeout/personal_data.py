"""Personal data of an event: when it goes, what that will be, what holds it back, and receipts of what went."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Actor
from deepracer_admin.records.closing import ERASED, Erased
from deepracer_admin.records.erasures import ERASURES, LEGAL_HOLD, Erasure, LegalHold
from deepracer_admin.records.outbox import OUTBOX
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.services.base import Service
from deepracer_admin.store.codec import encode
from deepracer_admin.store.event_copies import copies_of

__all__ = ["PersonalDataService", "PersonalDataView"]

SHORTEST_REASON = 10  # letters


@dataclass(frozen=True, slots=True)
class PersonalDataView:
    """`erase_on`: None = no date is set. `days`: from now (event time) to it, below 0 when it has passed. `preview`:
    what will go, and how many. `waits`: why nothing goes though the date has passed, a sentence, "" otherwise.
    """

    erase_on: date | None
    days: int
    erased: Erased | None
    hold: LegalHold | None
    preview: Sequence[tuple[str, int]]
    waits: str
    receipts: Sequence[Erasure]


class PersonalDataService(Service):
    """What the part “Personal data” of the Report page calls."""

    def view(self, actor: Actor) -> PersonalDataView:
        """The date, a preview, the hold and the receipts, newest first."""
        self._authorise(actor, "closeout.view")
        event, home = self._event(), self.house.settings.home
        on = date.fromisoformat(event.erase_on) if event.erase_on else None
        days = (on - self.clock.event_now().date()).days if on else 0
        hold, erased = self.store.read(event.id, LEGAL_HOLD), self.store.read(event.id, ERASED)
        mails = self.store.rows("", OUTBOX).values()
        folder = home / "exports" / event.id
        number = self.store.sizes(event.id)
        preview = [
            ("people of the list", number["attendees"]),
            ("registrations", self.store.count(event.id, REGISTRATIONS)),
            ("profiles, as listed", number["profiles"]),
            ("mails to people", number["deliveries"]),
            ("captured mails", sum(1 for mail in mails if mail.whose[0] == event.id)),
            ("races with results", len(self.house.history.standings_read_at(event.id))),
            ("export files", sum(1 for path in folder.glob("*") if path.is_file())),
            ("copies of the event", len(copies_of(home, event.id))),
        ]
        waits = ""
        if on is not None and days <= 0 and erased is None:
            if event.closed_at is None:
                waits = "The event is not closed: the list is needed to end access. Close the event first."
            elif hold is None:
                waits = "It is due and happens within minutes, as long as the console runs."
        receipts = sorted(self.store.rows(event.id, ERASURES).values(), key=lambda row: row.at, reverse=True)
        return PersonalDataView(on, days, erased, hold, preview, waits, [replace(each, sealed="") for each in receipts])

    def hold(self, actor: Actor, reason: str) -> LegalHold:
        """Nobody is erased, on the date or by hand, until the hold is lifted. Raises BadInput, Conflict."""
        self._authorise(actor, "attendees.hold")
        event, why = self._event(), " ".join(reason.split())[:500]
        if len(why) < SHORTEST_REASON:
            raise BadInput("Reason: say in a few words who must keep the data, and why.")
        new = LegalHold(why, actor.oid, actor.name, self.clock.now())
        kept = self.store.update(event.id, LEGAL_HOLD, lambda hold: hold or new)
        if kept != new:
            raise Conflict("A legal hold stands already: reload the page.")
        self._audit(actor, "attendees.hold", target=event.id, after={"held": True})
        return new

    def lift(self, actor: Actor, reason: str) -> None:
        """What is due is erased from now on. Raises BadInput, Missing."""
        self._authorise(actor, "attendees.hold")
        event, why = self._event(), " ".join(reason.split())[:500]
        if len(why) < SHORTEST_REASON:
            raise BadInput("Reason: say in a few words why the data need not be kept any longer.")
        if self.store.read(event.id, LEGAL_HOLD) is None:
            raise Missing("No legal hold stands (any more): reload the page.")
        self.store.update(event.id, LEGAL_HOLD, lambda _: None)
        self._audit(actor, "attendees.hold", target=event.id, after={"held": False})

    def receipt(self, actor: Actor, mark: str) -> bytes:
        """One receipt as JSON; it names nobody of the list. Raises Missing."""
        self._authorise(actor, "closeout.view")
        event = self._event()
        row = self.store.rows(event.id, ERASURES, [mark]).get(mark)
        if row is None:
            raise Missing("There is no such receipt: reload the page.")
        told = {"event": event.name, **json.loads(encode(replace(row, sealed="")))}
        if self.house.settings.rehearsal:
            told = {"REHEARSAL": "simulated people and services", **told}
        return json.dumps(told, ensure_ascii=False, indent=2).encode()

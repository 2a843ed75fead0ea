"""Keeping room for a race, and giving hours out in rounds: whom to hold back now, and how that stands.

Both lower limits, so one duty does both and the lower limit counts (rules/holding_back.py). What if it dies here? It
works out anew whom to hold, from what is stored and listed; the limits that people had are stored (hold_back.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.sponsorship.hold_back import Held, hold_back, sponsored
from deepracer_admin.flows.sponsorship.waves import advance
from deepracer_admin.model import Event, Lease, Race
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import HELD_BACK, SPONSORSHIP
from deepracer_admin.records.race_room import ROOM, ROOM_NOW, RoomNow
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.holding_back import Cap, combined
from deepracer_admin.rules.race_room import (
    Load,
    begins_early,
    caps_for_room,
    load_of,
    race_with_room,
    until_at_most,
)
from deepracer_admin.rules.waves import caps_for_waves
from deepracer_admin.store import EventStore, History

__all__ = ["Holder", "end_room", "load_now"]

WAITS = "Limits are set by other work now, or sponsorship is not open; this goes on after that."
EVERY_S, REHEARSED_EVERY_S = 30.0, 2.0
FRESH = timedelta(minutes=30)  # event time: a look in a fast rehearsal may be so old
AUDITS = 200  # newest entries among which a repeat looks for its own
ROOM_NAME = "Room for the race"


class Holder:
    """Of one event."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    @property
    def pause_s(self) -> float:
        """Real seconds between two rounds."""
        return REHEARSED_EVERY_S if self.ports.rehearsal else EVERY_S

    def run(self, event: Event, lease: Lease) -> Held:
        """One round: lower who should be, give back to who should not. May raise ServiceError."""
        store = self.ports.store
        self._begin_early(event, lease)
        race = self._race(event)
        rows = store.rows(event.id, HELD_BACK)
        waves = store.read(event.id, WAVES)
        if race is None and not waves.on and not rows:
            return self._say(event, race, Held(), lease)
        if not store.read(event.id, SPONSORSHIP).is_open:
            return self._say(event, race, Held(held=len(rows), busy=True), lease)
        caps: list[Mapping[str, Cap]] = []
        people = sponsored(self.ports, event, lease) if race is not None or waves.on else []
        if race is not None:
            caps.append(caps_for_room(people, rows))
        if waves.on:
            caps.append(caps_for_waves(advance(self.ports, event, people, lease), people, rows))
        return self._say(event, race, hold_back(self.ports, event, combined(caps), lease), lease)

    def _begin_early(self, event: Event, lease: Lease) -> None:
        """Let the rule begin before its hours where that takes it; nothing follows from samples that are old."""
        store, now = self.ports.store, self.ports.clock.event_now()
        room = store.read(event.id, ROOM)
        if not (room.hours and room.early) or not store.read(event.id, SPONSORSHIP).is_open:
            return
        load = load_now(store, self.ports.history, event, now)
        if load is None:
            return
        due = begins_early(room, store.races(event.id)[0], store.read(event.id, OWN_RACES), load, now)
        for race in due:
            self._audit_early(event, race, load)
        if due:
            begun = {race.id: race.draft.closes_at for race in due}
            store.update(event.id, ROOM, lambda kept: replace(kept, begun={**kept.begun, **begun}), lease=lease)

    def _audit_early(self, event: Event, race: Race, load: Load) -> None:
        """First, and once: whoever dies after it finds it."""
        newest = self.ports.store.audit(event.id, limit=AUDITS)
        closes = race.draft.closes_at.isoformat()
        if any(each.target == race.id and (each.after or {}).get("early_for") == closes for each in newest):
            return
        self.ports.store.append_audit(
            by_system(
                event.id,
                "races.room",
                at=self.ports.clock.now(),
                name=ROOM_NAME,
                target=race.id,
                count=load.racers,
                after={
                    "early_for": closes,
                    "jobs": load.jobs,
                    "slots": load.slots,
                    "slots_needed": load.needed,
                    "rule_by": self.ports.store.read(event.id, ROOM).by_name,
                },
            )
        )

    def _race(self, event: Event) -> Race | None:
        store = self.ports.store
        return race_with_room(
            store.read(event.id, ROOM),
            store.races(event.id)[0],
            store.rows(event.id, FINISHES),
            store.read(event.id, OWN_RACES),
            self.ports.clock.event_now(),
        )

    def _say(self, event: Event, race: Race | None, held: Held, lease: Lease) -> Held:
        """For the pages; nothing is written while nothing is held and nothing was."""
        store, now = self.ports.store, self.ports.clock.event_now()
        before = store.read(event.id, ROOM_NOW)
        key = race.id if race else ""
        if not key and not before.race and held == Held() and before.as_of is None:
            return held
        linked = {link.profile for link in store.links(event.id).values()}
        told = RoomNow(
            race=key,
            held=held.held,
            shared=held.shared,
            to_lower=held.to_lower,
            to_give_back=held.to_give_back,
            strangers=sum(1 for each in store.profiles(event.id)[0] if each.id not in linked) if key else 0,
            since=(before.since if before.race == key else now) if key else None,
            until=until_at_most(race) if race else None,
            as_of=before.as_of,
            waits=WAITS if held.busy and (key or held.held) else "",
        )
        if told != before:
            store.keep(event.id, ROOM_NOW, replace(told, as_of=now), lease=lease)
        return held


def load_now(store: EventStore, history: History, event: Event, now: datetime) -> Load | None:
    """What takes the event's slots, by the last sample; None: none that is fresh."""
    samples = history.usage(event.id, since=now - FRESH)
    return load_of(samples[-1], slots=event.slots, racers=len(store.links(event.id))) if samples else None


def end_room(ports: Ports, event: Event, lease: Lease) -> int:
    """No room is kept for any race any more; how many people are still held back. For the close-out."""
    races = frozenset(race.id for race in ports.store.races(event.id)[0])
    ports.store.update(event.id, ROOM, lambda room: replace(room, ended=room.ended | races), lease=lease)
    return len(ports.store.rows(event.id, HELD_BACK))

"""Keeping room for a race, and giving hours out in rounds: whom to hold back now, and how that stands.

Both lower limits, so one duty does both and the lower limit counts (rules/holding_back.py). What if it dies here? It
works out anew whom to hold, from what is stored and listed; the limits that people had are stored (hold_back.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.sponsorship.hold_back import Held, hold_back, sponsored
from deepracer_admin.model import Event, Lease, Race
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import HELD_BACK, SPONSORSHIP
from deepracer_admin.records.race_room import ROOM, ROOM_NOW, RoomNow
from deepracer_admin.rules.holding_back import Cap, combined
from deepracer_admin.rules.race_room import caps_for_room, race_with_room, until_at_most

__all__ = ["Holder", "end_room"]

WAITS = "Limits are set by other work now, or sponsorship is not open; this goes on after that."
EVERY_S, REHEARSED_EVERY_S = 30.0, 2.0


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
        race = self._race(event)
        rows = store.rows(event.id, HELD_BACK)
        if race is None and not rows:
            return self._say(event, race, Held(), lease)
        if not store.read(event.id, SPONSORSHIP).is_open:
            return self._say(event, race, Held(held=len(rows), busy=True), lease)
        caps: list[Mapping[str, Cap]] = []
        if race is not None:
            caps.append(caps_for_room(sponsored(self.ports, event, lease), rows))
        return self._say(event, race, hold_back(self.ports, event, combined(caps), lease), lease)

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


def end_room(ports: Ports, event: Event, lease: Lease) -> int:
    """No room is kept for any race any more; how many people are still held back. For the close-out."""
    races = frozenset(race.id for race in ports.store.races(event.id)[0])
    ports.store.update(event.id, ROOM, lambda room: replace(room, ended=room.ended | races), lease=lease)
    return len(ports.store.rows(event.id, HELD_BACK))

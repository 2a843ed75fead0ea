"""Room for a race: keep it now, keep it by rule, end it; and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere
from deepracer_admin.flows.sponsorship.race_room import load_now
from deepracer_admin.model import Actor, Race, RaceStatus
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import PAUSED_PROFILES, SPONSORSHIP
from deepracer_admin.records.race_room import ROOM, ROOM_NOW, RoomNow
from deepracer_admin.rules.race_room import MOST_HOURS, Load, Room, is_short, race_with_room, until_at_most
from deepracer_admin.services.base import Service

__all__ = ["RoomDesk", "RoomView"]


@dataclass(frozen=True, slots=True)
class RoomView:
    """Room for one race. `kept`: is it kept for it now, by what was asked for; `now`: how that stands. `people`: who
    would be lowered; `queued_hours`: what runs or waits in the queue and goes on; `shared`: people whom another open
    event gives hours, who go on. `ends_at`: at the latest (event time). `own`: is it a race of this event? `load`: what
    takes slots, None: not read lately. `is_early`: it began before the hours of the rule. `is_short`: slots
    will not be free when it closes, by what runs and waits."""

    asked: Room
    kept: bool
    now: RoomNow
    people: int
    paused: int
    queued_hours: float
    shared: int
    shared_by: str
    own: bool
    sponsors: bool
    ends_at: datetime
    load: Load | None
    is_early: bool
    is_short: bool


class RoomDesk(Service):
    """What the Races page calls."""

    def room(self, actor: Actor, race_id: str) -> RoomView:
        """How room stands for this race, and whom keeping it would reach. Raises Missing."""
        self._authorise(actor, "races.entrants")
        event = self._event()
        race = self._race_of(event.id, race_id)
        asked, own = self.store.read(event.id, ROOM), self.store.read(event.id, OWN_RACES)
        now = self.clock.event_now()
        kept = race_with_room(asked, [race], self.store.rows(event.id, FINISHES), own, now)
        begun = asked.begun.get(race.id) == race.draft.closes_at
        mine = {*self.store.linked(event.id).values()}
        queued = [each.minutes_queued for each in self.store.profiles(event.id)[0] if each.id in mine]
        given = given_elsewhere(self.store, event, self.house.settings.racing)
        shared = mine & {*given.quotas}
        load = load_now(self.store, self.house.history, event, now)
        return RoomView(
            asked=asked,
            kept=kept is not None,
            now=self.store.read(event.id, ROOM_NOW),
            people=len(queued),
            paused=len(self.store.rows(event.id, PAUSED_PROFILES)),
            queued_hours=sum(queued) / 60,
            shared=len(shared),
            shared_by=given.names(shared),
            own=race.id in own,
            sponsors=self.store.read(event.id, SPONSORSHIP).is_open,
            ends_at=until_at_most(race),
            load=load,
            is_early=kept is not None and begun and race.id not in asked.by_hand,
            is_short=load is not None and is_short(race, load, now),
        )

    def keep_room(self, actor: Actor, race_id: str) -> None:
        """From now on nobody of this event starts anything new, until this race's last result is in; then everybody
        gets back what they had. Raises Conflict for a race that is not open, or not this event's.
        """
        self._authorise(actor, "races.room", target=race_id)
        event = self._event()
        race = self._race_of(event.id, race_id)
        if race.status(self.clock.event_now()) is not RaceStatus.OPEN:
            raise Conflict("The race is not open, so there is nothing to keep room for.")
        if race.id not in self.store.read(event.id, OWN_RACES):
            raise Conflict("This race was not made by this event; room is kept for its own races alone.")

        def change(room: Room) -> Room:
            return replace(room, by_hand=room.by_hand | {race_id}, ended=room.ended - {race_id}, by_name=actor.name)

        before = self.store.read(event.id, ROOM)
        after = self.store.update(event.id, ROOM, change)
        self._audit(actor, "races.room", target=race_id, before=_audited(before), after=_audited(after))

    def end_room(self, actor: Actor, race_id: str) -> None:
        """Everybody gets back what they had, now; the rule keeps no room for this race any more."""
        self._authorise(actor, "races.room", target=race_id)
        event = self._event()
        self._race_of(event.id, race_id)

        def change(room: Room) -> Room:
            return replace(room, by_hand=room.by_hand - {race_id}, ended=room.ended | {race_id}, by_name=actor.name)

        before = self.store.read(event.id, ROOM)
        after = self.store.update(event.id, ROOM, change)
        self._audit(actor, "races.room", target=race_id, before=_audited(before), after=_audited(after))

    def room_rule(self, actor: Actor, hours: float, *, early: bool = True) -> None:
        """Keep room in the last `hours` of every race of this event, 0 = no rule. `early`: begin before that where what
        runs and waits would still have the slots when everybody hands in. Raises BadInput.
        """
        self._authorise(actor, "races.room")
        if not 0 <= hours <= MOST_HOURS:
            raise BadInput(f"Hours before the close: 0 (no rule) to {MOST_HOURS:g}.")
        event = self._event()
        before = self.store.read(event.id, ROOM)

        def change(room: Room) -> Room:
            return replace(room, hours=float(hours), early=early, by_name=actor.name)

        after = self.store.update(event.id, ROOM, change)
        self._audit(actor, "races.room", target=event.id, before=_audited(before), after=_audited(after))

    def _race_of(self, event: str, race_id: str) -> Race:
        for race in self.store.races(event)[0]:
            if race.id == race_id:
                return race
        raise Missing("That race is not in the list any more.")


def _audited(room: Room) -> dict[str, object]:
    return {"hours": room.hours, "early": room.early, "by_hand": sorted(room.by_hand), "ended": sorted(room.ended)}

"""Whether results are final, for the pages: what is still on its way, and an organizer's word that it is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Actor, Event, Race, RaceStatus
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.rules.finish import Finality, Finish, finality, is_tracked
from deepracer_admin.services.base import Service
from deepracer_admin.store import EventStore

__all__ = ["FinishDesk", "finality_of"]

SHORTEST_REASON = 3  # letters


def finality_of(
    store: EventStore, event: Event, race: Race, now: datetime, rows: Mapping[str, Finish] | None = None
) -> Finality:
    """Of one race at `now` (event time); `rows`: of all races, where they were read already."""
    kept = store.row(event.id, FINISHES, race.id) if rows is None else rows.get(race.id)
    own = race.id in store.read(event.id, OWN_RACES) or kept is not None
    tracked = is_tracked(race, own=own, event_starts_at=event.starts_at)
    return finality(race, kept, now=now, slots=event.slots, tracked=tracked)


class FinishDesk(Service):
    """What the Races and Leaderboard pages call."""

    def finality(self, actor: Actor, race_id: str) -> Finality:
        """Whether this race's result is final, and what is waited for. Raises Missing."""
        self._authorise(actor, "boards.view")
        event = self._event()
        return finality_of(self.store, event, self._known_race(event.id, race_id), self.clock.event_now())

    def unfinished(self, actor: Actor) -> list[tuple[Race, Finality]]:
        """Races past their close whose result is not final."""
        self._authorise(actor, "boards.view")
        event, now = self._event(), self.clock.event_now()
        rows = self.store.rows(event.id, FINISHES)
        found = [(race, finality_of(self.store, event, race, now, rows)) for race in self.store.races(event.id)[0]]
        return [(race, view) for race, view in found if view.state.value in ("provisional", "not_known")]

    def declare_final(self, actor: Actor, race_id: str, *, reason: str) -> None:
        """The result counts as it stands now, whatever still comes; kept with the reason, and audited.

        Raises BadInput without a reason, Conflict while the race is open or when it is final already, Missing.
        """
        self._authorise(actor, "boards.declare", target=race_id)
        event, now = self._event(), self.clock.event_now()
        race = self._known_race(event.id, race_id)
        why = " ".join(reason.split())[:300]
        if len(why) < SHORTEST_REASON:
            raise BadInput("Reason: say in a few words why the result is final although something may still come.")
        if race.status(now) is not RaceStatus.CLOSED:
            raise Conflict("The race is not over, so nothing is final yet: end it first.")

        def change(rows: Mapping[str, Finish]) -> dict[str, Finish]:
            kept = rows.get(race_id)
            kept = kept if kept and kept.closes_at == race.draft.closes_at else Finish(race.draft.closes_at)
            if kept.final_at is not None:
                raise Conflict("The result is final already: reload the page.")
            return {race_id: replace(kept, final_at=now, by=actor.oid, by_name=actor.name, reason=why)}

        self.store.change_rows(event.id, FINISHES, change, keys=[race_id])
        self._audit(actor, "boards.declare", target=race_id, after={"final": True, "reason": why})

    def take_back_final(self, actor: Actor, race_id: str) -> None:
        """What an organizer declared final is provisional again, until the last result. Raises Conflict when nobody
        declared it, Missing.
        """
        self._authorise(actor, "boards.declare", target=race_id)
        event = self._event()
        self._known_race(event.id, race_id)

        def change(rows: Mapping[str, Finish]) -> dict[str, Finish]:
            kept = rows.get(race_id)
            if kept is None or kept.final_at is None or not kept.by_name:
                raise Conflict("Nobody declared this result final, so there is nothing to take back.")
            return {race_id: replace(kept, final_at=None, by="", by_name="", reason="", late_at=None, clear_at=None)}

        self.store.change_rows(event.id, FINISHES, change, keys=[race_id])
        self._audit(actor, "boards.declare", target=race_id, after={"final": False})

    def _known_race(self, event: str, race_id: str) -> Race:
        for race in self.store.races(event)[0]:
            if race.id == race_id:
                return race
        raise Missing("That race is not in the list any more.")

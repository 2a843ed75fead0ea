"""Which races are the event's, and the results of one as its board shows them: live, or as they were held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from deepracer_admin.model import Event, Race, Standing
from deepracer_admin.records.boards import FROZEN_BOARDS
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.store import EventStore, History

__all__ = ["own_races", "shown_results"]


def own_races(store: EventStore, history: History, event: Event) -> list[Race]:
    """The event's own; where none is known to be, those that were read for it."""
    races, own = store.races(event.id)[0], store.read(event.id, OWN_RACES)
    read = history.standings_read_at(event.id)
    return [race for race in races if (race.id in own if own else race.id in read)]


def shown_results(
    store: EventStore, history: History, event: Event, race: Race
) -> tuple[Sequence[Standing], datetime | None]:
    """(best first, event time at which the board is held; None: it is live)."""
    held = store.row(event.id, FROZEN_BOARDS, race.id)
    if held is not None:
        return history.standings_before(event.id, race.id, held.at), held.at
    return history.standings(event.id, race.id)[0], None

"""Who came in at which place in the event's own races, as their boards show it: for certificates and mails."""

from __future__ import annotations

from datetime import datetime

from deepracer_admin.flows.races.board_marks import read_marks
from deepracer_admin.flows.races.shown_results import own_races, shown_results
from deepracer_admin.model import Event
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.rules.aliases import owner_of, racers_by_alias
from deepracer_admin.rules.finish import finality
from deepracer_admin.rules.places import Place
from deepracer_admin.rules.standings import board
from deepracer_admin.store import EventStore, History

__all__ = ["places"]


def places(store: EventStore, history: History, event: Event, now: datetime) -> list[Place]:
    """Of races whose result is final, in their order, best first: whoever is disqualified has none. `now`: event
    time."""
    owners = {link.profile: link.attendee for link in store.links(event.id).values()}
    named = racers_by_alias(store.attendees(event.id), store.profiles(event.id)[0], owners)
    found: list[Place] = []
    for race in own_races(store, history, event):
        if not finality(race, store.row(event.id, FINISHES, race.id), now=now, slots=event.slots).is_final:
            continue
        rows, _ = shown_results(store, history, event, race)
        marks = read_marks(store, event.id, race.id, rows)
        lines = board(
            rows, hidden=marks.hidden, disqualified=marks.disqualified, owner=lambda row: owner_of(row, owners, named)
        )
        found += [
            Place(
                race.draft.name,
                race.draft.closes_at,
                line.rank,
                len(lines),
                line.score_ms,
                line.alias,
                line.hidden,
                line.attendee,
            )
            for line in lines
        ]
    return found

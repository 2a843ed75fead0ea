"""Everything that the console keeps about one person, for their own request: found as an erasure would find it."""

from __future__ import annotations

import json
from typing import Any

from deepracer_admin.clock import iso
from deepracer_admin.flows.closeout.persons_traces import traces_of
from deepracer_admin.model import Attendee, Event
from deepracer_admin.records import every
from deepracer_admin.records.guest_book import GUESTS
from deepracer_admin.store import EventStore, History
from deepracer_admin.store.codec import encode
from deepracer_admin.store.documents import Table

__all__ = ["everything_about"]

ACTS = 1_000_000


def everything_about(store: EventStore, history: History, event: Event, person: Attendee) -> dict[str, Any]:
    """Values by where they are kept, results by race, what jobs did to them, and acts that were about them.

    Whoever acted in the console is not named: that is not the person's data. A guest's sealed link is left out.
    """
    traces = traces_of(store, event, person)
    kept: dict[str, list[Any]] = {}
    for name, what in every().items():
        if not what.of_event or what is GUESTS:
            continue
        if isinstance(what, Table):
            rows = store.rows(event.id, what)
            found = [
                each
                for key, value in rows.items()
                for each in ([value] if traces.owns_key(key) else traces.about(value))
            ]
        else:
            found = traces.about(store.read(event.id, what))
        if found:
            kept[name] = json.loads(encode(found))
    return {
        "kept_values": kept,
        "results": {
            race.draft.name: [
                {"rank": row.rank, "racer_name": row.alias, "score_ms": row.score_ms, "submissions": row.submissions}
                for row in history.standings(event.id, race.id)[0]
                if traces.owns_key(row.profile_id) or (not row.profile_id and traces.is_name(row.alias))
            ]
            for race in store.races(event.id)[0]
        },
        "jobs": [
            {"what": job.kind, "state": item.state.value, "sentence": item.sentence}
            for job in store.jobs(event.id, limit=ACTS)
            for item in store.job_items(job.id)
            if traces.owns_key(item.key)
        ],
        "acts": [
            {"what": entry.action, "at": iso(entry.at)}
            for entry in store.audit(event.id, limit=ACTS)
            if traces.owns_key(entry.target)
        ],
    }

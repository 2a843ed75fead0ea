"""Whom a close-out, or a leaver's turn, may take out of the Entra group: those whom the console put in.

Several events may fill one group: whoever was put in by any of them was not there before, and the last of them takes
them out. Events from before this was kept are told by their rows: done is ours, already was there.
"""

from __future__ import annotations

from deepracer_admin.model import Event, State, Step
from deepracer_admin.records.group_members import GROUP_MEMBERS
from deepracer_admin.store import EventStore

__all__ = ["LEAVING", "put_in_by_us"]

LEAVING = "leaving"  # reason of a row whose person is being taken out


def put_in_by_us(store: EventStore, event: Event) -> set[str]:
    """Directory ids of people whom the console put into this event's group."""
    found: set[str] = set()
    known: set[str] = set()
    for each in store.events():
        if each.group_id != event.group_id:
            continue
        rows = store.rows(each.id, GROUP_MEMBERS)
        found |= {row.ref for row in rows.values() if row.added}
        if each.id == event.id:
            known = {*rows}
    found |= {
        row.ref
        for row in store.steps(event.id, step=Step.GROUP)
        if row.ref and row.attendee not in known and (row.state is State.DONE or row.reason == LEAVING)
    }
    return found

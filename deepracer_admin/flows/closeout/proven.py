"""What both racing services' last steps say about whom another open event keeps in, and about the Entra group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.group_members import put_in_by_us
from deepracer_admin.model import Event, Job, Step
from deepracer_admin.records.closing import StillIn
from deepracer_admin.rules.shared_people import Elsewhere

__all__ = ["InGroup", "in_the_group", "said_elsewhere", "still_elsewhere"]


def still_elsewhere(needed: Elsewhere, still: Iterable[StillIn]) -> tuple[StillIn, ...]:
    """Of those who can still sign in, once each, whom another open event wants; `why` names it."""
    found = {each.attendee: each for each in still if each.attendee in needed.access}
    return tuple(
        replace(each, why=f"in {needed.others([needed.access[key]])} too, which ends it") for key, each in found.items()
    )


def said_elsewhere(needed: Elsewhere, elsewhere: tuple[StillIn, ...]) -> str:
    """A sentence with a blank before it, "" for nobody."""
    if not elsewhere:
        return ""
    who = counted(len(elsewhere), "person can sign in because they are", "people can sign in because they are")
    return f" {who} in {needed.others(needed.access[each.attendee] for each in elsewhere)} too, which is still open."


@dataclass(frozen=True, slots=True)
class InGroup:
    """How many of the event are in the Entra group, without those whom another event keeps there: put in by the
    console, and there before the event. None where nobody could be asked, with the reason in `trouble`."""

    ours: int | None = None
    before: int = 0
    trouble: str = ""


def in_the_group(ports: Ports, event: Event, job: Job, needed: Elsewhere) -> InGroup:
    """The group as the directory lists it now."""
    if not event.group_id:
        return InGroup()
    try:
        members = ports.directory(job.created_by).members(event.group_id)
    except ConsoleError as error:
        return InGroup(trouble=f" The group could not be read: {error.sentence}")
    people = {row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref}
    inside = (people & members) - needed.directory_ids
    ours = inside & put_in_by_us(ports.store, event)
    return InGroup(len(ours), len(inside - ours))

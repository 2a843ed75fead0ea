"""What both racing services' last steps say about each person, whom another open event keeps in, and the group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.group_members import put_in_by_us
from deepracer_admin.model import Attendee, Event, Job, Lease, Step
from deepracer_admin.records.closing import Proof, StillIn
from deepracer_admin.records.proven import GONE, NOT_KNOWN, PROVEN, STILL_THERE, Proven
from deepracer_admin.rules.shared_people import Elsewhere

__all__ = ["InGroup", "in_the_group", "record_answers", "said_elsewhere", "still_elsewhere"]


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


def record_answers(ports: Ports, event: Event, proof: Proof, lease: Lease, *, gone: Callable[[Attendee], str]) -> None:
    """Keep each person's answer. `gone`: what was seen of somebody who is named nowhere in the proof."""
    at = proof.as_of or ports.clock.now()
    named = {
        **{each.attendee: (STILL_THERE, "elsewhere", "") for each in proof.elsewhere},
        **{each.attendee: (NOT_KNOWN, each.why, proof.settle) for each in proof.not_known},
        **{each.attendee: (STILL_THERE, each.why, "") for each in proof.can_still_sign_in},
    }

    now: dict[str, Proven] = {}
    for person in ports.store.attendees(event.id):
        answer, how, settle = named.get(person.id) or (GONE, gone(person), "")
        now[person.id] = Proven(proof.job, answer, how, at, settle)

    def change(rows: Mapping[str, Proven]) -> dict[str, Proven | None]:
        return {**dict.fromkeys(rows), **now}

    ports.store.change_rows(event.id, PROVEN, change, lease=lease)

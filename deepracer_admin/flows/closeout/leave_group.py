"""The event's people leave the Entra group; guests stay in the directory. What if it dies here? It looks first."""

from __future__ import annotations

from deepracer_admin.counted import counted
from deepracer_admin.flows.closeout.steps import NotYet, Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.group_members import put_in_by_us
from deepracer_admin.flows.readings.needed_elsewhere import needed_elsewhere
from deepracer_admin.model import Event, Job, Lease, Outcome, State, Step
from deepracer_admin.records.closing import Leftover
from deepracer_admin.records.guest_book import guests_left

__all__ = ["leave_group"]

OUT = "Take them out of the group in Entra, or close again."


def leave_group(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    if not event.group_id:
        return Told("No group was set.")
    directory = ports.directory(job.created_by)
    needed = needed_elsewhere(ports, event)
    everybody = {row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref} - needed.directory_ids
    ids = everybody & put_in_by_us(ports.store, event)
    members = directory.members(event.group_id)
    leaving = sorted(ids & members)
    if not leaving:
        gone = [
            Outcome(
                row.attendee,
                Step.GROUP,
                State.TODO,
                "removed",
                "Not a member any more (seen in the directory).",
                ref=row.ref,
            )
            for row in ports.store.steps(event.id, step=Step.GROUP)
            if row.ref in ids
        ]
        ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())
        ports.guests.drop_links(event.id, lease)
        people = counted(len(ids), "person is", "people are")
        before = len((everybody - ids) & members)
        others = counted(len(members) - before, "other stays", "others stay")
        evidence = f"0 of the event's {people} in the group (seen in the directory); {others}."
        if before:
            one = "person of the list was in it before the event and stays"
            many = "people of the list were in it before the event and stay"
            evidence += f" {counted(before, one, many)}."
        if needed.group:
            evidence += f" {needed.keep('membership', needed.group)}"
        return Told(f"{evidence} {guests_left(ports.guests.counts(event))}".rstrip())
    told = {outcome.person: outcome for outcome in directory.remove(event.group_id, leaving)}
    refused = [outcome for outcome in told.values() if outcome.state is State.REFUSED]
    if len(refused) == len(leaving):
        said = f"{counted(len(refused), 'person', 'people')} could not be taken out of the group: {refused[0].sentence}"
        return Told(said, (Leftover("people in the group", len(refused), (), refused[0].sentence, OUT),))
    said = f"{counted(len(leaving), 'person', 'people')} still in the group: taken out now, and looked for again next."
    raise NotYet(said, left=[Leftover("people in the group", len(leaving), (), said, OUT)])

"""The Entra group step: resolve, invite guests where the event says so, add what is missing, take leavers out, and
believe only the re-list.

Removal always goes through the port's `remove` (members only, never a directory user). What if it dies here? Nothing is
remembered between passes but the directory ids that were resolved and the guests (guests.py); the next pass lists the
members again. Who was added is told slice by slice as waiting, so that the funnel moves and an outage does not hide
what was done before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from deepracer_admin.directory import Directory
from deepracer_admin.errors import AccessDenied
from deepracer_admin.flows.access.guest_invitations import GuestDesk
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.group_members import LEAVING, put_in_by_us
from deepracer_admin.flows.readings.needed_elsewhere import needed_elsewhere
from deepracer_admin.model import Attendee, Event, Found, Lease, Outcome, Resolution, State, Step, StepRow
from deepracer_admin.records.group_members import GROUP_MEMBERS, Membership, first_seen
from deepracer_admin.records.guest_book import TO_INVITE, Guest, GuestState, invites_guests
from deepracer_admin.rules.shared_people import Elsewhere

__all__ = ["MembershipReconciler"]

PROOF_EVERY = timedelta(seconds=60)
SLICE = 100  # people added between two records


class MembershipReconciler:
    """Keeps the event's group equal to the attendee list."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.guests = GuestDesk(ports)
        self._checked_group = ""
        self._looked_at: datetime | None = None

    def run(self, event: Event, lease: Lease, *, acting_for: str, goes_on: Callable[[], None] = lambda: None) -> int:
        """One pass on behalf of `acting_for` (oid); returns how many outcomes were recorded.

        `goes_on` is called whenever a slice of people has been added.
        """
        if not event.group_id:
            return 0
        ports, store = self.ports, self.ports.store
        if not self._may_need_look(event):
            return 0
        people = store.attendees(event.id)
        rows = {row.attendee: row for row in store.steps(event.id, step=Step.GROUP)}
        if not self._needs_look(people, rows):
            return 0
        directory = ports.directory(acting_for)
        if self._checked_group != event.group_id:
            group = directory.group(event.group_id)
            if group.refusal:
                raise AccessDenied(group.refusal, service="Microsoft Graph", operation="group")
            self._checked_group = event.group_id
        members = directory.members(event.group_id)
        ids, outcomes, strangers = self._resolve(event, directory, people, rows, lease)
        taken = self.guests.take_in(event, directory, strangers, rows, lease)
        ids, outcomes = ids | taken.ids, outcomes + taken.outcomes
        self.guests.look(event, directory, people, lease)
        book = ports.guests.entries(event.id)
        missing = [
            ids[person.id] for person in people if person.wanted and ids.get(person.id, "") not in members | {""}
        ]
        leavers = [person.id for person in people if not person.wanted and ids.get(person.id, "") in members]
        needed = needed_elsewhere(ports, event) if leavers else Elsewhere()
        self._remember(event, people, ids, members, lease)
        ours = put_in_by_us(store, event)
        kept = {key for key in leavers if key in needed.group or ids[key] in needed.directory_ids}
        before = {key for key in leavers if ids[key] not in ours} - kept
        leaving = [ids[key] for key in leavers if key not in kept | before]
        answers: dict[str, Outcome] = {}
        if missing:
            added = directory.add(event.group_id, missing)
            for part in self._told(event, lease, added, {pid: key for key, pid in ids.items()}):
                answers |= {outcome.person: outcome for outcome in part}
                goes_on()
        if leaving:
            answers |= {outcome.person: outcome for outcome in directory.remove(event.group_id, leaving)}
        if missing or leaving:
            members = directory.members(event.group_id)
        self._looked_at = ports.clock.now()
        for person in people:
            if person.id in ids:
                pid = ids[person.id]
                if person.id in kept:
                    where = needed.others([needed.group.get(person.id, frozenset(needed.names))])
                    outcomes.append(
                        Outcome(person.id, Step.GROUP, State.REFUSED, "elsewhere", _KEPT.format(where), ref=pid)
                    )
                    continue
                if person.id in before:
                    outcomes.append(Outcome(person.id, Step.GROUP, State.REFUSED, "before", _BEFORE, ref=pid))
                    continue
                judged = _judge(person, pid, members, answers.get(pid), rows.get(person.id), is_ours=pid in ours)
                outcomes.append(_as_guest(judged, book.get(person.id)))
        changed = store.record(event.id, outcomes, lease=lease, now=ports.clock.now())
        if taken.failure is not None:
            raise taken.failure
        return changed

    def _remember(
        self, event: Event, people: Sequence[Attendee], ids: Mapping[str, str], members: set[str], lease: Lease
    ) -> None:
        """Stored before anybody is added: who is in already was there before, unless another event put them in."""
        found = {
            person.id: Membership(ids[person.id], added=ids[person.id] not in members)
            for person in people
            if person.wanted and ids.get(person.id)
        }
        fresh = first_seen(found, self.ports.store.rows(event.id, GROUP_MEMBERS, found))
        old = {
            row.attendee
            for row in self.ports.store.steps(event.id, step=Step.GROUP)
            if row.attendee in fresh and row.state is State.DONE
        }  # from before this was kept: they are told by their rows
        fresh = {key: row for key, row in fresh.items() if key not in old or row.added}
        if fresh:
            self.ports.store.change_rows(
                event.id, GROUP_MEMBERS, lambda kept: first_seen(fresh, kept), keys=fresh, lease=lease
            )

    def _told(
        self, event: Event, lease: Lease, added: Iterable[Outcome], keys: Mapping[str, str]
    ) -> Iterator[list[Outcome]]:
        """Outcomes of the directory in slices; whom a full slice has added is recorded as waiting for the re-list."""
        rest = iter(added)
        while part := list(islice(rest, SLICE)):
            if len(part) == SLICE:
                waiting = [
                    Outcome(keys[each.person], Step.GROUP, State.WAITING, "added", _ADDED, ref=each.person)
                    for each in part
                    if each.state.is_done and each.person in keys
                ]
                self.ports.store.record(event.id, waiting, lease=lease, now=self.ports.clock.now())
            yield part

    def _may_need_look(self, event: Event) -> bool:
        """Counts first: the whole list is read only when somebody is on the way in, or may be on the way out."""
        if self._looked_at is None or self.ports.clock.now() - self._looked_at >= PROOF_EVERY:
            return True
        counts = self.ports.store.funnel(event.id)[Step.GROUP]
        waiting = any(counts[state] for state in (State.TODO, State.RETRY, State.WAITING))
        return waiting or bool(self.ports.store.attendees(event.id, wanted=False))

    def _needs_look(self, people: Sequence[Attendee], rows: Mapping[str, StepRow]) -> bool:
        now = self.ports.clock.now()
        if self._looked_at is None or now - self._looked_at >= PROOF_EVERY:
            return True
        for person in people:
            row = rows.get(person.id)
            if not person.wanted:
                if row is not None and row.state.is_done:
                    return True
            elif row is None or row.state is State.TODO:
                return True
            elif row.state in (State.RETRY, State.WAITING) and (row.next_try_at is None or row.next_try_at <= now):
                return now - self._looked_at >= timedelta(seconds=1)
        return False

    def _resolve(
        self,
        event: Event,
        directory: Directory,
        people: Sequence[Attendee],
        rows: Mapping[str, StepRow],
        lease: Lease,
    ) -> tuple[dict[str, str], list[Outcome], list[Attendee]]:
        """Directory ids, from the last pass where known; everybody else is asked for in one go. Last: strangers whom
        the event wants to have invited."""
        ids = self.guests.known(event, people, rows)
        invites = invites_guests(event)
        unknown: list[Attendee] = []
        strangers: list[Attendee] = []
        for person in people:
            row = rows.get(person.id)
            if person.id in ids:
                continue
            if row is not None and row.reason == TO_INVITE and person.wanted and invites:
                strangers.append(person)  # looked up before
            elif row is not None and row.ref and not (person.wanted and row.state is State.TODO):
                ids[person.id] = row.ref
            elif person.wanted and (row is None or row.state is not State.REFUSED):
                unknown.append(person)
        outcomes: list[Outcome] = []
        pending: dict[str, str] = {}
        found: Mapping[str, Resolution] = directory.resolve([person.email for person in unknown]) if unknown else {}
        for person in unknown:
            answer = found.get(person.email) or Resolution(person.email, Found.NONE)
            if answer.found in (Found.ONE, Found.GUEST_PENDING) and answer.person_id:
                ids[person.id] = answer.person_id
                if answer.found is Found.GUEST_PENDING:
                    pending[person.id] = answer.person_id
            elif answer.found is Found.NONE and invites:
                strangers.append(person)
            else:
                sentence = answer.sentence or _SENTENCES[answer.found]
                outcomes.append(Outcome(person.id, Step.GROUP, State.REFUSED, answer.found.value, sentence))
        if invites:
            self.guests.meet(event, pending, rows, lease)
        return ids, outcomes, strangers


_KEPT = "Stays in the group: this person is in {} too, which ends it for them."
_BEFORE = "Was in the group before the event and stays; take them out in Entra if they should go."
_ADDED = "Added; it counts once the directory lists it."
_SENTENCES = {
    Found.NONE: "Nobody in the directory has this address; correct it or invite the person as a guest.",
    Found.SEVERAL: "Several people in the directory have this address; an administrator must tell them apart.",
    Found.DISABLED: "This account is disabled in the directory; an administrator can enable it.",
    Found.ONE: "The directory did not give an id.",
    Found.GUEST_PENDING: "The guest has not accepted the invitation yet.",
}


def _judge(
    person: Attendee, pid: str, members: set[str], answer: Outcome | None, row: StepRow | None, *, is_ours: bool
) -> Outcome:
    inside = pid in members
    if not person.wanted:
        if inside:
            sentence = answer.sentence if answer and answer.sentence else "Still a member; removal goes on."
            return Outcome(person.id, Step.GROUP, State.RETRY, LEAVING, sentence, retry_after=2.0, ref=pid)
        return Outcome(
            person.id, Step.GROUP, State.TODO, "removed", "Not a member any more (seen in the directory).", ref=pid
        )
    if inside:
        state = row.state if row and row.state.is_done else State.DONE if is_ours else State.ALREADY
        return Outcome(person.id, Step.GROUP, state, ref=pid)
    if answer is not None and answer.state is State.REFUSED:
        return Outcome(person.id, Step.GROUP, State.REFUSED, answer.reason, answer.sentence, ref=pid)
    wait = (answer.retry_after if answer else None) or 2.0
    sentence = (answer.sentence if answer else "") or "Added, not listed yet; the directory takes a moment."
    return Outcome(person.id, Step.GROUP, State.RETRY, "not_listed", sentence, retry_after=wait, ref=pid)


def _as_guest(outcome: Outcome, entry: Guest | None) -> Outcome:
    """A guest in the group: the row says how far they are."""
    if entry is None or not outcome.state.is_done:
        return outcome
    accepted = entry.state is GuestState.ACCEPTED
    return replace(
        outcome,
        reason="guest_accepted" if accepted else "guest_pending",
        sentence="Guest: has accepted the invitation." if accepted else "Guest: has not opened the link so far.",
    )

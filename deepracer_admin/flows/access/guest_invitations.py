"""Guests of the directory (B2B): people whom it does not know are invited, where the event says so.

An invitation makes somebody in the directory, so it is written down before it is sent (group step, reason "inviting").
What if it dies here?

* before the intent is recorded: nothing happened, the next pass plans the same;
* between the intent and the record of the answer: the person is looked up first. Found: invited, and one more
  invitation of the same guest gives their link. Not found for longer than the directory needs to copy somebody
  (`SETTLED`): it was not done, and they are invited;
* between the book and the group step: the book has the directory id, so nobody is invited again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from deepracer_admin.directory import Directory, Invitation
from deepracer_admin.errors import AccessDenied, ServiceError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Found, Invitee, Lease, Outcome, State, Step, StepRow
from deepracer_admin.records.guest_book import (
    DENIED,
    INVITING,
    TO_INVITE,
    Guest,
    GuestState,
    invites_guests,
    without_link,
)

__all__ = ["GuestDesk", "TakenIn"]

PASS = 100  # invitations in one pass; then those who are known get into the group
PART = 20  # in one batch
SETTLED = timedelta(seconds=120)  # real time after which somebody who is still not found was not made
LOOK_AGAIN_S = 10.0
LINK_AGAIN = timedelta(minutes=10)
SEEN_EVERY = timedelta(seconds=60)
WRITES = "graph.writes"


@dataclass(slots=True)
class TakenIn:
    """What a pass did for strangers: directory ids by attendee, outcomes of the others, and why it stopped."""

    ids: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    failure: ServiceError | None = None


class GuestDesk:
    """Invites, asks for missing links, and sees who has accepted."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._seen_at: datetime | None = None

    # ------------------------------------------------------------------------------------------------ strangers

    def known(self, event: Event, people: Sequence[Attendee], rows: Mapping[str, StepRow]) -> dict[str, str]:
        """Directory ids that only the book has so far."""
        book = self.ports.guests.entries(event.id)
        return {
            person.id: book[person.id].id
            for person in people
            if person.id in book and _reason(rows.get(person.id)) in (INVITING, TO_INVITE)
        }

    def take_in(
        self,
        event: Event,
        directory: Directory,
        strangers: Sequence[Attendee],
        rows: Mapping[str, StepRow],
        lease: Lease,
    ) -> TakenIn:
        """Invite those of `strangers` (looked up: nobody) who may be, and get the links that are missing."""
        result = TakenIn()
        ready: list[Attendee] = []
        for person in strangers:
            if self._may_have_been_made(rows.get(person.id)):
                result.outcomes.append(_unclear(person))
            else:
                ready.append(person)
        now, later = ready[:PASS], ready[PASS:]
        result.outcomes += [_planned(person) for person in later]
        repeated = [_planned(each) for each in now if _reason(rows.get(each.id)) == INVITING]
        self.ports.store.record(event.id, repeated, lease=lease, now=self.ports.clock.now())  # its time counts anew
        intents = [Outcome(each.id, Step.GROUP, State.WAITING, INVITING, _INVITING) for each in now]
        self.ports.store.record(event.id, intents, lease=lease, now=self.ports.clock.now())
        linkless = self._linkless(event)[: PASS - len(now)]
        answers, result.failure = self._invite(event, directory, [*now, *linkless])
        self._keep(event, answers, now, linkless, lease)
        for person in now:
            self._tell(person, answers.get(person.id), result)
        if isinstance(result.failure, AccessDenied):  # everybody else goes on; these wait for a human
            sentence = result.failure.sentence
            unasked = [*(each for each in now if each.id not in answers), *later]
            denied = {each.id for each in unasked}
            result.outcomes = [each for each in result.outcomes if each.person not in denied]
            result.outcomes += [Outcome(each, Step.GROUP, State.REFUSED, DENIED, sentence) for each in sorted(denied)]
            result.failure = None
        return result

    def _may_have_been_made(self, row: StepRow | None) -> bool:
        if row is None or row.reason != INVITING or row.changed_at is None:
            return False
        return self.ports.clock.now() - row.changed_at < SETTLED

    def _linkless(self, event: Event) -> list[Attendee]:
        """Pending guests whose link is not known: it was lost, or somebody else invited them."""
        if not invites_guests(event):
            return []
        book, now = self.ports.guests, self.ports.clock.now()
        waiting = {
            person
            for person, entry in book.entries(event.id).items()
            if entry.state is GuestState.PENDING
            and not book.link(entry)
            and not (entry.again_at is not None and entry.again_at > now)
        }
        return [person for person in self.ports.store.attendees(event.id, wanted=True) if person.id in waiting]

    def _invite(
        self, event: Event, directory: Directory, people: Sequence[Attendee]
    ) -> tuple[dict[str, Invitation], ServiceError | None]:
        """Answers by attendee. The error, when there is one, says why those without an answer were not invited."""
        answers: dict[str, Invitation] = {}
        for part in _parts(people):
            self._pace(directory, len(part))
            invitees = [Invitee(person.id, person.email, "", person.name) for person in part]
            try:
                for answer in directory.invite(invitees, redirect_url=event.portal_url):
                    answers[answer.outcome.person] = answer
            except ServiceError as error:
                return answers, error
        return answers, None

    def _pace(self, directory: Directory, calls: int) -> None:
        limit = next((limit for limit in directory.limits if limit.name == WRITES), None)
        while limit is not None and calls > 0:
            calls -= self.ports.pacer.take(limit, calls, wait=None)

    def _keep(
        self,
        event: Event,
        answers: Mapping[str, Invitation],
        strangers: Sequence[Attendee],
        linkless: Sequence[Attendee],
        lease: Lease,
    ) -> None:
        """The book learns ids and links before the group step does."""
        book, again = self.ports.guests, self.ports.clock.now() + LINK_AGAIN
        met: dict[str, Guest] = {}
        for person in strangers:
            answer = answers.get(person.id)
            if answer is not None and answer.outcome.state is State.DONE:
                link = book.seal(answer.link)
                met[person.id] = Guest(GuestState.PENDING, answer.outcome.ref, made=True, link=link)
        book.met(event.id, met, lease)
        changes: dict[str, Callable[[Guest], Guest]] = {}
        for person in linkless:
            answer = answers.get(person.id)
            changes[person.id] = _asked(book.seal(answer.link if answer is not None else ""), again)
        book.change(event.id, changes, lease)

    def _tell(self, person: Attendee, answer: Invitation | None, result: TakenIn) -> None:
        """What the answer to an invitation means for the person; without one they were not invited yet."""
        outcome = answer.outcome if answer is not None else None
        if outcome is None or outcome.reason == "throttled":
            result.outcomes.append(_planned(person, outcome.retry_after if outcome else LOOK_AGAIN_S))
        elif outcome.state.is_done and outcome.ref:
            result.ids[person.id] = outcome.ref
        elif outcome.state is State.REFUSED:
            result.outcomes.append(outcome)
        else:
            result.outcomes.append(_unclear(person))

    # ------------------------------------------------------------------------------------------- known guests

    def meet(self, event: Event, found: Mapping[str, str], rows: Mapping[str, StepRow], lease: Lease) -> None:
        """Pending guests whom a look-up found (attendee -> directory id): ours when we were about to invite them."""
        book = self.ports.guests
        known = book.entries(event.id)
        met: dict[str, Guest] = {}
        for person, directory_id in found.items():
            if person not in known or known[person].id != directory_id:
                ours = _reason(rows.get(person)) == INVITING
                met[person] = Guest(GuestState.PENDING, directory_id, made=ours)
        book.met(event.id, met, lease)

    def look(self, event: Event, directory: Directory, people: Sequence[Attendee], lease: Lease) -> None:
        """Now and then: who has accepted needs no link any more, and who has left must not keep one."""
        now = self.ports.clock.now()
        book = self.ports.guests
        entries = book.entries(event.id)
        if not entries or (self._seen_at is not None and now - self._seen_at < SEEN_EVERY):
            return
        self._seen_at = now
        here = {person.id: person for person in people if person.wanted}
        changes: dict[str, Callable[[Guest], Guest]] = {key: without_link for key in entries if key not in here}
        waiting = [key for key, each in entries.items() if key in here and each.state is GuestState.PENDING]
        pending = {key: here[key].email for key in waiting}
        found = directory.resolve([*pending.values()]) if pending else {}
        for key, email in pending.items():
            answer = found.get(email)
            if answer is not None and answer.found is Found.ONE and answer.person_id == entries[key].id:
                changes[key] = _accepted
        book.change(event.id, changes, lease)
        book.saw(event.id, now, lease)


def _reason(row: StepRow | None) -> str:
    return row.reason if row is not None else ""


def _planned(person: Attendee, wait: float | None = None) -> Outcome:
    return Outcome(person.id, Step.GROUP, State.WAITING, TO_INVITE, _TO_INVITE, retry_after=wait)


def _unclear(person: Attendee) -> Outcome:
    return Outcome(person.id, Step.GROUP, State.RETRY, INVITING, _UNCLEAR, retry_after=LOOK_AGAIN_S)


def _accepted(guest: Guest) -> Guest:
    return replace(guest, state=GuestState.ACCEPTED, link="")


def _asked(link: str, again: datetime) -> Callable[[Guest], Guest]:
    """The link was asked for: it is known now, or may be asked for again later."""
    return lambda guest: replace(guest, link=link) if link else replace(guest, again_at=again)


def _parts(people: Sequence[Attendee]) -> Iterator[Sequence[Attendee]]:
    return (people[start : start + PART] for start in range(0, len(people), PART))


_TO_INVITE = "Not in the directory: will be invited as a guest."
_INVITING = "Being invited as a guest of the directory."
_UNCLEAR = "The answer to the invitation was lost; the person is looked up before anything is sent again."

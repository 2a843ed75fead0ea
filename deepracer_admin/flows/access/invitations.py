"""Invitation chunks: stored before they are sent, sent one after another, followed until the service is through.

A chunk is a row of INVITATIONS (records/ways_in.py). By Cognito's default sender no more than 50 of its mails go in any
24 hours, and the rest waits. A chunk of the way "pool" (cognito_pool.py) is worked through by the console itself.

Two threads of a worker use this: one sends and follows, the other looks at listings and plans; what each changes of a
chunk is changed in the chunk as stored. What if it dies here? A planned chunk is sent again with the same token: the
service finds the same job, single invitations answer "exists".
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from deepracer_admin.errors import Missing
from deepracer_admin.flows.access.cognito_pool import CHUNK, enter, open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Invitee, Lease, Outcome, State, Step
from deepracer_admin.records.ways_in import INVITATIONS, POOL, RESENT, Chunk, ChunkState, mails_sent
from deepracer_admin.rules.mail_days import is_limited, reckon

__all__ = ["READ_BACK", "Invitations"]

READ_BACK = "Done at the service; it counts once its listing shows it."
PATIENCE_S = 2.0
PAUSE_S, LONGEST_PAUSE_S = 0.5, 3.0

# Reasons that concern one person: a listing looks for a row that the attempt left before anybody is invited again.
_EACH_ALONE = frozenset({"not_created", "group", "not_processed"})


class Invitations:
    """The chunks of one event after another. `settled` counts people whose chunk finished since it was last reset."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.settled = 0
        self.pause_s = PAUSE_S  # real seconds after which `follow` has something to tell again
        self.is_paced = False  # is a chunk under way whose pace is known: nothing to tell before `pause_s` are over
        self._sent_at = 0.0
        self._through_at = math.inf  # when the chunk under way will have been worked off, by the pace shown so far
        self._each_s = 0.0

    # ------------------------------------------------------------------------------------------------ looking

    def chunks(self, event: Event) -> dict[str, Chunk]:
        """All chunks as stored, by token, in the order in which they were planned."""
        return self.ports.store.rows(event.id, INVITATIONS)

    def active(self, event: Event) -> bool:
        """Is any chunk planned or under way?"""
        return any(chunk.state is not ChunkState.FINISHED for chunk in self.chunks(event).values())

    def nearly_through(self, event: Event, within_s: float) -> bool:
        """Is the last chunk under way, and through within these seconds by the pace the service has shown?"""
        states = [each.state for each in self.chunks(event).values() if each.state is not ChunkState.FINISHED]
        return states == [ChunkState.SENT] and self._through_at - self.ports.clock.monotonic() <= within_s

    def ours(self, event: Event) -> set[str]:
        """Attendees whose profile was made by this event: they were put into a chunk, and had no account then."""
        chunks = self.chunks(event).values()
        asked = [chunk for chunk in chunks if chunk.way != POOL]
        existed = {person for chunk in asked for person in chunk.existed}
        invited = {person for chunk in asked for person in chunk.people} - existed
        through_pool = [{*chunk.people} - chunk.existed for chunk in chunks if chunk.way == POOL]
        return invited.union(*through_pool)

    def pending(self, event: Event) -> set[str]:
        """People of chunks that are not finished."""
        return self._waiting(event)

    def half_in(self, event: Event) -> set[str]:
        """Those of them whose profile says nothing yet: through the pool it is there before the racers' role is."""
        return self._waiting(event, POOL)

    def _waiting(self, event: Event, *ways: str) -> set[str]:
        return {
            person
            for chunk in self.chunks(event).values()
            if chunk.state is not ChunkState.FINISHED and (not ways or chunk.way in ways)
            for person in chunk.waiting
        }

    # ------------------------------------------------------------------------------------------------ acting

    def plan(self, event: Event, missing: Sequence[Attendee], lease: Lease) -> int:
        """Cut who is missing into chunks and store them; `follow` sends them."""
        if not missing:
            return 0
        invitees = [Invitee(person.id, person.email, person.alias, person.name) for person in missing]
        at, way = self.ports.clock.now(), event.way_in
        if way == POOL:
            open_pool(self.ports)  # without it nothing is planned
            cut = [invitees[start : start + CHUNK] for start in range(0, len(invitees), CHUNK)]
        else:
            cut = [list(chunk) for chunk in self.ports.racing().chunk_invites(invitees)]
        fresh = {uuid.uuid4().hex: Chunk(tuple(each.key for each in chunk), at, way) for chunk in cut}
        self.ports.store.change_rows(event.id, INVITATIONS, lambda _: fresh, keys=fresh, lease=lease)
        return len(missing)

    def follow(self, event: Event, lease: Lease, *, send: bool = True) -> int:
        """Ask after the chunk that the service works on, and send the next when it is through.

        Returns the people that were settled. At most one chunk is sent, so that a pause is heard soon.
        """
        before, self.pause_s, self.is_paced = self.settled, PAUSE_S, False
        for token, chunk in self.chunks(event).items():
            if chunk.state is not ChunkState.SENT:
                continue
            people = self._people(event, chunk)
            asked_at = self.ports.clock.monotonic()
            progress = self.ports.racing().invite_progress(chunk.job, people)
            answered_at = self.ports.clock.monotonic()
            self._record(event, progress.outcomes, lease)
            if not progress.finished:
                self._reckon(progress.outcomes, asked_at, answered_at)
                return self.settled - before
            self._finish(event, token, progress.outcomes, lease)
        if send:
            self._send_next(event, lease)
        return self.settled - before

    def drop_planned(self, event: Event, lease: Lease) -> None:
        """Forget what was never sent (the close-out: nobody new comes in)."""
        self.ports.store.change_rows(event.id, INVITATIONS, _without_planned, lease=lease)

    def _send_next(self, event: Event, lease: Lease) -> None:
        chunks = self.chunks(event).items()
        found = next((each for each in chunks if each[1].state is ChunkState.PLANNED), None)
        if found is None:
            return
        token, chunk = found
        now = self.ports.clock.now()
        if chunk.again_at is not None and chunk.again_at > now:
            return
        if chunk.way != event.way_in and chunk.unsent:
            self._recut(event, token, lease)
            return
        people = self._people(event, chunk, wanted_only=True)
        if chunk.way == POOL:
            self._enter(event, token, chunk, people, lease)
            return
        if self._by_default_sender(event) and not chunk.tries:
            people = self._within_the_day(event, token, people, lease)
            if not people and chunk.people:
                return
        # Counted before it is sent: after a lost answer or a crash, "exists" may well mean the account that we made.
        first = {} if chunk.mailed_at else {"mailed_at": self.ports.clock.event_now(), "mails": len(people)}
        self._change(event, token, lease, tries=chunk.tries + 1, **first)
        outcomes = list(self.ports.racing().invite(people, token=token)) if people else []
        jobs = [outcome.ref for outcome in outcomes if outcome.state is State.WAITING and outcome.ref]
        if jobs:
            self._record(event, outcomes, lease)
            self._change(event, token, lease, job=jobs[0], state=ChunkState.SENT, again_at=None)
            self._sent_at = self.ports.clock.monotonic()
            whole = self._each_s * len(people)
            self._through_at = self._sent_at + whole if whole else math.inf
            if whole:
                self.is_paced, self.pause_s = True, min(max(whole / 2, PAUSE_S), LONGEST_PAUSE_S)
            return
        stopped = [each for each in outcomes if each.state is State.RETRY and each.reason not in _EACH_ALONE]
        if outcomes and len(stopped) == len(outcomes):
            self._put_off(event, token, outcomes, lease)
            return
        self._record(event, outcomes, lease)
        self._finish(event, token, outcomes, lease)

    def _reckon(self, outcomes: Sequence[Outcome], asked_at: float, answered_at: float) -> None:
        """When the service will be through at the pace it has shown: asking earlier only costs calls. A question is
        on its way for half of the time that it takes, and what was written down meanwhile took its own."""
        left = sum(1 for outcome in outcomes if outcome.state is State.WAITING)
        done = len(outcomes) - left
        if done and self._sent_at:
            self._each_s = (answered_at - self._sent_at) / done
            self._through_at = answered_at + left * self._each_s
            # Once in the middle, for whoever is in by then gets their mail; then when the service should be through.
            rest = left * self._each_s * (0.5 if left > len(outcomes) / 2 else 1.0)
            rest -= (answered_at - asked_at) / 2 + self.ports.clock.monotonic() - answered_at
            self.pause_s = min(max(rest, 0.02), LONGEST_PAUSE_S)

    def _put_off(self, event: Event, token: str, outcomes: Sequence[Outcome], lease: Lease) -> None:
        """Nobody of the chunk was served: it keeps its token, unless it has to be cut anew."""
        self._record(event, outcomes, lease)
        if any(outcome.reason == "recut" for outcome in outcomes):
            self._recut(event, token, lease)
            return
        wait = max((outcome.retry_after or PATIENCE_S for outcome in outcomes), default=PATIENCE_S)
        again = self.ports.clock.now() + timedelta(seconds=wait)
        self._change(event, token, lease, again_at=again)

    def _recut(self, event: Event, token: str, lease: Lease) -> None:
        """Forget a chunk of which nothing was sent: the next look finds its people missing."""
        chunk = self.ports.store.row(event.id, INVITATIONS, token)
        self.settled += len(chunk.people) if chunk else 0
        self.ports.store.change_rows(event.id, INVITATIONS, lambda _: {token: None}, keys=(token,), lease=lease)

    # ------------------------------------------------------------------------------- through the pool, by days

    def _enter(self, event: Event, token: str, chunk: Chunk, people: Sequence[Invitee], lease: Lease) -> None:
        """Work through a pool chunk. Everybody is in doubt while it is under way. Raises what meets everybody."""
        going = {*chunk.waiting}
        people = [person for person in people if person.key in going]
        known = {p for key, c in self.chunks(event).items() if key != token for p in c.existed}
        doubtful = chunk.doubt
        keys = tuple(person.key for person in people)
        self._change(event, token, lease, tries=chunk.tries + 1, left=keys, doubt=frozenset(keys))
        found = enter(self.ports, people, doubtful=doubtful, known=known)
        self._record(event, found.outcomes, lease)
        gone = going - {*keys}  # left the list meanwhile
        existed = chunk.existed | found.existed | (gone - doubtful)
        self.settled += len(people) - len(found.left)
        if not found.left:
            through: dict[str, Any] = {"left": (), "doubt": frozenset(), "existed": existed}
            self._change(event, token, lease, state=ChunkState.FINISHED, **through)
            return
        again = self.ports.clock.now() + timedelta(seconds=found.wait_s)
        rest: dict[str, Any] = {"left": tuple(found.left), "doubt": frozenset(found.doubt), "existed": existed}
        self._change(event, token, lease, again_at=again, **rest)
        if found.trouble is not None and len(found.left) == len(people):
            raise found.trouble

    def _by_default_sender(self, event: Event) -> bool:
        return is_limited(event, ses_by_settings=self.ports.cognito_by_ses)

    def _within_the_day(self, event: Event, token: str, people: list[Invitee], lease: Lease) -> list[Invitee]:
        """Those of an untried chunk whom the default sender may still mail; the others become a chunk that waits."""
        sent = mails_sent(self.chunks(event).values(), self.ports.store.read(event.id, RESENT))
        left = reckon(sent, len(people), self.ports.clock.event_now()).left
        if left >= len(people):
            return people
        going, rest = people[:left], tuple(person.key for person in people[left:])
        if not going:
            self.pause_s = LONGEST_PAUSE_S
        else:
            first, other = tuple(person.key for person in going), uuid.uuid4().hex

            def cut(rows: Mapping[str, Chunk]) -> Mapping[str, Chunk]:
                return {token: replace(rows[token], people=first), other: replace(rows[token], people=rest)}

            self.ports.store.change_rows(event.id, INVITATIONS, cut, keys=(token, other), lease=lease)
        return going

    def _people(self, event: Event, chunk: Chunk, *, wanted_only: bool = False) -> list[Invitee]:
        found: list[Attendee] = []
        for key in chunk.people:
            try:
                found.append(self.ports.store.attendee(event.id, key))
            except Missing:
                continue
        return [
            Invitee(person.id, person.email, person.alias, person.name)
            for person in found
            if person.wanted or not wanted_only
        ]

    def _finish(self, event: Event, token: str, outcomes: Sequence[Outcome], lease: Lease) -> None:
        chunks = self.chunks(event)
        chunk = chunks[token]
        earlier = {person for key, each in chunks.items() if key != token for person in each.people}
        certain = chunk.job or chunk.tries <= 1
        existed = frozenset(
            outcome.person
            for outcome in outcomes
            if certain and outcome.state is State.ALREADY and outcome.person not in earlier
        )
        unmailed = sum(1 for each in outcomes if each.state in (State.REFUSED, State.RETRY) or each.person in existed)
        mails = max(0, chunk.mails - unmailed)
        self._change(event, token, lease, state=ChunkState.FINISHED, existed=existed, mails=mails)
        self.settled += len(chunk.people)

    def _change(self, event: Event, token: str, lease: Lease, **values: Any) -> None:
        """Change a chunk as stored; the other thread may have taken people out of it meanwhile."""

        def change(rows: Mapping[str, Chunk]) -> Mapping[str, Chunk]:
            return {key: replace(chunk, **values) for key, chunk in rows.items()}

        self.ports.store.change_rows(event.id, INVITATIONS, change, keys=(token,), lease=lease)

    def _record(self, event: Event, outcomes: Iterable[Outcome], lease: Lease) -> None:
        """An invitation's DONE is only a promise until a listing shows the profile."""
        told = [
            Outcome(
                outcome.person,
                Step.PROFILE,
                State.WAITING if outcome.state.is_done else outcome.state,
                outcome.reason,
                outcome.sentence or READ_BACK,
                outcome.retry_after,
            )
            for outcome in outcomes
        ]
        self.ports.store.record(event.id, told, lease=lease, now=self.ports.clock.now())


def _without_planned(rows: Mapping[str, Chunk]) -> Mapping[str, Chunk | None]:
    """Drops what was never sent; of what may have been sent, those whom nobody touched stay as they were."""
    answer: dict[str, Chunk | None] = {}
    for token, chunk in rows.items():
        if chunk.unsent:
            answer[token] = None
        elif chunk.state is ChunkState.PLANNED:
            untouched = frozenset(chunk.left or ()) - chunk.doubt
            answer[token] = replace(chunk, state=ChunkState.FINISHED, existed=chunk.existed | untouched)
    return answer

"""Invitation chunks: stored before they are sent, sent one after another, followed until the service is through.

A chunk is kept under the event's key `invites`: token -> {"people", "job", "state", "at", "tries", "again_at"}, with
the states planned (may have been sent: a repeat with its token is harmless), sent (the service works on it), finished.
`existed` names those of it who had an account before we came. Where Cognito mails, `mailed_at` (event time) and `mails`
say how many of its mails went; by its default sender no more than 50 go in any 24 hours, and the rest waits.

A chunk of the way "pool" (pool_entry.py) is worked through by the console itself: `left` are those of it who are not
through, `doubt` those who may have been made.

Two threads of a worker use this: one sends and follows, the other looks at listings and plans. What if it dies here? A
planned chunk is sent again with the same token: the service finds the same job, single invitations answer "exists".
"""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.errors import Missing
from deepracer_admin.flows.access.cognito_pool import CHUNK, enter, open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Invitee, Lease, Outcome, State, Step
from deepracer_admin.records.ways_in import INVITES, POOL, SERVICE
from deepracer_admin.rules.mail_days import is_limited, reckon

__all__ = ["INVITES", "READ_BACK", "RESENT", "Invitations", "mails_sent"]

RESENT = "invites_resent"  # [[event time, attendee], ...]: Cognito's mails that went once more
READ_BACK = "Done at the service; it counts once it is read back."
PATIENCE_S = 2.0
PAUSE_S, LONGEST_PAUSE_S = 0.5, 3.0

Chunk = dict[str, Any]
# Reasons that concern one person: a listing looks for a row that the attempt left before anybody is invited again.
_EACH_ALONE = frozenset({"not_created", "group", "not_processed"})


class Invitations:
    """The chunks of one event after another. `settled` counts people whose chunk finished since it was last reset."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.settled = 0
        self.pause_s = PAUSE_S  # real seconds after which `follow` has something to tell again
        self._sent_at = 0.0
        self._through_at = math.inf  # when the chunk under way will have been worked off, by the pace shown so far
        self._each_s = 0.0
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------------------------ looking

    def chunks(self, event: Event) -> dict[str, Chunk]:
        """All chunks as stored, by token, in the order in which they were planned."""
        return dict(self.ports.store.get(event.id, INVITES) or {})

    def active(self, event: Event) -> bool:
        """Is any chunk planned or under way?"""
        return any(chunk["state"] != "finished" for chunk in self.chunks(event).values())

    def nearly_through(self, event: Event, within_s: float) -> bool:
        """Is the last chunk under way, and through within these seconds by the pace the service has shown?"""
        states = [chunk["state"] for chunk in self.chunks(event).values() if chunk["state"] != "finished"]
        return states == ["sent"] and self._through_at - self.ports.clock.monotonic() <= within_s

    def ours(self, event: Event) -> set[str]:
        """Attendees whose profile was made by this event: they were put into a chunk, and had no account then."""
        chunks = self.chunks(event).values()
        asked = [chunk for chunk in chunks if chunk.get("way") != POOL]
        existed = {person for chunk in asked for person in chunk.get("existed", ())}
        invited = {person for chunk in asked for person in chunk["people"]} - existed
        through_pool = [
            {*chunk["people"]} - {*chunk.get("existed", ())} for chunk in chunks if chunk.get("way") == POOL
        ]
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
            if chunk["state"] != "finished" and (not ways or chunk.get("way", SERVICE) in ways)
            for person in chunk.get("left", chunk["people"])
        }

    # ------------------------------------------------------------------------------------------------ acting

    def plan(self, event: Event, missing: Sequence[Attendee], lease: Lease) -> int:
        """Cut who is missing into chunks and store them; `follow` sends them."""
        if not missing:
            return 0
        invitees = [Invitee(person.id, person.email, person.alias, person.name) for person in missing]
        at, way = self.ports.clock.now().isoformat(), event.way_in
        if way == POOL:
            open_pool(self.ports)  # without it nothing is planned
            cut = [invitees[start : start + CHUNK] for start in range(0, len(invitees), CHUNK)]
        else:
            cut = [list(chunk) for chunk in self.ports.racing().chunk_invites(invitees)]
        fresh = {
            uuid.uuid4().hex: {
                "people": [each.key for each in chunk],
                "job": "",
                "state": "planned",
                "at": at,
                "way": way,
            }
            for chunk in cut
        }
        with self._lock:
            self.ports.store.put(event.id, INVITES, {**self.chunks(event), **fresh}, lease=lease)
        return len(missing)

    def follow(self, event: Event, lease: Lease, *, send: bool = True) -> int:
        """Ask after the chunk that the service works on, and send the next when it is through.

        Returns the people that were settled. At most one chunk is sent, so that a pause is heard soon.
        """
        before, self.pause_s = self.settled, PAUSE_S
        for token, chunk in self.chunks(event).items():
            if chunk["state"] != "sent":
                continue
            people = self._people(event, chunk)
            progress = self.ports.racing().invite_progress(chunk["job"], people)
            self._record(event, progress.outcomes, lease)
            if not progress.finished:
                self._reckon(progress.outcomes)
                return self.settled - before
            self._finish(event, token, progress.outcomes, lease)
        if send:
            self._send_next(event, lease)
        return self.settled - before

    def drop_planned(self, event: Event, lease: Lease) -> None:
        """Forget what was never sent (the close-out: nobody new comes in)."""
        with self._lock:
            chunks = self.chunks(event)
            kept = {token: {**chunk} for token, chunk in chunks.items() if not _unsent(chunk)}
            for chunk in kept.values():
                if chunk["state"] == "planned":
                    chunk["state"] = "finished"
                    untouched = {*chunk.get("left", ())} - {*chunk.get("doubt", ())}
                    chunk["existed"] = sorted(untouched.union(chunk.get("existed", ())))
            if kept != chunks:
                self.ports.store.put(event.id, INVITES, kept, lease=lease)

    def _send_next(self, event: Event, lease: Lease) -> None:
        found = next(((token, c) for token, c in self.chunks(event).items() if c["state"] == "planned"), None)
        if found is None:
            return
        token, chunk = found
        now = self.ports.clock.now()
        if chunk.get("again_at") and datetime.fromisoformat(chunk["again_at"]) > now:
            return
        if chunk.get("way", SERVICE) != event.way_in and _unsent(chunk):
            self._recut(event, token, lease)
            return
        people = self._people(event, chunk, wanted_only=True)
        if chunk.get("way") == POOL:
            self._enter(event, token, chunk, people, lease)
            return
        if self._by_default_sender(event) and not chunk.get("tries"):
            people = self._within_the_day(event, token, chunk, people, lease)
            if not people and chunk["people"]:
                return
        # Counted before it is sent: after a lost answer or a crash, "exists" may well mean the account that we made.
        first = {} if chunk.get("mailed_at") else {"mailed_at": self._event_now(), "mails": len(people)}
        self._change(event, token, lease, tries=chunk.get("tries", 0) + 1, **first)
        outcomes = list(self.ports.racing().invite(people, token=token)) if people else []
        jobs = [outcome.ref for outcome in outcomes if outcome.state is State.WAITING and outcome.ref]
        if jobs:
            self._record(event, outcomes, lease)
            self._change(event, token, lease, job=jobs[0], state="sent", again_at=None)
            self._sent_at = self.ports.clock.monotonic()
            self._through_at = self._sent_at + self._each_s * len(people) if self._each_s else math.inf
            return
        stopped = [each for each in outcomes if each.state is State.RETRY and each.reason not in _EACH_ALONE]
        if outcomes and len(stopped) == len(outcomes):
            self._put_off(event, token, outcomes, lease)
            return
        self._record(event, outcomes, lease)
        self._finish(event, token, outcomes, lease)

    def _reckon(self, outcomes: Sequence[Outcome]) -> None:
        """When the service will be through at the pace it has shown: asking earlier only costs calls."""
        left = sum(1 for outcome in outcomes if outcome.state is State.WAITING)
        done = len(outcomes) - left
        if done and self._sent_at:
            now = self.ports.clock.monotonic()
            self._each_s = (now - self._sent_at) / done
            self._through_at = now + left * self._each_s
            # Once in the middle, for whoever is in by then gets their mail; then when the service should be through.
            rest = left * self._each_s * (0.5 if left > len(outcomes) / 2 else 1.0)
            self.pause_s = min(max(rest, 0.02), LONGEST_PAUSE_S)

    def _put_off(self, event: Event, token: str, outcomes: Sequence[Outcome], lease: Lease) -> None:
        """Nobody of the chunk was served: it keeps its token, unless it has to be cut anew."""
        self._record(event, outcomes, lease)
        if any(outcome.reason == "recut" for outcome in outcomes):
            self._recut(event, token, lease)
            return
        wait = max((outcome.retry_after or PATIENCE_S for outcome in outcomes), default=PATIENCE_S)
        again = self.ports.clock.now() + timedelta(seconds=wait)
        self._change(event, token, lease, again_at=again.isoformat())

    def _recut(self, event: Event, token: str, lease: Lease) -> None:
        """Forget a chunk of which nothing was sent: the next look finds its people missing."""
        with self._lock:
            chunks = self.chunks(event)
            self.settled += len(chunks.pop(token)["people"])
            self.ports.store.put(event.id, INVITES, chunks, lease=lease)

    # ------------------------------------------------------------------------------- through the pool, by days

    def _enter(self, event: Event, token: str, chunk: Chunk, people: Sequence[Invitee], lease: Lease) -> None:
        """Work through a pool chunk. Everybody is in doubt while it is under way. Raises what meets everybody."""
        going = {*chunk.get("left", chunk["people"])}
        people = [person for person in people if person.key in going]
        known = {p for key, c in self.chunks(event).items() if key != token for p in c.get("existed", ())}
        doubtful = {*chunk.get("doubt", ())}
        keys = [person.key for person in people]
        self._change(event, token, lease, tries=chunk.get("tries", 0) + 1, left=keys, doubt=keys)
        found = enter(self.ports, people, doubtful=doubtful, known=known)
        self._record(event, found.outcomes, lease)
        gone = {*going} - {*keys}  # left the list meanwhile
        existed = sorted({*chunk.get("existed", ())} | found.existed | (gone - doubtful))
        self.settled += len(people) - len(found.left)
        if not found.left:
            self._change(event, token, lease, state="finished", left=[], doubt=[], existed=existed)
            return
        again = (self.ports.clock.now() + timedelta(seconds=found.wait_s)).isoformat()
        self._change(event, token, lease, left=found.left, doubt=found.doubt, existed=existed, again_at=again)
        if found.trouble is not None and len(found.left) == len(people):
            raise found.trouble

    def _event_now(self) -> str:
        return self.ports.clock.event_now().isoformat()

    def _by_default_sender(self, event: Event) -> bool:
        return is_limited(event, ses_by_settings=self.ports.cognito_by_ses)

    def _within_the_day(
        self, event: Event, token: str, chunk: Chunk, people: list[Invitee], lease: Lease
    ) -> list[Invitee]:
        """Those of an untried chunk whom the default sender may still mail; the others become a chunk that waits."""
        sent = mails_sent(self.chunks(event), self.ports.store.get(event.id, RESENT) or ())
        left = reckon(sent, len(people), self.ports.clock.event_now()).left
        if left >= len(people):
            return people
        going, rest = people[:left], [person.key for person in people[left:]]
        if not going:
            self.pause_s = LONGEST_PAUSE_S
        else:
            with self._lock:
                chunks = self.chunks(event)
                chunks[token]["people"] = [person.key for person in going]
                chunks[uuid.uuid4().hex] = {**chunk, "people": rest}
                self.ports.store.put(event.id, INVITES, chunks, lease=lease)
        return going

    def _people(self, event: Event, chunk: Chunk, *, wanted_only: bool = False) -> list[Invitee]:
        found: list[Attendee] = []
        for key in chunk["people"]:
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
        earlier = {person for key, each in chunks.items() if key != token for person in each["people"]}
        certain = chunk["job"] or chunk.get("tries", 1) <= 1
        existed = [
            outcome.person
            for outcome in outcomes
            if certain and outcome.state is State.ALREADY and outcome.person not in earlier
        ]
        unmailed = sum(1 for each in outcomes if each.state in (State.REFUSED, State.RETRY) or each.person in existed)
        mails = max(0, chunk.get("mails", 0) - unmailed)
        self._change(event, token, lease, state="finished", existed=existed, mails=mails)
        self.settled += len(chunk["people"])

    def _change(self, event: Event, token: str, lease: Lease, **values: Any) -> None:
        with self._lock:
            chunks = self.chunks(event)
            chunks[token] = {**chunks[token], **values}
            self.ports.store.put(event.id, INVITES, chunks, lease=lease)

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


def mails_sent(chunks: Mapping[str, Chunk], resent: Iterable[Sequence[str]]) -> list[tuple[datetime, int]]:
    """Mails that Cognito sent for us: when (event time) and how many."""
    invited = [(datetime.fromisoformat(c["mailed_at"]), c["mails"]) for c in chunks.values() if c.get("mailed_at")]
    return invited + [(datetime.fromisoformat(at), 1) for at, _ in resent]


def _unsent(chunk: Mapping[str, Any]) -> bool:
    return chunk["state"] == "planned" and not chunk.get("tries")

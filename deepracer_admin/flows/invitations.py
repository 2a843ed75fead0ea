"""Invitation chunks: stored before they are sent, sent one after another, followed until the service is through.

A chunk is kept under the event's key `invites`: token -> {"people", "job", "state", "at", "tries", "again_at"}, with
the states planned (may have been sent: a repeat with its token is harmless), sent (the service works on it), finished.
`existed` names those of it who had an account before we came.

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
from deepracer_admin.flows.ports import Ports
from deepracer_admin.model import Attendee, Event, Invitee, Lease, Outcome, State, Step

__all__ = ["INVITES", "READ_BACK", "Invitations"]

INVITES = "invites"
READ_BACK = "Done at the service; it counts once it is read back."
PATIENCE_S = 2.0
PAUSE_S, LONGEST_PAUSE_S = 0.5, 3.0

Chunk = dict[str, Any]


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
        existed = {person for chunk in chunks for person in chunk.get("existed", ())}
        return {person for chunk in chunks for person in chunk["people"]} - existed

    def pending(self, event: Event) -> set[str]:
        """People of chunks that are not finished."""
        chunks = self.chunks(event).values()
        return {person for chunk in chunks if chunk["state"] != "finished" for person in chunk["people"]}

    # ------------------------------------------------------------------------------------------------ acting

    def plan(self, event: Event, missing: Sequence[Attendee], lease: Lease) -> int:
        """Cut who is missing into chunks and store them; `follow` sends them."""
        if not missing:
            return 0
        invitees = [Invitee(person.id, person.email, person.alias, person.name) for person in missing]
        at = self.ports.clock.now().isoformat()
        fresh = {
            uuid.uuid4().hex: {"people": [each.key for each in chunk], "job": "", "state": "planned", "at": at}
            for chunk in self.ports.racing().chunk_invites(invitees)
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
            kept = {token: chunk for token, chunk in chunks.items() if not _unsent(chunk)}
            for chunk in kept.values():
                if chunk["state"] == "planned":
                    chunk["state"] = "finished"
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
        people = self._people(event, chunk, wanted_only=True)
        # Counted before it is sent: after a lost answer or a crash, "exists" may well mean the account that we made.
        self._change(event, token, lease, tries=chunk.get("tries", 0) + 1)
        outcomes = list(self.ports.racing().invite(people, token=token)) if people else []
        jobs = [outcome.ref for outcome in outcomes if outcome.state is State.WAITING and outcome.ref]
        if jobs:
            self._record(event, outcomes, lease)
            self._change(event, token, lease, job=jobs[0], state="sent", again_at=None)
            self._sent_at = self.ports.clock.monotonic()
            self._through_at = self._sent_at + self._each_s * len(people) if self._each_s else math.inf
            return
        stopped = [outcome for outcome in outcomes if outcome.state is State.RETRY]
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
            self.pause_s = min(max(left * self._each_s, 0.02), LONGEST_PAUSE_S)

    def _put_off(self, event: Event, token: str, outcomes: Sequence[Outcome], lease: Lease) -> None:
        """Nobody of the chunk was served: it keeps its token, unless it has to be cut anew."""
        self._record(event, outcomes, lease)
        if any(outcome.reason == "recut" for outcome in outcomes):
            with self._lock:
                rest = {key: chunk for key, chunk in self.chunks(event).items() if key != token}
                self.ports.store.put(event.id, INVITES, rest, lease=lease)
            self.settled += len(outcomes)
            return
        wait = max((outcome.retry_after or PATIENCE_S for outcome in outcomes), default=PATIENCE_S)
        again = self.ports.clock.now() + timedelta(seconds=wait)
        self._change(event, token, lease, again_at=again.isoformat())

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

    def _finish(self, event: Event, token: str, outcomes: Iterable[Outcome], lease: Lease) -> None:
        chunks = self.chunks(event)
        chunk = chunks[token]
        earlier = {person for key, each in chunks.items() if key != token for person in each["people"]}
        certain = chunk["job"] or chunk.get("tries", 1) <= 1
        existed = [
            outcome.person
            for outcome in outcomes
            if certain and outcome.state is State.ALREADY and outcome.person not in earlier
        ]
        self._change(event, token, lease, state="finished", existed=existed)
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


def _unsent(chunk: Mapping[str, Any]) -> bool:
    return chunk["state"] == "planned" and not chunk.get("tries")

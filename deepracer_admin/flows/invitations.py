"""Invitation chunks: stored before they are sent, sent one after another, followed until the service is through.

A chunk is kept under the event's key `invites`: token -> {"people", "job", "state", "at"}, with the states planned (may
have been sent: a repeat with its token is harmless), sent (the service works on it), finished.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from deepracer_admin.flows.ports import Ports
from deepracer_admin.model import Attendee, Event, Invitee, Lease, Outcome, State, Step

__all__ = ["INVITES", "READ_BACK", "Invitations"]

INVITES = "invites"
READ_BACK = "Done at the service; it counts once it is read back."


class Invitations:
    """The chunks of one event, as one pass works with them. `settled` counts people whose chunk finished in it."""

    def __init__(self, ports: Ports, event: Event, lease: Lease, people: Sequence[Attendee]) -> None:
        self.ports = ports
        self.event = event
        self.lease = lease
        self.settled = 0
        self._people = {person.id: person for person in people}
        self._chunks: dict[str, dict[str, Any]] = dict(ports.store.get(event.id, INVITES) or {})

    @property
    def active(self) -> bool:
        """Is any chunk planned or under way?"""
        return any(chunk["state"] != "finished" for chunk in self._chunks.values())

    @property
    def ours(self) -> set[str]:
        """Everybody who was ever put into a chunk: their profiles were made by this event."""
        return {person for chunk in self._chunks.values() for person in chunk["people"]}

    @property
    def pending(self) -> set[str]:
        """People of chunks that are not finished."""
        return {person for chunk in self._chunks.values() if chunk["state"] != "finished" for person in chunk["people"]}

    def follow(self) -> int:
        """Ask after the chunk that the service works on, send the next when it is through; returns people settled."""
        if not self.active:
            return 0
        for chunk in self._chunks.values():
            if chunk["state"] != "sent":
                continue
            progress = self.ports.racing().invite_progress(chunk["job"], self._invitees(chunk, wanted_only=False))
            self._record(progress.outcomes)
            if progress.finished:
                self._finish(chunk)
        self._send()
        return self.settled

    def invite(self, missing: Sequence[Attendee]) -> int:
        """Cut who is missing into chunks, store them, and send the first; the rest follow as chunks finish."""
        self.settled = 0
        if missing:
            invitees = [Invitee(person.id, person.email, person.alias, person.name) for person in missing]
            at = self.ports.clock.now().isoformat()
            for chunk in self.ports.racing().chunk_invites(invitees):
                people = [entry.key for entry in chunk]
                self._chunks[uuid.uuid4().hex] = {"people": people, "job": "", "state": "planned", "at": at}
            self._save()
            self._send()
        return len(missing)

    def _send(self) -> None:
        """Send planned chunks in order until one is left to work at the service (one active job per admin)."""
        for token, chunk in self._chunks.items():
            if chunk["state"] == "sent":
                return
            if chunk["state"] != "planned":
                continue
            invitees = self._invitees(chunk, wanted_only=True)
            outcomes = list(self.ports.racing().invite(invitees, token=token)) if invitees else []
            if any(outcome.state is State.RETRY and outcome.reason == "busy" for outcome in outcomes):
                return
            jobs = [outcome.ref for outcome in outcomes if outcome.state is State.WAITING and outcome.ref]
            self._record(outcomes)
            if jobs:
                chunk["job"], chunk["state"] = jobs[0], "sent"
                self._save()
                return
            self._finish(chunk)

    def _invitees(self, chunk: dict[str, Any], *, wanted_only: bool) -> list[Invitee]:
        found = [self._people[key] for key in chunk["people"] if key in self._people]
        return [
            Invitee(person.id, person.email, person.alias, person.name)
            for person in found
            if person.wanted or not wanted_only
        ]

    def _finish(self, chunk: dict[str, Any]) -> None:
        chunk["state"] = "finished"
        self.settled += len(chunk["people"])
        self._save()

    def _save(self) -> None:
        self.ports.store.put(self.event.id, INVITES, self._chunks, lease=self.lease)

    def _record(self, outcomes: Iterable[Outcome]) -> None:
        """An invitation's DONE is only a promise until a listing shows the profile."""
        told = [
            Outcome(
                outcome.person,
                Step.PROFILE,
                State.WAITING if outcome.state.is_done else outcome.state,
                outcome.reason,
                outcome.sentence or READ_BACK,
                outcome.retry_after,
                outcome.ref,
            )
            for outcome in outcomes
        ]
        self.ports.store.record(self.event.id, told, lease=self.lease, now=self.ports.clock.now())

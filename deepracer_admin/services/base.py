"""What every service shares: of which event it is, authorise, then act, then audit.

A service is of one event from its making (`EventDesk` in compose.py holds one of each): every read, act, job and audit
row is of that event, whatever other screens show meanwhile.

A service method takes the `Actor` first, calls `_authorise` before anything else, and returns plain values for a page,
the command line or a function to show. It never calls an outside service: it reads the store, or records what should
be (a job, a desired state) for the worker.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.errors import Conflict, Missing, NotAllowed, SignedOut
from deepracer_admin.model import Actor, AuditEntry, Event, Job, JobItem, JobState, Role
from deepracer_admin.records.connect_check import CHECK_AGAIN, asked_again
from deepracer_admin.rules.access import ACTIONS, allowed, explain
from deepracer_admin.rules.sessions import is_over, roles_are_fresh
from deepracer_admin.services.file_desk import FileDesk
from deepracer_admin.services.seen import Seen
from deepracer_admin.settings import Settings
from deepracer_admin.store import EventStore, History, Sessions
from deepracer_admin.vault import Vault

__all__ = ["NONE_LISTED", "House", "Service", "new_id"]

NONE_LISTED = "Nobody of the chosen is on this event's list any more; choose again."

JOIN_TRIES = 3  # a job may end between the refusal and the look for it


def new_id(prefix: str) -> str:
    """A random id, e.g. `job-9f2c...`; letters, digits and `-` only."""
    return f"{prefix}-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class House:
    """What services stand on; built once by compose.py."""

    settings: Settings
    clock: Clock
    store: EventStore
    history: History
    sessions: Sessions
    files: FileDesk
    vault: Vault
    seen: Seen = field(default_factory=lambda: Seen(time.monotonic))


class Service:
    """Base of the services: authorisation, audit, jobs."""

    def __init__(self, house: House, event_id: str = "") -> None:
        self.house = house
        self.event_id = event_id  # "": no event exists yet
        self.store = house.store
        self.clock = house.clock

    def event(self) -> Event | None:
        """The event of this desk as stored now; None before the first is created."""
        try:
            return self.store.event(self.event_id) if self.event_id else None
        except Missing:
            return None

    def _event(self) -> Event:
        event = self.event()
        if event is None:
            raise Missing("There is no event yet; an organizer creates one on the Set up page.")
        return event

    def _job(self, job_id: str) -> Job:
        """A job of this event. Raises Missing, also for another event's."""
        job = self.store.job(job_id)
        if job.event != self.event_id:
            raise Missing("This job belongs to another event: open that event, and choose it there.")
        return job

    def _check_people(self, event: str, attendees: Iterable[str]) -> None:
        """Raises Missing when somebody of these is not on this event's list: nothing is done for the others then."""
        people = {person.id for person in self.store.attendees(event)}
        if not people.issuperset(attendees):
            raise Missing("Some of the chosen people are not on this event's list (any more); choose again.")

    def _racing_kind(self, event: Event) -> str:
        """The racing service of the event, "on_aws" or "managed": its own choice, else the setting's."""
        return event.service or self.house.settings.racing

    def _address_rule(self, event: Event) -> str | None:
        """By which rule addresses are refused (rules/roster/addresses.py): the racing service's, else the mail's."""
        if self._racing_kind(event) == "on_aws":
            return "on_aws"
        return "ses" if self.house.settings.mailer == "ses" else None

    def _authorise(self, actor: Actor, action: str, *, target: str = "") -> None:
        """Default deny, asked at the moment of the act. A refusal is audited, because it is worth knowing.

        A page may hold an actor from when it was drawn (a dialog, a fragment, a late download): what counts is the
        session as it is now. `session` is "" for the command line and the worker, which have none.
        Raises SignedOut, NotAllowed.
        """
        entry = ACTIONS.get(action)
        refusal: NotAllowed | SignedOut | None = None if allowed(actor, action) else NotAllowed(explain(actor, action))
        if refusal is None and actor.session:
            refusal = self._not_now(actor, action)
        if refusal is None:
            return
        if entry is None or entry.writes:
            self._audit(actor, action, target=target, allowed_=False)
        raise refusal

    def _not_now(self, actor: Actor, action: str) -> NotAllowed | SignedOut | None:
        saved, now = self.house.sessions.lookup(actor.session), self.clock.now()
        if saved is None or saved.oid != actor.oid or is_over(saved.created_at, saved.last_seen_at, now):
            return SignedOut("Your session has ended, so nothing was done: sign in again, then press once more.")
        present = replace(actor, roles=frozenset(Role(role) for role in saved.roles))
        if not allowed(present, action):
            return NotAllowed(explain(present, action))
        if ACTIONS[action].for_good and not roles_are_fresh(saved.roles_read_at or saved.created_at, now):
            return NotAllowed(
                "This cannot be taken back, and Microsoft has not confirmed your role for a quarter of an hour, so "
                "nothing was done: sign out and in again, then press once more."
            )
        return None

    def _audit(
        self,
        actor: Actor,
        action: str,
        *,
        target: str = "",
        count: int = 1,
        before: Any = None,
        after: Any = None,
        job: str = "",
        allowed_: bool = True,
        event_id: str | None = None,
    ) -> AuditEntry:
        role = next(iter(sorted(role.value for role in actor.roles)), "")
        return self.store.append_audit(
            AuditEntry(
                seq=0,
                at=self.clock.now(),
                event=self.event_id if event_id is None else event_id,
                actor=actor.oid,
                actor_name=actor.name,
                role=role,
                action=action,
                target=target,
                count=count,
                before=before,
                after=after,
                allowed=allowed_,
                job=job,
                on_behalf_of=actor.on_behalf_of,
            )
        )

    def _plan_job(
        self,
        actor: Actor,
        action: str,
        kind: str,
        *,
        target: str,
        plan: Mapping[str, Any],
        items: Iterable[JobItem] = (),
        undoable: bool = False,
        before: Any = None,
        after: Any = None,
    ) -> Job:
        """Record a job for the worker and audit it. Raises Conflict when that very work already runs."""
        event = self._event()
        listed = [*items]
        now = self.clock.now()
        job = self.store.create_job(
            Job(
                id=new_id("job"),
                event=event.id,
                kind=kind,
                target=target,
                state=JobState.PLANNED,
                plan=dict(plan),
                total=len(listed) or 1,
                undoable=undoable,
                created_by=actor.on_behalf_of or actor.oid,
                created_by_name=actor.name,
                created_at=now,
                changed_at=now,
            ),
            listed,
        )
        self._audit(actor, action, target=target, count=len(listed) or 1, before=before, after=after, job=job.id)
        return job

    def _plan_or_join(
        self,
        actor: Actor,
        action: str,
        kind: str,
        *,
        plan: Mapping[str, Any],
        target: str = "",
        busy: str = "Another one is under way: wait until it is done.",
    ) -> Job:
        """Plan a job, or name the one under way that does this very thing. Raises Conflict with `busy` where that one
        does something else: nobody is told that it does theirs. `target`: "" for the event."""
        event = self._event()
        target = target or event.id
        for _ in range(JOIN_TRIES):
            try:
                return self._plan_job(actor, action, kind, target=target, plan=plan)
            except Conflict:
                every = self.store.jobs(event.id, live=True, kind=kind)
                live = next((job for job in every if job.target == target), None)
                if live is not None and live.plan != plan:
                    raise Conflict(busy) from None
                if live is not None:
                    return live  # else it ended just now
        raise Conflict(busy)

    def _plan_check(self, actor: Actor) -> Job:
        """The pre-flight, begun after this. Where one is under way it is run once more when it ends: what it has read
        by now may be from before the change for which this was pressed."""
        event = self._event()
        plan = partial(self._plan_job, actor, "setup.check", "check", target=event.id, plan={})
        try:
            return plan()
        except Conflict:
            self.store.update(event.id, CHECK_AGAIN, lambda last: asked_again(last, actor))
            with suppress(Conflict):
                return plan()  # it ended meanwhile, and may not have seen that
            live = next(iter(self.store.jobs(event.id, kind="check", limit=1)))
            self._audit(actor, "setup.check", target=event.id, count=1, after={"again": True}, job=live.id)
            return live

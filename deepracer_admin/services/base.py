"""What every service shares: authorise, then act, then audit.

A service method takes the `Actor` first, calls `_authorise` before anything else, and returns plain values for a page,
the command line or a function to show. It never calls an outside service: it reads the store, or records what should
be (a job, a desired state) for the worker.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.errors import Conflict, Missing, NotAllowed
from deepracer_admin.model import Actor, AuditEntry, Event, Job, JobItem, JobState
from deepracer_admin.rules.access import ACTIONS, allowed, explain
from deepracer_admin.services.file_desk import FileDesk
from deepracer_admin.settings import Settings
from deepracer_admin.store import EventStore, History, Sessions

__all__ = ["House", "Service", "new_id"]

CURRENT_EVENT = "current_event"


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


class Service:
    """Base of the services: authorisation, audit, jobs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.store = house.store
        self.clock = house.clock

    def current_event(self) -> Event | None:
        """The event that this console runs now; None before the first is created."""
        chosen = self.store.get("", CURRENT_EVENT)
        if chosen is None:
            return None
        try:
            return self.store.event(chosen)
        except Missing:
            return None

    def _event(self) -> Event:
        event = self.current_event()
        if event is None:
            raise Missing("There is no event yet; an organizer creates one on the Set up page.")
        return event

    def _racing_kind(self, event: Event) -> str:
        """The racing service of the event, "on_aws" or "managed": its own choice, else the setting's."""
        return event.service or self.house.settings.racing

    def _authorise(self, actor: Actor, action: str, *, target: str = "") -> None:
        """Default deny. A refusal is audited, because it is worth knowing."""
        if allowed(actor, action):
            return
        if action not in ACTIONS or ACTIONS[action].writes:
            self._audit(actor, action, target=target, allowed_=False)
        raise NotAllowed(explain(actor, action))

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
    ) -> AuditEntry:
        event = self.current_event()
        role = next(iter(sorted(role.value for role in actor.roles)), "")
        return self.store.append_audit(
            AuditEntry(
                seq=0,
                at=self.clock.now(),
                event=event.id if event else "",
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

    def _plan_check(self, actor: Actor) -> Job:
        """The connect check; the one under way when there is one."""
        event = self._event()
        try:
            return self._plan_job(actor, "setup.check", "check", target=event.id, plan={})
        except Conflict:
            return self.store.jobs(event.id, live=True, kind="check")[0]

"""Jobs, the audit, and the right to work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from deepracer_admin.model.access import State


class JobState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"

    @property
    def is_live(self) -> bool:
        return self in (JobState.PLANNED, JobState.RUNNING, JobState.PAUSED)


@dataclass(frozen=True, slots=True)
class Job:
    """How a person changes what should be. One live job per `kind` and `target` (architecture.md)."""

    id: str
    event: str
    kind: str
    target: str
    state: JobState
    plan: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    failed: int = 0
    sentence: str = ""
    undoable: bool = False
    created_by: str = ""
    created_by_name: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobItem:
    """What a job did, or will do, to one person or thing; `before` and `after` make undo possible."""

    job: str
    key: str
    state: State
    reason: str = ""
    sentence: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to how many, when, before and after. `digest` chains to the entry before (rules/audit.py)."""

    seq: int
    at: datetime
    event: str
    actor: str  # oid
    actor_name: str
    role: str
    action: str
    target: str
    count: int
    before: Any = None
    after: Any = None
    allowed: bool = True
    job: str = ""
    on_behalf_of: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a kind of work. Writes carry `epoch` and are refused when a newer holder exists."""

    name: str
    holder: str
    epoch: int
    until: datetime  # real time

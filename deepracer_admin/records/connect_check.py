"""What the pre-flight found: its last run, the one before, and for which day one was planned by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Actor, Finding
from deepracer_admin.store.documents import Document, Reading

__all__ = ["CHECK", "CHECK_AGAIN", "CHECK_PLANNED", "POOL_CHECK", "Again", "Checked", "asked_again"]


@dataclass(frozen=True, slots=True)
class Checked:
    """`as_of`: real time; None = it never ran. `before` are the findings of the run before, of `before_as_of`. `by`:
    who asked for it, "" when it ran by itself. `event_at`: event time. `again`: up to which press it was asked for once
    more when it began (Again.number)."""

    findings: tuple[Finding, ...] = ()
    as_of: datetime | None = None
    before: tuple[Finding, ...] = ()
    before_as_of: datetime | None = None
    by: str = ""
    event_at: datetime | None = None
    again: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """Presses while a run was under way, counted; `oid`, `name`: of whoever pressed last."""

    number: int = 0
    oid: str = ""
    name: str = ""


def asked_again(last: Again, actor: Actor) -> Again:
    """One press more."""
    return Again(last.number + 1, actor.on_behalf_of or actor.oid, actor.name)


CHECK = Reading("check", Checked, Checked(), personal=False)
"""Written by the job `check` and by the command `preflight`; read by the Set up and Event pages."""

CHECK_AGAIN = Document("check_again", Again, Again(), personal=False)
"""A run is owed to whoever pressed last while CHECK has a smaller number."""

CHECK_PLANNED = Document("check_planned", str, "", personal=False)
"""The day (ISO date, in the event's zone) for which the worker has planned a run by itself."""

POOL_CHECK = Reading("pool_check", str, "", personal=False)
"""Why the credentials on the user pool cannot be used, in a sentence; "" when they can, or nobody has tried. Written by
the job `check`; read where our own mail is offered as the way in."""

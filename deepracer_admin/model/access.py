"""Access: steps, their states, and what happened to one person in one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """Access steps and milestones in funnel order. The first three are granted, the rest are seen."""

    PROFILE = "profile"  # a profile with alias and limits exists in the racing service (seen at the service)
    GROUP = "group"  # member of the Entra group (seen at the service)
    ACCESS = "access"  # access proven by reading back
    MAIL = "mail"  # our access mail was accepted by the sender
    SIGNED_IN = "signed_in"
    TRAINED = "trained"
    SUBMITTED = "submitted"


class State(StrEnum):
    """State of one step of one person, and of an `Outcome` (architecture.md, Outcomes)."""

    TODO = "todo"
    DONE = "done"
    ALREADY = "already"  # was so before we came; counts as done
    WAITING = "waiting"  # the service works on it, or another step must come first
    RETRY = "retry"  # a repeat is harmless and planned
    REFUSED = "refused"  # needs a human; carries a sentence
    UNKNOWN = "unknown"  # a lost answer

    @property
    def is_done(self) -> bool:
        return self in (State.DONE, State.ALREADY)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one person in one step. Never one outcome for a whole batch.

    `reason` is a short stable code, `sentence` is for a person, `retry_after` in real seconds, `ref` an id that the
    service gave (profile id, member id, message id, job id).
    """

    person: str
    step: Step
    state: State
    reason: str = ""
    sentence: str = ""
    retry_after: float | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """The last seen state of one step of one attendee, as stored."""

    attendee: str
    step: Step
    state: State
    reason: str = ""
    sentence: str = ""
    ref: str = ""
    attempts: int = 0
    next_try_at: datetime | None = None  # real time
    changed_at: datetime | None = None  # real time

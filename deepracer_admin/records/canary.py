"""The canary: one account that goes the whole way in, and out again, before 2,000 people do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deepracer_admin.store.documents import Document

__all__ = ["CANARY", "Canary", "CanaryStep"]


class CanaryStep(StrEnum):
    """Where it is. Each is stored before its call."""

    NONE = "none"
    INVITE = "invite"  # it may be in from here on
    LISTED = "listed"
    LIMITS = "limits"
    MAIL = "mail"
    OUT = "out"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Canary:
    """The last one. `job` that works on it; `profile` "" until the service lists it. Real time: `step_at`, when this
    step began, and `ended_at`. `trouble`: what went wrong first, a sentence; `mail`: what became of its mail."""

    job: str = ""
    address: str = ""
    step: CanaryStep = CanaryStep.NONE
    profile: str = ""
    step_at: datetime | None = None
    ended_at: datetime | None = None
    trouble: str = ""
    mail: str = ""

    @property
    def may_be_in(self) -> bool:
        """Has it an account, as far as anybody knows?"""
        return self.step not in (CanaryStep.NONE, CanaryStep.GONE)


CANARY = Document("canary", Canary, Canary(), personal=True)
"""Written by the job `canary`; read by the pre-flight and the Set up page."""

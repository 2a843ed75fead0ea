"""Whether onboarding runs, how far it is, and what the worker is in trouble with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deepracer_admin.model import Step
from deepracer_admin.store.documents import Document, Reading

__all__ = ["ONBOARDING", "ONBOARDING_REPORT", "TROUBLE", "Onboarding", "OnboardingReport", "Run"]


class Run(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    CLOSED = "closed"  # by the close-out, for good


@dataclass(frozen=True, slots=True)
class Onboarding:
    """`by` (object id) and `by_name`: the organizer who said so last, on whose behalf the worker acts; `since`: when,
    real time."""

    state: Run = Run.IDLE
    by: str = ""
    by_name: str = ""
    since: datetime | None = None


ONBOARDING = Document("onboarding", Onboarding, Onboarding(), personal=False)
"""Written by organizers (start, pause) and the close-out; read by the worker, which works only while it is RUNNING."""


@dataclass(frozen=True, slots=True)
class OnboardingReport:
    """Real time. Estimates: people who reached their mail a minute, of the last two, and minutes until all have it;
    `not_known`: steps of which the connected services tell nothing; `limit`: the limit in force, in words."""

    as_of: datetime | None = None
    rate_per_minute: float = 0.0
    eta_minutes: float | None = None
    limit: str = ""
    not_known: tuple[Step, ...] = ()


ONBOARDING_REPORT = Reading("onboarding_report", OnboardingReport, OnboardingReport(), personal=False)
"""Written by the worker every few seconds while onboarding runs; read by the Onboarding page."""

TROUBLE: Document[Mapping[str, str]] = Document("trouble", Mapping[str, str], {}, personal=True)
"""Duty of the worker -> one sentence that says what it waits for. Written by the worker's duties, each its own line;
read by the Event and Onboarding pages and `status`."""

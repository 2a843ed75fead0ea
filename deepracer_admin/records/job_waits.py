"""How long a job has not got on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["JOB_WAITS", "JobWait"]


@dataclass(frozen=True, slots=True)
class JobWait:
    """`mark`: how far the job was (counts alone) when it last got on, at `since` (real time); `tries` since, counted up
    to the few that are needed before its patience may end."""

    mark: str
    since: datetime
    tries: int = 0


JOB_WAITS = Table("job_waits", JobWait, "job", personal=False)
"""A live job -> since when it stands still. Written and read by the worker's JobRunner, gone when the job has ended."""

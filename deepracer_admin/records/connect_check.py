"""What the connect check found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Finding
from deepracer_admin.store.documents import Reading

__all__ = ["CHECK", "POOL_CHECK", "Checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """`as_of`: real time; None = the check never ran."""

    findings: tuple[Finding, ...] = ()
    as_of: datetime | None = None


CHECK = Reading("check", Checked, Checked(), personal=False)
"""Written by the job `check`; read by the Set up and Event pages."""

POOL_CHECK = Reading("pool_check", str, "", personal=False)
"""Why the credentials on the user pool cannot be used, in a sentence; "" when they can, or nobody has tried. Written by
the job `check`; read where our own mail is offered as the way in."""

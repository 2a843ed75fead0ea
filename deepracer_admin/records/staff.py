"""Who runs the deployment, of all events: never invited, limited or deleted."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Table

__all__ = ["STAFF_GROUPS", "STAFF_NAMED", "StaffMember"]


@dataclass(frozen=True, slots=True)
class StaffMember:
    """`role`: as the service names it; "" when somebody was only named by hand."""

    role: str = ""


STAFF_NAMED = Table("staff", StaffMember, "email", personal=False, of_event=False)
"""By lower-case address: named on the Set up page, or given a role from there. Written there and by the job `role`."""

STAFF_GROUPS = Table("staff_groups", StaffMember, "email", personal=False, of_event=False)
"""By lower-case address: members of the user pool's staff groups, as last read. Written by the pre-flight, and by
the job `role` when somebody becomes a racer."""

"""Attendee lists: any file or pasted text -> accepted people, findings, and a plan of what an import would change.

Pure: bytes and values in, values out. `check` reads a file and is called in the child process alone
(reading_process.py), so it is not named here: everybody else asks services/file_desk.py.
"""

from deepracer_admin.rules.roster.addresses import normalise_email, service_refusal
from deepracer_admin.rules.roster.cells import sole_address
from deepracer_admin.rules.roster.columns import FIELDS
from deepracer_admin.rules.roster.findings import (
    Column,
    Duplicate,
    LeftOut,
    Limits,
    Rejected,
    RosterCheck,
    RosterRow,
    UnreadableRoster,
)
from deepracer_admin.rules.roster.people import display_name
from deepracer_admin.rules.roster.plan import Change, ImportPlan, KnownAttendee, PlanEntry, plan_check, plan_import

__all__ = [
    "FIELDS",
    "Change",
    "Column",
    "Duplicate",
    "ImportPlan",
    "KnownAttendee",
    "LeftOut",
    "Limits",
    "PlanEntry",
    "Rejected",
    "RosterCheck",
    "RosterRow",
    "UnreadableRoster",
    "display_name",
    "normalise_email",
    "plan_check",
    "plan_import",
    "service_refusal",
    "sole_address",
]

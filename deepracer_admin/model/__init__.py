"""What the field is made of. Frozen values, typed, no I/O; units stand in the docstrings.

Times are aware datetimes in UTC. Compute is in minutes (float, as services report fractions), lap times in
milliseconds, storage in bytes, money in US dollars (float, always an estimate unless it says otherwise). `UNLIMITED`
(-1) means no limit.
"""

from __future__ import annotations

from deepracer_admin.model.access import Outcome, State, Step, StepRow
from deepracer_admin.model.event import GB_HOURS_A_MONTH, UNLIMITED, Event, Finding, FromBackup, PriceList, Quota, Stage
from deepracer_admin.model.mail import (
    CANCELLED,
    Again,
    Delivery,
    DeliveryEvent,
    Message,
    Receipt,
    SenderLimits,
    Sending,
)
from deepracer_admin.model.mailbox import Mailbox, ascii_address, ascii_domain, has_hidden, read_mailbox
from deepracer_admin.model.people import Actor, Attendee, Found, Group, Resolution, Role
from deepracer_admin.model.racing import (
    RUNNING_MODELS,
    Account,
    Capabilities,
    Invitee,
    Model,
    Profile,
    Race,
    RaceDraft,
    RaceStatus,
    Standing,
    Timing,
    Track,
)
from deepracer_admin.model.usage import BilledDay, Limit, ModelJobs, ProfileUse, ProfileUses, UsageSample
from deepracer_admin.model.work import AuditEntry, Job, JobItem, JobState, Lease

__all__ = [
    "CANCELLED",
    "GB_HOURS_A_MONTH",
    "RUNNING_MODELS",
    "UNLIMITED",
    "Account",
    "Actor",
    "Again",
    "Attendee",
    "AuditEntry",
    "BilledDay",
    "Capabilities",
    "Delivery",
    "DeliveryEvent",
    "Event",
    "Finding",
    "Found",
    "FromBackup",
    "Group",
    "Invitee",
    "Job",
    "JobItem",
    "JobState",
    "Lease",
    "Limit",
    "Mailbox",
    "Message",
    "Model",
    "ModelJobs",
    "Outcome",
    "PriceList",
    "Profile",
    "ProfileUse",
    "ProfileUses",
    "Quota",
    "Race",
    "RaceDraft",
    "RaceStatus",
    "Receipt",
    "Resolution",
    "Role",
    "SenderLimits",
    "Sending",
    "Stage",
    "Standing",
    "State",
    "Step",
    "StepRow",
    "Timing",
    "Track",
    "UsageSample",
    "ascii_address",
    "ascii_domain",
    "has_hidden",
    "read_mailbox",
]

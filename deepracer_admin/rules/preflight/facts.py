"""What a pre-flight knows when it judges: readings of the outside, each with its time or with why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from deepracer_admin.model import Account, Capabilities, Event, Finding, Group, Quota, Race, SenderLimits
from deepracer_admin.model.readiness import (
    AppCredential,
    AwsRights,
    CanarySeen,
    ComputerSeen,
    GroupOwners,
    ListenerSeen,
    NamesSeen,
    PermissionSet,
    SignedInStaff,
    StoreSeen,
)
from deepracer_admin.rules.capacity import Outlook

__all__ = ["Facts", "Kind", "MailSeen", "Plan", "RacingSeen", "Read", "Trouble", "not_asked"]

T = TypeVar("T")


class Kind(StrEnum):
    """What kind of trouble kept a reading back."""

    REFUSED = "refused"  # a right, a sign-in, a setting or the thing itself is missing: evidence against it
    PASSING = "passing"  # unreachable, slow, failing, throttled, or an answer that makes no sense: proves nothing


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no reading, in a sentence. `code`: the service's own, "" for none."""

    kind: Kind
    sentence: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """One reading. `value` None without `trouble`: there is nothing to ask here. `as_of`: real time."""

    source: str
    value: T | None = None
    trouble: Trouble | None = None
    as_of: datetime | None = None


def not_asked(source: str = "") -> Read:
    """A reading that does not apply here."""
    return Read(source)


@dataclass(frozen=True, slots=True)
class RacingSeen:
    """`self_sign_up` None: the service has no such setting."""

    account: Account
    capabilities: Capabilities
    self_sign_up: bool | None = None


@dataclass(frozen=True, slots=True)
class MailSeen:
    """What the sender's service says: its own findings by key, and its limits."""

    findings: Mapping[str, Finding]
    limits: SenderLimits


@dataclass(frozen=True, slots=True)
class Plan:
    """What this console itself knows: no call. `people`: wanted on the list; `mailed`: who had their access mail.

    `races` None: never read. `price_default`: the shipped price list was never changed.
    """

    people: int = 0
    mailed: int = 0
    races: Sequence[Race] | None = ()
    price_default: bool = False
    sponsorship_open: bool | None = None
    quotas: Sequence[Quota] = ()  # of each wanted person
    slots: int = 0
    canary: CanarySeen | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks judge. `kind`: "on_aws" | "managed"; `now` real time, `event_now` event time."""

    event: Event
    kind: str
    now: datetime
    event_now: datetime
    rehearsal: bool
    mailer: str  # "ses" | "smtp" | "pinpoint"
    sender: str  # From address in force, "" for none
    cognito_limited: bool  # Cognito's own sender with its 50 a day
    app_only: bool
    acting_for: str  # object id of the person on whose behalf the directory is asked
    plan: Plan = field(default_factory=Plan)
    credential: Read[AppCredential] = field(default_factory=not_asked)
    signed_in: Read[SignedInStaff] = field(default_factory=not_asked)
    rights: Read[frozenset[str]] = field(default_factory=not_asked)
    guests: Read[bool] = field(default_factory=not_asked)
    people: Read[bool] = field(default_factory=not_asked)
    group: Read[Group] = field(default_factory=not_asked)
    owners: Read[GroupOwners] = field(default_factory=not_asked)
    assignment: Read[bool] = field(default_factory=not_asked)
    permission_set: Read[PermissionSet] = field(default_factory=not_asked)
    aws_rights: Read[AwsRights] = field(default_factory=not_asked)
    racing: Read[RacingSeen] = field(default_factory=not_asked)
    pool: Read[bool] = field(default_factory=not_asked)
    slot_quotas: Read[Mapping[str, int]] = field(default_factory=not_asked)
    outlook: Read[Outlook] = field(default_factory=not_asked)
    mail: Read[MailSeen] = field(default_factory=not_asked)
    signing: Read[Mapping[str, bool]] = field(default_factory=not_asked)  # DKIM record -> leads where it should
    names: Read[NamesSeen] = field(default_factory=not_asked)
    clock: Read[Mapping[str, timedelta]] = field(default_factory=not_asked)
    computer: Read[ComputerSeen] = field(default_factory=not_asked)
    store: Read[StoreSeen] = field(default_factory=not_asked)
    listener: Read[ListenerSeen] = field(default_factory=not_asked)

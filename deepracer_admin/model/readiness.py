"""What a pre-flight reads besides what the console reads anyway: values of one look at the outside, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = [
    "AppCredential",
    "AwsRights",
    "CanarySeen",
    "ComputerSeen",
    "GroupOwners",
    "ListenerSeen",
    "NamesSeen",
    "PermissionSet",
    "SignedInStaff",
    "StoreSeen",
]


@dataclass(frozen=True, slots=True)
class AppCredential:
    """The credential with which the console's app signs in to Entra, accepted a moment ago.

    `kind`: "certificate" | "secret". `ends_at` None: when it ends could not be read, and `not_told` says why.
    """

    issuer: str
    kind: str
    ends_at: datetime | None = None
    not_told: str = ""


@dataclass(frozen=True, slots=True)
class AwsRights:
    """What IAM says of the console's own credentials. `asked`: policies that were gone through; `denied`: by policy,
    the actions that are not allowed."""

    asked: tuple[str, ...]
    denied: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CanarySeen:
    """The last account that was sent the whole way in and out. `ended_at` None: it stands somewhere on the way.
    `trouble`: what went wrong, "" for nothing. `may_be_in`: it may still have access."""

    ended_at: datetime | None
    trouble: str
    may_be_in: bool


@dataclass(frozen=True, slots=True)
class GroupOwners:
    """Object ids of a group's owners, lower case."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """A permission set of IAM Identity Center. `session`: how long a racer stays signed in."""

    name: str
    arn: str
    relay_state: str
    session: timedelta


@dataclass(frozen=True, slots=True)
class SignedInStaff:
    """How many people of each role have signed in here, and for how many of them the worker may act."""

    organizers: int
    facilitators: int
    viewers: int
    delegations: int


@dataclass(frozen=True, slots=True)
class NamesSeen:
    """What DNS says about the sender's domain: the texts that were found."""

    domain: str
    spf: tuple[str, ...] = ()
    dmarc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComputerSeen:
    """Bytes free where the data folder lies."""

    free_bytes: int
    folder: str


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """`kind`: "sqlite" | "dynamodb". `damage`: what its own check complains about, "" for nothing. `backed_up_at`: real
    time of the last copy, None for none; `continuous`: the table's point-in-time recovery, None where there is none."""

    kind: str
    damage: str = ""
    backed_up_at: datetime | None = None
    continuous: bool | None = None
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ListenerSeen:
    """The second listener, asked at the address in links. `ours`: this console answered. `host`: where it is bound."""

    address: str
    ours: bool
    status: int
    host: str

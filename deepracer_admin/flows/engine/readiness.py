"""What a pre-flight asks of the outside beside the ports: each a read, given by compose.py (readiness_access.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from deepracer_admin.model import Event
from deepracer_admin.model.readiness import (
    AppCredential,
    AwsRights,
    ComputerSeen,
    GroupOwners,
    ListenerSeen,
    SignedInStaff,
    StoreSeen,
)
from deepracer_admin.rules.capacity import Outlook, Plan

__all__ = ["DirectorySetup", "NameService", "Readiness"]


class DirectorySetup(Protocol):
    """How the app and the group are set up in the directory. Every method may raise a `ConsoleError`."""

    def credential(self) -> AppCredential: ...

    def rights(self) -> frozenset[str]: ...

    def may_invite(self) -> bool: ...

    def owners(self, group_id: str) -> GroupOwners: ...


class NameService(Protocol):
    """DNS. Every method may raise a `ServiceError`."""

    def texts(self, name: str) -> tuple[str, ...]: ...

    def leads_to(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every call may raise a `ConsoleError`. `listener` None: there is no second listener; `aws_rights` None: the
    console has no AWS credentials of its own. `outlook` takes seconds of arithmetic, in a process of its own."""

    directory: Callable[[str], DirectorySetup]
    signed_in: Callable[[], SignedInStaff]
    names: Callable[[], NameService]
    clock_offsets: Callable[[Event], Mapping[str, timedelta]]
    computer: Callable[[], ComputerSeen]
    store: Callable[[], StoreSeen]
    listener: Callable[[Event], ListenerSeen | None]
    aws_rights: Callable[[Event], AwsRights | None]
    outlook: Callable[[Plan], Outlook]
    mailer_kind: str
    app_only: bool

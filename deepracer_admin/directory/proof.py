"""What shows that people have access where the directory's own cycle grants it: the port of the proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from deepracer_admin.model import Limit
from deepracer_admin.model.readiness import PermissionSet

__all__ = ["AccessProof", "Arrival", "Assignment", "Presence"]


class Presence(StrEnum):
    """How far a person has come in IAM Identity Center."""

    MEMBER = "member"  # in the group: with the assignment, this is access
    USER = "user"  # known, not in the group yet
    DISABLED = "disabled"  # known and switched off
    SEVERAL = "several"  # more than one user has this address
    ABSENT = "absent"  # not there (yet)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One person as Identity Center shows them. `missing`: names it has not, e.g. ("last name",)."""

    email: str
    presence: Presence
    user_id: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """May the group use the account with the right policy? `sentence` says what to do when it may not."""

    ok: bool
    sentence: str = ""


class AccessProof(Protocol):
    """Reads only. Every method may raise a `ServiceError`."""

    @property
    def limits(self) -> Sequence[Limit]:
        """Declared limits, enforced by flows/engine/pacing.py."""
        ...

    def assignment(self) -> Assignment:
        """Asked once per event and now and then again: it belongs to the group, not to a person."""
        ...

    def permission_set(self) -> PermissionSet:
        """The racers' permission set as it stands now. Raises NotThere."""
        ...

    def arrived(self, emails: Sequence[str]) -> Mapping[str, Arrival]:
        """Where each (normalised) address stands; every address asked for is in the answer."""
        ...

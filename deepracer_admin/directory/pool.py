"""The user pool of a DeepRacer on AWS deployment, as flows see it: the port and its values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from deepracer_admin.model import Invitee, Limit

__all__ = ["TEMPORARY_DAYS", "Entry", "PoolStatus", "PoolUser", "UserPool"]

TEMPORARY_DAYS = 7  # Cognito's default, which the deployment keeps (deepracer-on-aws.md 1.2)


class PoolStatus(StrEnum):
    """Cognito's UserStatus, as far as the console cares."""

    INVITED = "FORCE_CHANGE_PASSWORD"  # has a temporary password and never signed in
    CONFIRMED = "CONFIRMED"  # has chosen a password: signed in at least once
    RESET = "RESET_REQUIRED"  # had chosen one
    OTHER = "OTHER"  # nothing that this deployment makes by itself


@dataclass(frozen=True, slots=True)
class PoolUser:
    """A user as the pool lists them. `username` is the profile id; times in event time (live: real time)."""

    username: str
    email: str
    status: PoolStatus
    enabled: bool
    created_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def signed_in(self) -> bool:
        return self.status in (PoolStatus.CONFIRMED, PoolStatus.RESET)

    @property
    def password_since(self) -> datetime | None:
        """Since when the temporary password holds; None when the person has chosen one of their own.

        Cognito tells when a user was last changed. For somebody who never signed in that was their creation or a fresh
        password; only disabling and enabling them moves it too, so a pause makes the password look younger than it is.
        """
        return (self.changed_at or self.created_at) if self.status is PoolStatus.INVITED else None

    def password_age(self, now: datetime) -> timedelta | None:
        """How old the temporary password is at `now` (event time); None as above."""
        since = self.password_since
        return now - since if since else None

    @property
    def password_until(self) -> datetime | None:
        """When the temporary password ends; None as above."""
        since = self.password_since
        return since + timedelta(days=TEMPORARY_DAYS) if since else None


@dataclass(frozen=True, slots=True)
class Entry:
    """The way in for one person. `password` is temporary, given out once and kept nowhere; "" when `existed`."""

    username: str
    password: str = field(default="", repr=False)
    existed: bool = False


class UserPool(Protocol):
    """Users of one pool. Every method may raise a `ServiceError`; those that change a user refuse staff (`Refused`)."""

    @property
    def limits(self) -> Sequence[Limit]:
        """Declared limits, enforced by flows/pacing.py."""
        ...

    def users(self) -> Iterator[PoolUser]:
        """Everybody, staff included."""
        ...

    def find(self, email: str) -> PoolUser | None: ...

    def account(self, username: str) -> PoolUser | None:
        """The user behind a profile id, read now: a live account, or None when there certainly is none.

        Three answers: a user, None, or a `ServiceError` when it cannot be told; an error is never evidence.
        """
        ...

    def groups(self, username: str) -> frozenset[str]:
        """The roles of this user, read now. Raises NotThere."""
        ...

    def staff(self) -> Iterator[tuple[str, str]]:
        """(address, group) of everybody in a group other than the racers'."""
        ...

    def create(self, person: Invitee, *, known_absent: bool = False) -> Entry:
        """A racer without Cognito's mail. Safe to repeat: who exists is only put into the racers' group.

        `known_absent`: a listing has just not shown them, so there is no need to look again.
        """
        ...

    def fresh_password(self, username: str) -> str:
        """A new temporary password; the old one dies. For an unknown delivery, or one that is about to end."""
        ...

    def disable(self, username: str) -> None: ...

    def enable(self, username: str) -> None: ...

    def delete(self, username: str) -> None:
        """Delete the user; the profile row of the deployment stays and must be removed through its own API."""
        ...

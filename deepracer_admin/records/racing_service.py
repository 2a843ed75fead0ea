"""What the event's racing service last said about itself, its tracks and its models; forgotten with the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.model import Account, Capabilities, Track
from deepracer_admin.store.documents import Reading

__all__ = ["ACCOUNT", "MODELS_SEEN", "TRACKS", "AccountSeen", "ModelsSeen"]


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """`kind`: "on_aws" | "managed". `as_of`: real time; None = the service was never reached."""

    kind: str = ""
    account: Account = field(default_factory=lambda: Account(""))
    capabilities: Capabilities = field(default_factory=Capabilities)
    as_of: datetime | None = None


ACCOUNT: Reading[AccountSeen] = Reading("account", AccountSeen, AccountSeen(), personal=False)
"""Written by whoever reads it anew in the worker (flows/readings/profiles.py, `remember_account`); read by pages and
letters."""

TRACKS: Reading[tuple[Track, ...]] = Reading("tracks", tuple[Track, ...], (), personal=False)
"""Tracks as the service offers them. Written by the race watcher; read by the Races page."""


@dataclass(frozen=True, slots=True)
class ModelsSeen:
    """Counts over all profiles of the account; `as_of`: real time."""

    models: int = 0
    running: int = 0
    profiles: int = 0
    as_of: datetime | None = None


MODELS_SEEN: Reading[ModelsSeen | None] = Reading("models_seen", ModelsSeen | None, None, personal=False)
"""With multi-user mode on: what turning it off would hide; None = not counted yet. Written by the usage watcher; read
by the Set up page."""

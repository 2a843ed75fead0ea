"""Mail: what is sent, by what limits, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Sending(StrEnum):
    """State of one ledger row (identity-and-mail.md 4.4)."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"  # suppressed or cancelled, with the reason


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered mail. `key` is event#attendee#template#version; `tags` travel with the mail to delivery events."""

    key: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    tags: Mapping[str, str] = field(default_factory=dict)
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sender accepted a message (accepted, not delivered)."""

    message_id: str


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """What the sender allows now. `per_day` UNLIMITED = -1; `used_today` over the last 24 h; read `as_of` real time."""

    per_second: float
    per_day: int
    used_today: int
    sandbox: bool
    enabled: bool = True
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the mail ledger: at most one mail per event, attendee, template and version."""

    attendee: str
    template: str
    version: int
    state: Sending
    owner: str = ""
    epoch: int = 0
    attempts: int = 0
    message_id: str = ""
    code: str = ""
    sentence: str = ""
    delivered: str = ""  # "", "delivered", "bounced", "complained", "delayed"
    campaign: str = ""
    next_try_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """What a sender tells later: send, delivery, bounce, complaint, reject, rendering_failure, delay."""

    kind: str
    message_id: str
    key: str  # our key from the tags, "" when absent
    at: datetime
    detail: str = ""

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


class Again(StrEnum):
    """When does somebody who has a mail of a template in the ledger get another one of it?"""

    NEVER = "never"  # the access mail: an edit of its text is no reason to write twice
    NEW_TEXT = "new_text"  # when the text is newer than the one they had
    ASKED = "asked"  # somebody asked for it, for this person


CANCELLED = "cancelled"
"""Code of a SKIPPED mail whose campaign was cancelled: it never went, so it stands against no other."""


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered mail. `key` is event#attendee#template#number; `tags` travel with the mail to delivery events."""

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
    """A row of the mail ledger: one mail. At most one an event, attendee, template and `number`.

    `number` counts the mails of this template to this person, from 1. `version` is that of the text: the newest when
    the mail was planned, and the one that goes out from the moment the mail is claimed.
    """

    attendee: str
    template: str
    number: int
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
    version: int = 0

    @property
    def is_under_way(self) -> bool:
        """Does it still go out by itself, with the text as it is then?"""
        retried = self.state is Sending.FAILED and self.next_try_at is not None
        return self.state in (Sending.PENDING, Sending.CLAIMED) or retried

    def stands_against(self, version: int, again: Again) -> bool:
        """Does this mail keep another one of its template, with text `version`, from its person?"""
        if (self.state, self.code) == (Sending.SKIPPED, CANCELLED):
            return False
        if again is Again.NEVER:
            return True
        return self.is_under_way or (again is Again.NEW_TEXT and self.version >= version)


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """What a sender tells later: send, delivery, bounce, complaint, reject, rendering_failure, delay."""

    kind: str
    message_id: str
    key: str  # our key from the tags, "" when absent
    at: datetime
    detail: str = ""

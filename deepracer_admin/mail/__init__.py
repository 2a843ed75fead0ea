"""The mailer port: one message to one person, at most once.

No idempotency exists in any sender (identity-and-mail.md 4.1), so a mailer never repeats by itself: SDK retries are
off. `send` raises `Refused` (never again), `Throttled` (later), `Unreachable` (nothing left: later), `LostAnswer` (ask,
never repeat), `CredentialsExpired` or `AccessDenied` (pauses the whole campaign).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from deepracer_admin.model import DeliveryEvent, Finding, Message, Receipt, SenderLimits
from deepracer_admin.model.notices import Notice

__all__ = ["Chat", "Mailer"]


class Mailer(Protocol):
    """A sender of mail."""

    kind: str  # "ses" | "smtp"
    in_flight: int  # messages that may be under way at once (the design's number: 16 for SES, 1 for SMTP)

    def limits(self) -> SenderLimits:
        """What the sender allows now, asked now (poll no faster than once a second)."""
        ...

    def send(self, message: Message) -> Receipt:
        """Hand over one message. Accepted is not delivered."""
        ...

    def suppressed(self, addresses: Sequence[str]) -> dict[str, str]:
        """Addresses that the sender would not deliver to, with the reason."""
        ...

    def events(self) -> Sequence[DeliveryEvent]:
        """Delivery events since the last call, [] where none are configured. Acknowledged by `settle_events`."""
        ...

    def settle_events(self) -> None:
        """The events of the last `events()` call are stored: the queue may forget them."""
        ...

    def check(self, sender: str) -> Sequence[Finding]:
        """Is the From address usable: identity verified, sandbox, quota against need."""
        ...

    def dkim_records(self, sender: str) -> Mapping[str, str]:
        """CNAME records that the sender's service wants for signing, name -> where it leads; {} for none."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


class Chat(Protocol):
    """A team's chat. It repeats nothing by itself, for no chat drops a second copy (chat-webhooks.md 3)."""

    name: str  # as people call it
    host: str  # all of its address that may be shown

    def post(self, notice: Notice, *, before: Callable[[], None]) -> None:
        """Hand over one notice; `before` is called at the moment before it leaves. Raises Unreachable, AccessDenied,
        Throttled, Refused or NotThere (it has not arrived), LostAnswer (it may have)."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...

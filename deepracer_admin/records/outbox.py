"""Rehearsal: copies of the mails that the practice world captured, for the outbox viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["OUTBOX", "CapturedMail"]


@dataclass(frozen=True, slots=True)
class CapturedMail:
    """One mail as it was handed over, but without what lets anybody in (first password, redeem link).

    `seq`: the practice world's running number. `at`: event time. `key`: our ledger key.
    """

    seq: int
    to: str
    subject: str
    text: str
    html: str
    at: datetime | None = None
    message_id: str = ""
    key: str = ""

    @property
    def whose(self) -> tuple[str, str]:
        """(event, attendee) of the ledger key; attendee "" for a test mail; ("", "") for a mail that is not ours."""
        parts = self.key.rsplit("#", 3)
        if len(parts) != 4:
            return "", ""
        return parts[0], "" if parts[1] == "test" else parts[1]


OUTBOX = Table("outbox", CapturedMail, "mail", personal=True, of_event=False)
"""Running number -> mail; the last few hundred. Written by the worker of the installation; read by Messages. Whoever
erases people erases their mails too."""

"""Mailers that answer what the practice mail service cannot be made to answer."""

from __future__ import annotations

import threading
from typing import Any

from deepracer_admin.model import Message, Receipt, SenderLimits

__all__ = ["GatedMailer", "PlayedMailer"]

PATIENCE_S = 300.0


class PlayedMailer:
    """Gives one answer after another; the last one stays."""

    kind, in_flight = "ses", 4

    def __init__(self, *answers: Exception | None, limits: SenderLimits | None = None) -> None:
        self.answers = list(answers) or [None]
        self.sent: list[Message] = []
        self.given = limits or SenderLimits(1000.0, -1, 0, False)
        self._lock = threading.Lock()

    def limits(self) -> SenderLimits:
        return self.given

    def send(self, message: Message) -> Receipt:
        with self._lock:
            self.sent.append(message)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer:
                raise answer
            return Receipt(f"m-{len(self.sent)}")

    def suppressed(self, addresses: Any) -> dict[str, str]:
        return {}

    def events(self) -> list[Any]:
        return []

    def settle_events(self) -> None: ...


class GatedMailer(PlayedMailer):
    """Takes mails, and answers none of them while its gate is shut."""

    def __init__(self, *, shut_after: int) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)  # one for each mail that waits at the gate
        self._free = shut_after

    def send(self, message: Message) -> Receipt:
        with self._lock:
            self._free -= 1
            shut = self._free < 0
        if shut:
            self.waiting.release()
            assert self.gate.wait(PATIENCE_S)
        return super().send(message)

    def wait_until_full(self) -> None:
        """As many mails as may be in flight wait at the gate."""
        for _ in range(self.in_flight):
            assert self.waiting.acquire(timeout=PATIENCE_S)

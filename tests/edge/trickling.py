"""Answers that do not end by themselves, and bounds under which a test need not wait for their end.

The server goes on until whoever asked hangs up, and counts that; it gives up in the end, so that a test fails where
nobody does.
"""

from __future__ import annotations

import select
import socket
import threading
from itertools import repeat

from deepracer_admin.edge.bounds import Bounds

__all__ = ["BOUNDS", "LOST_PATIENCE_S", "Leaps", "Trickle"]

PACE_S = 0.005  # between two bytes, so that they arrive apart
LOST_PATIENCE_S = 300.0
BYTES = int(LOST_PATIENCE_S / PACE_S)

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SPOKEN: dict[str, tuple[bytes, bytes, float, int]] = {
    "head": (HEAD + b"x-slow: ", b"a", PACE_S, BYTES),
    "body": (HEAD + b"content-length: %d\r\n\r\n" % BYTES, b" ", PACE_S, BYTES),
    "endless body": (HEAD + b"transfer-encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 2**16 + b"\r\n", 0.0, 512),
    "reply": (b"250-", b"a", PACE_S, BYTES),
    "endless reply": (b"", b"250-on and on\r\n" * 1000, 0.0, 2000),
    "handshake": (b"\x16\x03\x03\x40\x00", b"\x02", PACE_S, 2**14),  # one TLS record
}
"""What is said at first, then again and again, with which pause in seconds, how often."""


class Leaps:
    """A clock on which 20 s pass between two looks; each thread has its own, for it measures its own calls."""

    def __init__(self, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self._of_thread = threading.local()

    def __call__(self) -> float:
        self._of_thread.now = getattr(self._of_thread, "now", 0.0) + self._seconds
        return self._of_thread.now


BOUNDS = {name: Bounds(octets=2**18) if name.startswith("endless") else Bounds(now=Leaps()) for name in SPOKEN}


class Trickle:
    """Speaks to one connection after the other, and knows who hung up. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.begun = self.hung_up = 0

    def speak(self, connection: socket.socket, kind: str) -> None:
        """Until they hang up, or patience is lost."""
        with self._changed:
            self.begun += 1
        first, again, pace, times = SPOKEN[kind]
        try:
            connection.sendall(first)
            for piece in repeat(again, times):
                if select.select([connection], [], [], pace)[0] and not connection.recv(4096):
                    break
                connection.sendall(piece)
            else:
                return
        except OSError:
            pass  # they hung up while there was more to read
        with self._changed:
            self.hung_up += 1
            self._changed.notify_all()

    def have_hung_up(self) -> bool:
        """Has everybody to whom it spoke (and it spoke) hung up? Waits for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self.hung_up == self.begun, LOST_PATIENCE_S) and self.begun > 0

"""smtplib, bounded: each command with its reply (a greeting, a sign-in) has an end, also one that goes on and on."""

from __future__ import annotations

import smtplib
import socket
from typing import Any

from deepracer_admin.edge.bounds import bounded

__all__ = ["BoundedSmtp"]


class BoundedSmtp(smtplib.SMTP):
    """`smtplib.SMTP` over a bounded socket, with STARTTLS as well as without."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return bounded(super()._get_socket(host, port, timeout))  # type: ignore[misc]

    def starttls(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        reply = super().starttls(*args, **options)
        if self.sock is not None:
            self.sock = bounded(self.sock)
        return reply

"""Ports for servers that take a number and not a socket."""

from __future__ import annotations

import contextlib
import random
import socket

# Below those that systems give out by themselves, to thousands of connections of the tests beside this one.
FIRST, LAST = 15_000, 32_000


def free_port() -> int:
    """A port on which nobody listens now; who else draws one meanwhile hardly draws the same."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port

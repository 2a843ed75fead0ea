"""Every answer ends: a whole request leaves, and its whole answer is in, within a bound of time and of size.

The libraries know timeouts for each read alone. A far side that gives one byte every few seconds (proxies that scan
what passes do just that), or one that never ends its body, would hold a thread for ever, and with it a step of a flow
or a page. So the sockets that they read from know when the request began to leave and when it had left, and cap each
read and write by what is left. Passing a bound looks to them like a read that timed out or a connection that broke, so
everything that is decided about those holds: reads are repeated, a write whose answer was lost is looked up.

It counts for each request, so a connection may be kept. A handshake, and one read of a TLS record that arrives in
pieces, need no cap: for them a timeout is of the whole (Python's ssl, `SSLSocket.read`, "changed in version 3.5"). Not
so with TLS within TLS, through a proxy that is reached by TLS: there the outer connection is capped.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

__all__ = ["Bounds", "Exchange", "bounded", "within_size"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` (real): for a request to leave, and again for its answer; never less than the connection's own timeout.
    `octets`: of an answer as it crosses the wire, and again of its body unpacked.

    120 s: four times what API Gateway lets a call take, six times SQS's longest poll. 64 MiB: DynamoDB's batches of
    16 MB are the largest answers that a service in use may give, and bytes in JSON take a third more.
    """

    seconds: float = 120.0
    octets: int = 64 * 2**20
    now: Callable[[], float] = time.monotonic


WHOLE = Bounds()
"""Of every exchange that begins; replaced in tests."""

_ENDLESS = "The answer does not end."


class Exchange:
    """One request and its answer, then the next one on the same connection. Of one thread at a time."""

    __slots__ = ("_bounds", "_is_sending", "_octets", "_since")

    def __init__(self) -> None:
        self._bounds = WHOLE
        self._is_sending: bool | None = None  # None: neither has begun
        self._since = 0.0
        self._octets = 0

    def may_send(self, timeout: float | None) -> float | None:
        """Seconds that a send may take, of the connection's `timeout`. Raises TimeoutError when none are left."""
        if not self._is_sending:
            self._bounds, self._octets = WHOLE, 0
        return self._left(timeout, is_sending=True)

    def may_read(self, timeout: float | None) -> float | None:
        """Seconds that a read may take, of the connection's `timeout`. Raises TimeoutError when none are left."""
        return self._left(timeout, is_sending=False)

    def has_read(self, octets: int) -> None:
        """Raises ConnectionAbortedError for an answer that is larger than any can be."""
        self._octets += octets
        if self._octets > self._bounds.octets:
            raise ConnectionAbortedError(_ENDLESS)

    def _left(self, timeout: float | None, *, is_sending: bool) -> float | None:
        now = self._bounds.now()
        if self._is_sending is not is_sending:
            self._is_sending, self._since = is_sending, now
        allowed = self._bounds.seconds if timeout is None else max(self._bounds.seconds, timeout)
        left = self._since + allowed - now
        if left <= 0:
            raise TimeoutError("The request did not leave in time." if is_sending else _ENDLESS)
        return left if timeout is None else min(timeout, left)


def within_size(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of a body. Raises ConnectionAbortedError as soon as they are more than an answer may be."""
    octets = 0
    for part in parts:
        octets += len(part)
        if octets > WHOLE.octets:
            raise ConnectionAbortedError(_ENDLESS)
        yield part


def bounded(sock: socket.socket) -> socket.socket:
    """This connection, bounded. A plain socket is replaced and must not be used any more; one with TLS stays itself.

    Raises ValueError for TLS whose handshake is still to come.
    """
    if isinstance(sock, _Bounded):
        return sock
    if not isinstance(sock, ssl.SSLSocket):
        return _Plain(sock)
    if sock.version() is None:  # the class that is replaced may be the one that judges the certificate
        raise ValueError("A connection is bounded after its handshake.")
    tls: Any = sock
    tls.__class__ = _Tls  # there is no other way from one to another: its state is OpenSSL's
    tls.exchange = Exchange()
    return tls


_Socket = socket.socket if TYPE_CHECKING else object


class _Bounded(_Socket):
    """What the libraries read and write with; `makefile` reads with `recv_into`."""

    __slots__ = ()  # with room of its own, its TLS could not take the place of another
    exchange: Exchange

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        found = self._within(self.exchange.may_read, super().recv, buflen, flags)
        self.exchange.has_read(len(found))
        return found

    def recv_into(self, buffer: Any, nbytes: int | None = 0, flags: int = 0) -> int:
        count = self._within(self.exchange.may_read, super().recv_into, buffer, nbytes, flags)
        self.exchange.has_read(count)
        return count

    def send(self, data: Any, flags: int = 0) -> int:
        return self._within(self.exchange.may_send, super().send, data, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        if len(data):  # TLS within TLS sends nothing at all before each read
            self._within(self.exchange.may_send, super().sendall, data, flags)

    def _within(self, may: Callable[[float | None], float | None], act: Callable[..., Any], *args: Any) -> Any:
        timeout = self.gettimeout()
        left = may(timeout)
        if left == timeout:
            return act(*args)
        self.settimeout(left)
        try:
            return act(*args)
        finally:
            self.settimeout(timeout)


class _Plain(_Bounded, socket.socket):
    def __init__(self, sock: socket.socket) -> None:
        timeout = sock.gettimeout()
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self.settimeout(timeout)
        self.exchange = Exchange()


class _Tls(_Bounded, ssl.SSLSocket):
    pass

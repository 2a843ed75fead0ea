"""Far sides that do not end: HTTP and mail servers, proxies, with TLS and without, each in a thread."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from tests.edge.test_system_trust import a_certificate
from tests.edge.trickling import LOST_PATIENCE_S, Trickle

__all__ = ["FarSide", "far_side", "heard", "listening", "mail_server", "make_certificates", "packed", "proxy"]


@dataclass
class FarSide:
    """Where it listens, and who hung up on it."""

    port: int
    trickle: Trickle = field(default_factory=Trickle)
    connections: int = 0


Talk = Callable[[socket.socket, FarSide], None]


def make_certificates(folder: Path) -> None:
    """root.pem, and server.pem of the name localhost with its key."""
    root, root_key = a_certificate("Example Company Inspection")
    leaf, leaf_key = a_certificate("localhost", root, root_key, server=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))


@contextmanager
def listening(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    """Talks to everybody who connects, until they or it have enough."""
    listener = socket.create_server(("127.0.0.1", 0))
    side, done = FarSide(listener.getsockname()[1]), threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.settimeout(LOST_PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), tls.wrap_socket(connection, server_side=True) if tls else connection as ready:
            talk(ready, side)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            if done.is_set():
                return connection.close()
            side.connections += 1
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield side
    finally:
        done.set()
        socket.create_connection(listener.getsockname()).close()  # on some systems nothing else ends an `accept`
        thread.join(LOST_PATIENCE_S)
        listener.close()


def heard(connection: socket.socket, end: bytes) -> bytes:
    """What came up to `end`. Raises ConnectionError when they hang up before."""
    so_far = b""
    while end not in so_far:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("hung up")
        so_far += more
    return so_far


@contextmanager
def far_side(kind: str, tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    """An HTTP server whose answer does not end."""

    def talk(connection: socket.socket, side: FarSide) -> None:
        heard(connection, b"\r\n\r\n")
        side.trickle.speak(connection, kind)

    with listening(talk, tls) as side:
        yield side


@contextmanager
def packed(body: bytes) -> Iterator[FarSide]:
    """An HTTP server that packs its answer."""
    small = gzip.compress(body)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n"

    def talk(connection: socket.socket, _: FarSide) -> None:
        while heard(connection, b"\r\n\r\n"):
            connection.sendall(head + b"content-length: %d\r\n\r\n" % len(small) + small)

    with listening(talk) as side:
        yield side


@contextmanager
def proxy(tls: ssl.SSLContext) -> Iterator[FarSide]:
    """A proxy with TLS that lets everybody through to a handshake without an end."""

    def talk(connection: socket.socket, side: FarSide) -> None:
        heard(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.recv(65536)
        side.trickle.speak(connection, "handshake")

    with listening(talk, tls) as side:
        yield side


@contextmanager
def mail_server(step: str, kind: str, tls: ssl.SSLContext | None = None) -> Iterator[FarSide]:
    """A mail server whose reply at `step` does not end; with `tls` it has STARTTLS, and the step comes after that."""

    def dialogue(connection: socket.socket, side: FarSide, *, is_safe: bool) -> None:
        while True:
            said = heard(connection, b"\r\n")
            word = said[:4].decode().strip().upper()
            if word == "STAR" and tls:
                connection.sendall(b"220 ready\r\n")
                with tls.wrap_socket(connection, server_side=True) as safe:
                    dialogue(safe, side, is_safe=True)
                return
            if word == step and is_safe:
                side.trickle.speak(connection, kind)
                return
            if word == "DATA":
                connection.sendall(b"354 go on\r\n")
                heard(connection, b"\r\n.\r\n")
                if step == "END":
                    side.trickle.speak(connection, kind)
                    return
            if word == "EHLO" and not is_safe:
                connection.sendall(b"250-mail.example\r\n250 STARTTLS\r\n")
            else:
                connection.sendall(b"250 OK\r\n")

    def talk(connection: socket.socket, side: FarSide) -> None:
        if step == "greeting":
            side.trickle.speak(connection, kind)
            return
        connection.sendall(b"220 mail.example\r\n")
        dialogue(connection, side, is_safe=tls is None)

    with listening(talk) as side:
        yield side

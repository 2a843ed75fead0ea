"""A request whose head does not end is refused by both listeners; others are answered, however they come in pieces; and
an answer arrives, also where it was given before the whole request was there."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from deepracer_admin.web.connections import LONGEST_HEAD, MOST_DROPPED
from tests.console_process import ConsoleProcess, start_console, write_silent_world

PATIENCE_S = 300
LIKE_FOR_EVER = 100_000_000  # bytes, more than a system keeps on the way
assert LIKE_FOR_EVER > 2 * MOST_DROPPED


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    home = tmp_path_factory.mktemp("home")
    write_silent_world(home)
    started = start_console(home, public=True, WORKER="false")
    yield started
    started.stop()
    assert "Traceback" not in started.said()


@pytest.fixture(params=["console", "public"])
def calling(console: ConsoleProcess, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A connection to one of the two listeners."""
    address = urlsplit(console.url if request.param == "console" else console.public)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), PATIENCE_S) as made:
        yield made


@pytest.mark.parametrize("begin", [b"GET /", b"GET / HTTP/1.1\r\nX-Long: ", b"GET / HTTP/1.1\r\n"])
def test_a_head_without_an_end_is_refused_while_it_comes(calling: socket.socket, begin: bytes) -> None:
    piece = b"X-Many: aaaaaaaa\r\n" * 4_000 if begin.endswith(b"\r\n") else b"a" * 64_000
    calling.sendall(begin)
    sent = 0
    try:
        while sent < LIKE_FOR_EVER:
            sent += calling.send(piece)
    except OSError:
        pass  # it was closed: the rest of what it holds is not read
    assert sent < LIKE_FOR_EVER, "it was read for ever"


def whole(calling: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of the answer, after which the other side has ended."""
    got = b""
    while more := calling.recv(65_536):
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body


def posted(path: str = "/register/ev-1", version: str = "1.1", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: x", *(more or ["Content-Length: 5000000"])]
    return "\r\n".join([*lines, "", "a="]).encode()


LATE = {
    "a body": posted(),
    "a body, then closing": posted("/register/ev-1", "1.1", "Content-Length: 5000000", "Connection: close"),
    "a body of the oldest kind": posted(version="1.0"),
    "a body where none belongs": posted("/nothing-here"),
    "a body whose pieces are none": posted("/register/ev-1", "1.1", "Transfer-Encoding: chunked"),
    "a head": b"GET / HTTP/1.1\r\nX-Long: " + b"a" * LONGEST_HEAD,
    "no request": b"what is this\r\n\r\n",
}


@pytest.mark.parametrize("begin", LATE.values(), ids=LATE.keys())
def test_an_answer_that_is_given_early_arrives_whatever_comes_after_it(calling: socket.socket, begin: bytes) -> None:
    """A system that finds something unread at a closed connection tears the answer away from whoever was to read it."""
    calling.sendall(begin)
    calling.recv(1, socket.MSG_PEEK)  # it is there, and unread
    calling.sendall(b"a" * 5_000_000)
    head, body = whole(calling)
    assert head.startswith(b"HTTP/1.1 4")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    assert len(body) == int(length) > 0


def test_whoever_floods_is_cut_off(calling: socket.socket) -> None:
    calling.sendall(LATE["a head"])
    calling.recv(1, socket.MSG_PEEK)
    sent = 0
    with contextlib.suppress(OSError):
        while sent < LIKE_FOR_EVER:
            sent += calling.send(b"a" * 64_000)
    assert sent < LIKE_FOR_EVER, "it was read for ever"


def test_a_head_that_comes_letter_by_letter_is_answered_and_so_is_the_next(calling: socket.socket) -> None:
    for _ in range(2):
        for letter in b"GET /nothing-here HTTP/1.1\r\nHost: localhost\r\nX-Some: thing\r\n\r\n":
            calling.sendall(bytes([letter]))
        got = b""
        while b"\r\n\r\n" not in got:
            got += calling.recv(65_536)
        head, _, body = got.partition(b"\r\n\r\n")
        assert head.split()[1] in (b"404", b"421")  # the console answers to its own name alone
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        while len(body) < length:
            body += calling.recv(65_536)

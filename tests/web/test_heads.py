"""A request whose head does not end is refused by both listeners; others are answered, however they come in pieces."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from deepracer_admin.web.heads import LONGEST_HEAD
from tests.console_process import ConsoleProcess, start_console, write_silent_world

PATIENCE_S = 300
LIKE_FOR_EVER = 100_000_000  # bytes, more than a system keeps on the way


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


def answer(calling: socket.socket) -> bytes:
    """Its first line."""
    got = b""
    while b"\r\n" not in got and (more := calling.recv(65_536)):
        got += more
    return got.partition(b"\r\n")[0]


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


def test_what_is_too_long_is_told_so(calling: socket.socket) -> None:
    begin = b"GET / HTTP/1.1\r\nX-Long: "
    calling.sendall(begin + b"a" * (LONGEST_HEAD - len(begin)))
    calling.sendall(b"a")  # not a byte more than it takes: unread ones would tear the answer
    assert answer(calling) == b"HTTP/1.1 400 Bad Request"


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

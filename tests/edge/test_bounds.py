"""The rule of how long an answer may take and how large it may be, on a clock that the test turns."""

from __future__ import annotations

import socket
import ssl

import pytest

from deepracer_admin.edge import bounds
from deepracer_admin.edge.bounds import Bounds, Exchange, bounded


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    clock = Hand()
    monkeypatch.setattr(bounds, "WHOLE", Bounds(seconds=120, octets=100, now=clock))
    return clock


def test_an_answer_has_its_time_from_the_moment_that_the_request_had_left(hand: Hand) -> None:
    exchange = Exchange()
    exchange.may_send(30)
    hand.now += 100
    assert exchange.may_read(30) == 30
    hand.now += 119
    assert exchange.may_read(30) == 1
    hand.now += 1
    with pytest.raises(TimeoutError, match="answer does not end"):
        exchange.may_read(30)


def test_a_request_has_its_time_from_its_first_byte(hand: Hand) -> None:
    exchange = Exchange()
    assert exchange.may_send(30) == 30
    hand.now += 119
    assert exchange.may_send(30) == 1
    hand.now += 1
    with pytest.raises(TimeoutError, match="did not leave"):
        exchange.may_send(30)


def test_the_next_request_on_a_connection_has_all_of_it_again(hand: Hand) -> None:
    exchange = Exchange()
    for _ in range(3):
        exchange.may_send(30)
        assert exchange.may_read(30) == 30
        exchange.has_read(100)
        hand.now += 3600


def test_a_bound_is_never_shorter_than_a_connections_own_timeout(hand: Hand) -> None:
    exchange = Exchange()
    exchange.may_read(300)
    hand.now += 299
    assert exchange.may_read(300) == 1
    hand.now += 1
    with pytest.raises(TimeoutError):
        exchange.may_read(300)


def test_a_connection_without_a_timeout_ends_too(hand: Hand) -> None:
    exchange = Exchange()
    assert exchange.may_read(None) == 120


def test_an_answer_may_be_as_large_as_the_bound_and_no_larger(hand: Hand) -> None:
    exchange = Exchange()
    exchange.may_read(30)
    exchange.has_read(60)
    exchange.has_read(40)
    with pytest.raises(ConnectionAbortedError):
        exchange.has_read(1)


def test_the_longest_poll_and_the_largest_answer_in_use_fit() -> None:
    assert Bounds().seconds > 2 * 20  # SQS (mail/ses_events.py)
    assert Bounds().octets > 2 * 16 * 10**6 * 4 / 3  # a batch of DynamoDB, bytes written as base64


def test_a_bounded_socket_keeps_what_it_was() -> None:
    with socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET) as usual:
        usual.settimeout(7)
        family, kind = usual.family, usual.type
        with bounded(usual) as made:
            assert (made.family, made.type, made.gettimeout()) == (family, kind, 7)
            assert usual.fileno() == -1
            assert bounded(made) is made


def test_a_read_is_given_what_is_left_and_the_timeout_stays(hand: Hand) -> None:
    near, far = socket.socketpair()
    with bounded(near) as near, far:
        near.settimeout(300)
        far.sendall(b"a")
        assert near.recv(1) == b"a"
        hand.now += 299.9999
        with pytest.raises(TimeoutError):
            near.recv(1)
        assert near.gettimeout() == 300


def test_tls_is_bounded_after_its_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname(), timeout=300)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with (
            context.wrap_socket(near, server_hostname="localhost", do_handshake_on_connect=False) as early,
            pytest.raises(ValueError, match="handshake"),
        ):
            bounded(early)

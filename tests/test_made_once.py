"""One makes a thing for all who ask; those who ask meanwhile do not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from deepracer_admin.made_once import Shared

WAIT_S = 30.0


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def now() -> Hand:
    return Hand()


def shared(now: Hand, *, most: int = 4) -> Shared[str]:
    return Shared(fresh_s=2.0, longest_s=5.0, most=most, now_s=now)


def counted() -> tuple[list[str | None], Callable[[str | None], str]]:
    formers: list[str | None] = []

    def make(former: str | None) -> str:
        formers.append(former)
        return f"made {len(formers)}"

    return formers, make


def test_it_is_made_once_while_it_is_fresh_and_anew_after_that(now: Hand) -> None:
    formers, make = counted()
    board = shared(now)
    assert [board("a", make), board("a", make)] == ["made 1", "made 1"]
    now.at_s = 2.0
    assert board("a", make) == "made 2"
    assert formers == [None, "made 1"]


def test_a_new_version_is_made_at_once(now: Hand) -> None:
    _, make = counted()
    board = shared(now)
    assert [board("a", make, version=1), board("a", make, version=2)] == ["made 1", "made 2"]


def test_keys_share_nothing_and_the_oldest_goes(now: Hand) -> None:
    formers, make = counted()
    board = shared(now, most=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        board(key, make)
    assert formers == [None] * 4  # b was forgotten when c came, and made again


def test_what_cannot_be_made_is_not_there_any_more(now: Hand) -> None:
    _, make = counted()
    board = shared(now)
    board("a", make)
    now.at_s = 2.0

    def fail(_: str | None) -> str:
        raise ValueError("withdrawn")

    with pytest.raises(ValueError, match="withdrawn"):
        board("a", fail)
    assert board.at_hand("a") is None
    assert board("a", make) == "made 2"


class Slow:
    """A making that waits until it is let go."""

    def __init__(self, board: Shared[str], value: str, version: int | None = None) -> None:
        self.began, self.go, self.got = threading.Event(), threading.Event(), ""

        def make(_: str | None) -> str:
            self.began.set()
            assert self.go.wait(WAIT_S)
            return value

        def ask() -> None:
            self.got = board("a", make, version=version)

        self.thread = threading.Thread(target=ask, daemon=True)
        self.thread.start()
        assert self.began.wait(WAIT_S)

    def end(self) -> str:
        self.go.set()
        self.thread.join(WAIT_S)
        return self.got


def test_whoever_asks_while_it_is_made_gets_the_former_and_waits_for_nothing(now: Hand) -> None:
    board = shared(now)
    board("a", lambda _: "former", version=1)
    slow = Slow(board, "new", version=2)
    assert board("a", lambda _: "never", version=2) == "former"
    assert board.at_hand("a", version=2) == "former"
    assert slow.end() == "new"
    assert board.at_hand("a", version=2) == "new"


def test_a_former_that_is_too_old_is_given_to_nobody(now: Hand) -> None:
    board = shared(now)
    board("a", lambda _: "former")
    now.at_s = 5.0
    slow = Slow(board, "new")
    assert board.at_hand("a") is None
    got: list[str] = []
    waits = threading.Thread(target=lambda: got.append(board("a", lambda _: "made twice")), daemon=True)
    waits.start()
    slow.end()
    waits.join(WAIT_S)
    assert got == ["new"]


def test_nothing_is_at_hand_before_it_was_made_nor_when_it_is_due(now: Hand) -> None:
    _, make = counted()
    board = shared(now)
    assert board.at_hand("a") is None
    board("a", make)
    assert board.at_hand("a") == "made 1"
    assert board.at_hand("a", version=7) is None
    now.at_s = 2.0
    assert board.at_hand("a") is None

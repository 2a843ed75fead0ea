"""The function that sends mail lets others come to their work, and takes in forms that came meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from infra.functions import mail, registrations
from infra.functions.place import LEASE_WAIT_S

MESSAGES = {"Records": [{"messageId": "m-1"}, {"messageId": "m-2"}]}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-2"}]}
DONE: dict[str, Any] = {"batchItemFailures": []}


class FakePlace:
    """A function's place with so many mails to send, of which each round of two seconds sends `a_round`."""

    def __init__(self, mails: int, *, a_round: int = 10, free: bool = True, people: int = 0) -> None:
        self.mails, self._a_round, self.free, self.people = mails, a_round, free, people
        self.now, self.holding_since = 0.0, 0.0
        self.held: list[float] = []  # how long each time
        self.pauses: list[float] = []
        self.duties: list[tuple[str, ...]] = []
        self.waited: list[float | None] = []
        self.nudges = 0
        self.clock = SimpleNamespace(monotonic=lambda: self.now)
        self.runtime = SimpleNamespace(mails_went=False, run_once=lambda duties: [])
        self.outlet = SimpleNamespace(publish_new_links=lambda: 0)

    def catch_up(self) -> None: ...

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @contextmanager
    def lease(self, wait_s: float | None = None) -> Iterator[bool]:
        self.waited.append(wait_s)
        began = self.now
        yield self.free
        if self.free:
            self.held.append(self.now - began)

    def rounds(
        self, duties: Collection[str], *, until: float, goes_on: Callable[[], bool], after_each: Callable[[], object]
    ) -> list[str]:
        while True:
            self.duties.append(tuple(duties))
            self.now += 2.0
            sent = min(self.mails, self._a_round)
            self.mails -= sent
            self.runtime.mails_went = sent > 0
            after_each()
            if not goes_on() or self.now >= until:
                return []

    def mails_wait(self) -> int:
        return self.mails

    def people_wait(self) -> int:
        return self.people

    def nudge(self) -> None:
        self.nudges += 1

    def nudge_if_mails_wait(self) -> None:
        self.nudges += bool(self.mails)


def test_a_flood_of_mail_gives_the_lease_back_sooner_than_others_stop_waiting() -> None:
    place = FakePlace(1000)
    assert mail.handle(place, MESSAGES) == AGAIN  # type: ignore[arg-type]
    assert place.mails > 0, "the rest comes with the next call"
    assert max(place.held) < LEASE_WAIT_S
    assert len(place.pauses) == len(place.held) - 1 > 5
    assert place.now <= mail.WORKS_S + mail.HOLDS_S


def test_all_that_waits_is_sent_and_the_message_is_done() -> None:
    place = FakePlace(35)
    assert mail.handle(place, MESSAGES) == DONE  # type: ignore[arg-type]
    assert place.mails == 0


def test_forms_that_came_meanwhile_are_taken_in_between_slices() -> None:
    place = FakePlace(35)
    mail.handle(place, MESSAGES)  # type: ignore[arg-type]
    assert place.duties[0][0] == "registrations"


@pytest.mark.parametrize(("mails", "people", "answer"), [(0, 0, DONE), (3, 0, AGAIN), (0, 1, AGAIN)])
def test_where_somebody_else_works_the_message_comes_again_while_anything_is_left(
    mails: int, people: int, answer: dict[str, Any]
) -> None:
    assert mail.handle(FakePlace(mails, free=False, people=people), MESSAGES) == answer  # type: ignore[arg-type]


def test_the_stream_waits_for_nobody_and_leaves_the_rest_to_who_sends() -> None:
    place = FakePlace(0, free=False)
    registrations._go_on(place)  # type: ignore[arg-type]
    assert place.waited == [0.0]
    assert place.nudges == 1

"""The sweep goes on while each round brings somebody further, and never holds the lease for longer than others wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from infra.functions import sweep
from infra.functions.place import LEASE_WAIT_S

LISTING_S = 3.0


class FakePlace:
    """A place in which this many rounds bring somebody further; `fails`: duties that fail in each."""

    def __init__(self, moves: int, *, free: bool = True, fails: Collection[str] = ()) -> None:
        self.moves, self.free, self.fails = moves, free, [*fails]
        self.now, self.changes, self.rounds, self.held = 0.0, 0, 0, 0.0
        self.nudges = self.published = 0
        self.event_id = "ev-1"
        self.clock = SimpleNamespace(
            monotonic=lambda: self.now, now=lambda: SimpleNamespace(timestamp=lambda: self.now)
        )
        self.runtime = SimpleNamespace(run_once=self._round)
        self.items = SimpleNamespace(all=lambda _prefix: iter(()))
        self.console = SimpleNamespace(intake=SimpleNamespace(waits=lambda _event, _keys: []))
        self.outlet = SimpleNamespace(publish=lambda: 0)

    def _round(self, duties: Collection[str]) -> list[str]:
        assert duties == sweep.DUTIES
        self.rounds += 1
        self.now += LISTING_S
        self.changes += self.rounds <= self.moves
        return self.fails

    def catch_up(self) -> None: ...

    def revision(self) -> int:
        return self.changes

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def looks_at_links(self, _every_s: float) -> bool:
        return False

    @contextmanager
    def lease(self) -> Iterator[bool]:
        began = self.now
        yield self.free
        self.held = self.now - began

    def nudge_if_mail_may_go(self) -> None:
        self.nudges += 1


def test_one_round_is_all_when_nothing_moves() -> None:
    place = FakePlace(0)
    assert sweep.handle(place)["failed"] == []  # type: ignore[arg-type]
    assert (place.rounds, place.nudges) == (1, 1)


def test_steps_that_follow_on_one_another_are_taken_in_one_sweep() -> None:
    place = FakePlace(1)
    sweep.handle(place)  # type: ignore[arg-type]
    assert place.rounds == 2


def test_a_flood_gives_the_lease_back_before_others_stop_waiting() -> None:
    place = FakePlace(1000)
    sweep.handle(place)  # type: ignore[arg-type]
    assert place.rounds > 1
    assert place.held < LEASE_WAIT_S


@pytest.mark.parametrize("duty", sweep.DUTIES)
def test_what_fails_is_tried_at_the_next_sweep(duty: str) -> None:
    place = FakePlace(1000, fails=[duty])
    assert sweep.handle(place)["failed"] == [duty]  # type: ignore[arg-type]
    assert place.rounds == 1


def test_where_somebody_else_works_nothing_is_done_but_told() -> None:
    place = FakePlace(1000, free=False)
    assert not sweep.handle(place)["held"]  # type: ignore[arg-type]
    assert (place.rounds, place.nudges) == (0, 1)

"""The worker tells the practice world how fast its time should go."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from deepracer_admin.compose import Console
from deepracer_admin.records.practice_clock import PRACTICE_WISH, PracticeWish
from deepracer_admin.worker import practice
from tests.pages.conftest import clock, console

__all__ = ["clock", "console"]


class World:
    """The practice world's control, as far as it is asked here."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.told.append(json.loads(request.content))
        return httpx.Response(self.status, json={})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    with httpx.Client(transport=httpx.MockTransport(made), timeout=300) as client:
        monkeypatch.setattr(practice, "_asking", lambda: client)
        yield made


def wish(console: Console, speed: float = 60.0, *, paused: bool = False) -> PracticeWish:
    made = PracticeWish(speed, paused, is_done=False)
    console.store.update("", PRACTICE_WISH, lambda _: made)
    return made


def test_a_wish_is_told_once(console: Console, world: World) -> None:
    wish(console, paused=True)
    practice.obey_clock(console)
    practice.obey_clock(console)
    assert world.told == [{"speed": 60.0, "paused": True}]


def test_while_the_world_is_down_the_wish_stays(console: Console, world: World) -> None:
    wish(console)
    world.status = 503
    practice.obey_clock(console)
    assert not console.store.read("", PRACTICE_WISH).is_done
    world.status = 200
    practice.obey_clock(console)
    assert console.store.read("", PRACTICE_WISH).is_done


def test_a_wish_that_came_while_another_was_told_is_told_too(
    console: Console, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(console, 60.0)
    newer: list[PracticeWish] = []
    client = httpx.Client(
        transport=httpx.MockTransport(lambda request: (newer or newer.append(wish(console, 5.0)), world(request))[1]),
        timeout=300,
    )
    monkeypatch.setattr(practice, "_asking", lambda: client)
    practice.obey_clock(console)
    assert console.store.read("", PRACTICE_WISH) == newer[0]
    practice.obey_clock(console)
    assert [each["speed"] for each in world.told] == [60.0, 5.0]
    client.close()


def test_nothing_is_told_where_nothing_was_asked(console: Console, world: World) -> None:
    practice.obey_clock(console)
    assert world.told == []

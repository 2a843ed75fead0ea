"""The worker of a process on bad days: what befalls one event holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import StoreError
from deepracer_admin.model import Event
from deepracer_admin.settings import Settings
from deepracer_admin.worker import EventRuntime, Worker, loop
from tests.pages.conftest import NOW, StandingClock, clock, console, event, organizer

__all__ = ["clock", "console", "event", "organizer"]
PATIENCE_S = 120.0


class Staged:
    """A runtime that does what a test says; none has a thread."""

    fails: dict[str, Exception]
    waits: dict[str, threading.Event]
    begun: list[str]
    ended: list[str]
    woken: list[str]

    def __init__(self, console: Console, event: Event, *, holder: str = "") -> None:
        self.event_id, self.service = event.id, event.service

    @property
    def threads(self) -> Any:
        return SimpleNamespace(wake=lambda: self.woken.append(self.event_id))

    def start(self) -> None:
        self.begun.append(self.event_id)
        if self.event_id in self.fails:
            raise self.fails[self.event_id]

    def stop(self) -> None:
        if self.event_id in self.waits:
            assert self.waits[self.event_id].wait(PATIENCE_S)
        self.ended.append(self.event_id)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> type[Staged]:
    Staged.fails, Staged.waits, Staged.begun, Staged.ended, Staged.woken = {}, {}, [], [], []
    monkeypatch.setattr(loop, "EventRuntime", Staged)
    return Staged


@pytest.fixture
def second(console: Console, event: Event) -> Event:
    made = replace(event, id="ev-2", name="Winter Cup")
    console.store.save_event(made)
    return made


@pytest.fixture
def worker(console: Console, event: Event, second: Event) -> Worker:
    return Worker(console, holder="test")


def test_an_event_that_cannot_be_taken_up_holds_up_no_other_and_is_tried_again(
    worker: Worker, staged: type[Staged], clock: StandingClock
) -> None:
    staged.fails["ev-1"] = RuntimeError("a bad day")
    worker.look()
    worker.look()
    assert [*worker.runtimes] == ["ev-2"]
    assert staged.begun == ["ev-1", "ev-2"], "not at every look"
    del staged.fails["ev-1"]
    clock.ticks += loop.AGAIN_S
    worker.look()
    assert {*worker.runtimes} == {"ev-1", "ev-2"}


def test_the_pause_between_two_tries_grows_and_has_an_end(
    worker: Worker, staged: type[Staged], clock: StandingClock
) -> None:
    staged.fails["ev-1"] = StoreError("The store is busy.")
    for _ in range(12):
        worker.look()
        clock.ticks += loop.LONGEST_AGAIN_S
    assert staged.begun.count("ev-1") == 12


def test_an_event_that_ends_slowly_holds_up_no_other(
    worker: Worker, staged: type[Staged], console: Console, event: Event
) -> None:
    worker.look()
    staged.waits["ev-2"] = threading.Event()
    console.store.amend_event("ev-2", lambda it: replace(it, closed_at=NOW - timedelta(days=9)))
    console.store.save_event(replace(event, id="ev-3"))
    worker.look()
    assert {*worker.runtimes} == {"ev-1", "ev-3"}
    assert staged.ended == []
    staged.waits["ev-2"].set()
    worker.stop()
    assert sorted(staged.ended) == ["ev-1", "ev-2", "ev-3"]


def test_an_event_that_moved_to_another_service_is_served_anew_although_the_former_ends_slowly(
    worker: Worker, staged: type[Staged], console: Console
) -> None:
    worker.look()
    staged.waits["ev-1"] = threading.Event()
    console.store.amend_event("ev-1", lambda it: replace(it, service="managed"))
    worker.look()
    assert worker.runtimes["ev-1"].service == "managed"
    staged.waits["ev-1"].set()
    worker.stop()


def test_an_event_that_cannot_be_looked_at_stays_as_it_is(
    worker: Worker, staged: type[Staged], console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.look()
    console.store.save_event(replace(event, id="ev-3"))

    def read(store: Any, event: Event, first: str, now: Any) -> bool:
        if event.id == "ev-1":
            raise StoreError("The store is busy.")
        return event.id == "ev-3"

    monkeypatch.setattr(loop, "has_open_work", read)
    worker.look()
    assert {*worker.runtimes} == {"ev-1", "ev-3"}
    worker.stop()


def test_a_store_that_is_busy_ends_nothing_and_is_looked_at_again(
    worker: Worker, staged: type[Staged], console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.look()
    seen, real = threading.Event(), console.store.events
    tries: list[int] = []

    def busy() -> list[Event]:
        tries.append(1)
        if len(tries) < 3:
            raise StoreError("The store is busy.")
        seen.set()
        return real()

    monkeypatch.setattr(console.store, "events", busy)
    monkeypatch.setattr(loop, "LOOK_EVERY_S", 0.001)
    worker._spawn("events", worker._keep_looking)
    assert seen.wait(PATIENCE_S)
    assert {*worker.runtimes} == {"ev-1", "ev-2"}
    worker.stop()


def test_a_lease_is_given_back_although_the_end_went_wrong(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = EventRuntime(console, event)
    runtime.lead.beat()

    def broken() -> None:
        raise StoreError("The store is busy.")

    monkeypatch.setattr(runtime.mail, "close", broken)
    with pytest.raises(StoreError):
        runtime.stop()
    assert EventRuntime(console, event).lead.beat()


def test_a_store_that_is_busy_at_the_start_lets_the_worker_begin_and_is_asked_again(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = EventRuntime(console, event)

    def busy(*_: Any, **__: Any) -> None:
        raise StoreError("The store is busy.")

    with monkeypatch.context() as bad_day:
        bad_day.setattr(console.store, "acquire", busy)
        assert not runtime.lead.start()
    assert runtime.lead.beat()
    runtime.lead.stop()


@pytest.fixture
def other(console: Console, tmp_path: Path, clock: StandingClock) -> Iterator[Console]:
    """A second process on the same store."""
    made = compose(Settings(home=tmp_path, worker=False), clock=clock)
    yield made
    made.close()


def test_two_processes_on_one_store_each_serve_the_events_that_they_hold(
    console: Console, event: Event, second: Event, other: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventRuntime, "start", lambda self: self.lead.beat())
    here, there = Worker(console, holder="here"), Worker(other, holder="there")
    first = EventRuntime(console, event)
    assert first.lead.beat()  # this process has the first event already when both look
    there.look()
    here.look()
    assert [runtime.lead.held for runtime in there.runtimes.values()] == [False, True]
    assert [runtime.lead.held for runtime in here.runtimes.values()] == [False, False]
    first.stop()
    assert here.runtimes["ev-1"].lead.beat()
    assert not there.runtimes["ev-1"].lead.beat()
    there.stop()
    assert here.runtimes["ev-2"].lead.beat()
    here.stop()


def test_at_another_speed_of_the_practice_clock_nobody_sleeps_on(
    staged: type[Staged], console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(console, holder="test")
    worker.look()
    assert set(worker.runtimes) == {event.id}
    speeds = iter((1.0, 600.0, 600.0, 0.0))
    monkeypatch.setattr(loop, "anchor_clock", lambda console: setattr(console.clock, "factor", next(speeds)))
    for expected in (0, 1, 1, 2):
        worker.keep_time()
        assert len(staged.woken) == expected

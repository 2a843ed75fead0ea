"""A console calls when nobody does an event's work, once, and says when somebody does it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, POSTS, CallList
from deepracer_admin.rules.alarms import live
from deepracer_admin.worker import WorkerWatch, worker_watch
from tests.flows.calls.test_caller import LONG_S, Hanging, Outside
from tests.pages.conftest import NOW, StandingClock, clock, console, event

__all__ = ["clock", "console", "event"]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def waits_for_the_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_watch, "CHATS_S", LONG_S)


def test_a_dead_worker_is_told_within_a_minute_by_one_console_and_its_return_too(
    console: Console, event: Event, clock: StandingClock
) -> None:
    outside = Outside()
    ports = replace(console.ports_of(event.id), chat=lambda: outside)
    consoles = [replace(console, ports_of=lambda _: ports) for _ in range(2)]
    watches = [WorkerWatch(each, holder=f"web-{number}") for number, each in enumerate(consoles)]
    lease = console.store.acquire(f"worker/{event.id}", "worker", ttl_s=15, now=NOW)
    assert lease
    for second in range(0, 60, 5):
        clock.at = NOW + second * SECOND
        for watch in watches:
            watch.look()
    assert [notice.title for notice in outside.notices] == ["[REHEARSAL] Autumn Cup: Nobody does the event's work"]
    assert console.store.acquire(f"worker/{event.id}", "next", ttl_s=600, now=clock.at)
    for second in range(60, 120, 5):
        clock.at = NOW + second * SECOND
        for watch in watches:
            watch.look()
    assert [notice.level for notice in outside.notices] == ["red", "green"]
    assert live(console.store.rows(event.id, ALARMS)) == []
    assert len(console.store.rows(event.id, POSTS)) == 2
    for watch in watches:
        watch.stop()
    assert [each.name for each in console.store.leases()] == [f"worker/{event.id}"]


def test_a_worker_that_is_restarted_and_an_event_that_rests_call_nobody(
    console: Console, event: Event, clock: StandingClock
) -> None:
    watch = WorkerWatch(console)
    lease = None
    for second in range(0, 300, 5):
        clock.at = NOW + second * SECOND
        if second % 25 < 15:  # given back for ten seconds, again and again
            lease = console.store.acquire(f"worker/{event.id}", "worker", ttl_s=5, now=clock.at)
        elif lease:
            console.store.release(lease)
            lease = None
        assert watch.look() == []
    console.store.amend_event(event.id, lambda one: replace(one, closed_at=NOW - timedelta(days=3)))
    other = replace(event, id="ev-2", ends_at=NOW - timedelta(days=30), starts_at=NOW - timedelta(days=40))
    console.store.save_event(other)
    clock.at = NOW + 3600 * SECOND
    assert "ev-2" not in watch.look()


def test_a_chat_that_hangs_holds_up_the_mail_of_no_event(
    console: Console, event: Event, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_watch, "CHATS_S", 0.0)
    chat, outside = Hanging(), Outside()
    console.store.save_event(replace(event, id="ev-2"))
    for one in ("ev-1", "ev-2"):
        console.store.update(one, CALL_LIST, lambda _: CallList(("olivia@example.com",)))
    ports = {one: replace(console.ports_of(one), chat=lambda: chat, mailer=lambda: outside) for one in ("ev-1", "ev-2")}
    watch = WorkerWatch(replace(console, ports_of=ports.__getitem__), holder="web")
    for second in range(0, 60, 5):
        clock.at = NOW + second * SECOND
        watch.look()
    assert len(outside.mails) == 2
    chat.goes_on.set()
    watch.stop()
    assert len(chat.notices) == 2

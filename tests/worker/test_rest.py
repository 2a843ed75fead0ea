"""A duty that has nothing under way rests until something changes, and misses no change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.model import Actor, Event, Lease
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign, CampaignState
from deepracer_admin.worker import EventRuntime, duties
from deepracer_admin.worker.duties import Duty, DutyThreads
from tests.pages.conftest import NOW, StandingClock, clock, console, event, organizer

__all__ = ["StandingClock", "clock", "console", "event", "organizer"]
PATIENCE_S = 120.0


class Rounds:
    """Counts rounds; somebody may wait for one."""

    def __init__(self, then: Callable[[int], None] = lambda _: None) -> None:
        self.number = 0
        self._more = threading.Condition()
        self._then = then

    def run(self, _: Lease) -> None:
        with self._more:
            self.number += 1
            self._more.notify_all()
        self._then(self.number)

    def reach(self, number: int) -> bool:
        with self._more:
            return self._more.wait_for(lambda: self.number >= number, PATIENCE_S)


@pytest.fixture
def lead(console: Console) -> Iterator[Leadership]:
    made = Leadership(console.store, "worker/test", "test", ttl_s=3600, clock=console.clock)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def only_a_change_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "REST_S", 86_400.0)


def started(lead: Leadership, resting: Rounds, restless: Rounds, revision: Callable[[], int]) -> DutyThreads:
    made = DutyThreads(
        lead,
        (
            Duty("resting", resting.run, lambda: 0.01, lambda: True),
            Duty("restless", restless.run, lambda: 0.01),
        ),
        lambda *_: None,
        revision,
    )
    made.start()
    return made


def test_it_runs_again_when_something_has_changed_and_not_before(lead: Leadership) -> None:
    now = [1]
    resting, restless = Rounds(), Rounds()
    threads = started(lead, resting, restless, lambda: now[0])
    assert resting.reach(1)
    assert restless.reach(restless.number + 20)
    assert resting.number == 1, "nothing has changed"
    now[0] = 2
    assert resting.reach(2)
    threads.stop()


def test_a_change_during_its_round_is_not_slept_through(lead: Leadership) -> None:
    now = [1]
    resting = Rounds(lambda number: now.__setitem__(0, 2) if number == 1 else None)
    threads = started(lead, resting, Rounds(), lambda: now[0])
    assert resting.reach(2)
    threads.stop()


def test_one_that_rests_stops_at_once(lead: Leadership, monkeypatch: pytest.MonkeyPatch) -> None:
    resting = Rounds()
    threads = started(lead, resting, Rounds(), lambda: 1)
    assert resting.reach(1)
    running = [*threads._threads]
    threads.stop()
    for thread in running:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in running)


def test_whoever_sleeps_wakes_when_event_time_goes_faster(lead: Leadership) -> None:
    pause = [86_400.0]
    sleeping = Rounds()
    threads = DutyThreads(lead, (Duty("sleeping", sleeping.run, lambda: pause[0]),), lambda *_: None)
    threads.start()
    assert sleeping.reach(1)
    pause[0] = 0.01
    threads.wake()
    assert sleeping.reach(20)
    threads.stop()


def test_whoever_stands_by_works_as_soon_as_the_lease_is_held(
    lead: Leadership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "STANDS_BY_S", 86_400.0)
    working, seen, beat = Rounds(), threading.Semaphore(0), lead.beat

    def not_yet() -> bool:
        seen.release()
        return False

    monkeypatch.setattr(lead, "beat", not_yet)
    threads = DutyThreads(lead, (Duty("working", working.run, lambda: 86_400.0),), lambda *_: None)
    threads.start()
    assert seen.acquire(timeout=PATIENCE_S)
    assert working.number == 0
    beat()
    assert working.reach(1)
    threads.stop()


def test_whoever_is_woken_during_a_round_does_not_sleep_after_it(lead: Leadership) -> None:
    wake: list[Callable[[], None]] = []
    sleeping = Rounds(lambda number: wake[0]() if number == 1 else None)
    threads = DutyThreads(lead, (Duty("sleeping", sleeping.run, lambda: 86_400.0),), lambda *_: None)
    wake.append(threads.wake)
    threads.start()
    assert sleeping.reach(2)
    threads.stop()


def test_an_event_in_which_nothing_goes_on_rests_and_one_with_mail_to_go_does_not(
    console: Console, event: Event, organizer: Actor
) -> None:
    runtime = EventRuntime(console, event, holder="test")
    resting = {duty.name for duty in runtime.threads.duties if duty.rests is not None and duty.rests()}
    assert resting == {"invitations", "onboarding", "group", "mail", "proof", "signed in"}
    campaign = Campaign(
        template="reminder",
        version=1,
        audience=Audience("proven"),
        state=CampaignState.SCHEDULED,
        by=organizer.oid,
        by_name=organizer.name,
        created_at=NOW,
        schedule_at=NOW,
    )
    console.store.change_rows(event.id, CAMPAIGNS, lambda _: {"camp-1": campaign})
    assert not runtime._is_mail_quiet(), "it is to go at a time, which no change tells"
    console.store.change_rows(event.id, CAMPAIGNS, lambda _: {"camp-1": replace(campaign, state=CampaignState.DONE)})
    assert runtime._is_mail_quiet()
    console.of(event.id).onboarding.start(organizer)
    assert not any(duty.rests() for duty in runtime.threads.duties if duty.rests is not None)
    runtime.mail.close()

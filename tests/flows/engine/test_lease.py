"""One worker leads; one that was away writes nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.errors import LeaseLost, StoreError
from deepracer_admin.flows.engine.lease import ARRIVES_S, Leadership
from deepracer_admin.model import Lease, Outcome, State, Step
from deepracer_admin.presence import Presence
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from tests.flows.fake_time import FakeClock
from tests.store.counting import COUNTER
from tests.store.people import people


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    yield store
    store.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def leader(store: SqliteEventStore, clock: FakeClock, holder: str, presence: Presence | None = None) -> Leadership:
    return Leadership(store, "worker", holder, ttl_s=30.0, clock=clock, presence=presence)


def test_the_first_leads_and_the_second_stands_by(store: SqliteEventStore, clock: FakeClock) -> None:
    one, two = leader(store, clock, "anna-laptop"), leader(store, clock, "bo-laptop")
    assert (one.beat(), two.beat()) == (True, False)
    assert one.lease.holder.startswith("anna-laptop#")
    with pytest.raises(LeaseLost, match="Another worker holds this work"):
        _ = two.lease


def test_beats_keep_the_lease_and_its_epoch(store: SqliteEventStore, clock: FakeClock) -> None:
    one, two = leader(store, clock, "one"), leader(store, clock, "two")
    for _ in range(10):
        assert (one.beat(), two.beat()) == (True, False)
        clock.seconds += 20
    assert one.lease.epoch == 1


def test_a_holder_that_slept_past_its_lease_writes_nothing(store: SqliteEventStore, clock: FakeClock) -> None:
    store.save_attendees("spring", people(1))
    sleeper, heir = leader(store, clock, "sleeper"), leader(store, clock, "heir")
    sleeper.beat()
    taken_along = sleeper.lease
    clock.seconds += 31
    assert sleeper.held is False
    with pytest.raises(LeaseLost):
        _ = sleeper.lease
    assert heir.beat() is True
    outcome = Outcome("a00000", Step.PROFILE, State.DONE)
    with pytest.raises(LeaseLost):
        store.record("spring", [outcome], lease=taken_along, now=clock.now())
    assert store.steps("spring") == []
    assert store.record("spring", [outcome], lease=heir.lease, now=clock.now()) == 1


def test_a_sleeper_whom_nobody_replaced_starts_under_a_new_epoch(store: SqliteEventStore, clock: FakeClock) -> None:
    sleeper = leader(store, clock, "sleeper")
    sleeper.beat()
    taken_along = sleeper.lease
    clock.seconds += 31
    assert sleeper.beat() is True
    assert sleeper.lease.epoch == taken_along.epoch + 1
    with pytest.raises(LeaseLost):
        store.update("", COUNTER, lambda _: 1, lease=taken_along)
    assert store.read("", COUNTER) == 0


def test_a_restarted_process_is_not_taken_for_its_predecessor(store: SqliteEventStore, clock: FakeClock) -> None:
    before, restarted = leader(store, clock, "anna-laptop"), leader(store, clock, "anna-laptop")
    before.beat()
    assert restarted.beat() is False
    clock.seconds += 31
    assert restarted.beat() is True
    assert restarted.lease.epoch == 2


class Told(Presence):
    """What is seen of processes, told by the test."""

    def __init__(self, home: Path, mark: str) -> None:
        super().__init__(home)
        self.own = mark
        self.gone: dict[str, float] = {}

    def mark(self) -> str:
        return self.own

    def ended(self) -> dict[str, float]:
        return self.gone


def test_the_lease_of_a_process_that_ended_is_taken_once_what_it_sent_has_arrived(
    store: SqliteEventStore, clock: FakeClock, tmp_path: Path
) -> None:
    store.save_attendees("spring", people(1))
    dead = leader(store, clock, "anna-laptop", Told(tmp_path, "before"))
    dead.beat()
    taken_along = dead.lease
    seen = Told(tmp_path, "after")
    heir = leader(store, clock, "anna-laptop", seen)
    assert heir.beat() is False
    seen.gone = {"before": 0.0, "another": 60.0}
    assert heir.beat() is False, "what it sent a moment ago may still be on its way"
    seen.gone = {"before": ARRIVES_S, "another": 60.0}
    assert heir.beat() is True
    assert heir.lease.epoch == taken_along.epoch + 1
    with pytest.raises(LeaseLost):
        store.record("spring", [Outcome("a00000", Step.PROFILE, State.DONE)], lease=taken_along, now=clock.now())


def test_of_a_process_elsewhere_nothing_is_known_and_its_lease_is_waited_for(
    store: SqliteEventStore, clock: FakeClock, tmp_path: Path
) -> None:
    elsewhere = leader(store, clock, "anna-laptop")
    elsewhere.beat()
    seen = Told(tmp_path, "after")
    seen.gone = {"": 60.0, "another": 60.0}
    heir = leader(store, clock, "bo-laptop", seen)
    assert heir.beat() is False
    clock.seconds += 31
    assert heir.beat() is True


def test_a_leader_that_stops_makes_room_at_once(store: SqliteEventStore, clock: FakeClock) -> None:
    one, two = leader(store, clock, "one"), leader(store, clock, "two")
    with one:
        assert one.held
        assert two.beat() is False
    assert one.held is False
    assert two.beat() is True
    one.stop()
    assert two.beat() is True


def test_the_lease_is_renewed_in_the_background(store: SqliteEventStore, clock: FakeClock) -> None:
    renewals = threading.Semaphore(0)
    renew = store.renew

    def counted(lease: Lease, **values: object) -> Lease:
        renewed = renew(lease, **values)  # type: ignore[arg-type]
        renewals.release()
        return renewed

    store.renew = counted  # type: ignore[method-assign]
    with Leadership(store, "worker", "one", ttl_s=6.0, clock=clock) as leadership:
        first = leadership.lease
        assert renewals.acquire(timeout=300)
        assert leadership.lease.until >= first.until
    assert "lease-worker" not in [thread.name for thread in threading.enumerate()]


def test_a_busy_store_does_not_end_the_renewing(store: SqliteEventStore, clock: FakeClock) -> None:
    renew = store.renew
    failed, renewed = threading.Event(), threading.Event()

    def failing_once(lease: Lease, **values: object) -> Lease:
        if not failed.is_set():
            failed.set()
            raise StoreError("The data file is busy in another process: try again in a minute.")
        renewed.set()
        return renew(lease, **values)  # type: ignore[arg-type]

    store.renew = failing_once  # type: ignore[method-assign]
    with Leadership(store, "worker", "one", ttl_s=3.0, clock=clock):
        assert failed.wait(300)
        assert renewed.wait(300)


def test_who_stands_by_looks_again_when_the_lease_of_the_dead_may_be_taken_and_says_that_it_holds_it(
    store: SqliteEventStore, clock: FakeClock, tmp_path: Path
) -> None:
    leader(store, clock, "anna-laptop", Told(tmp_path, "before")).beat()
    seen, held = Told(tmp_path, "after"), threading.Event()
    heir = leader(store, clock, "anna-laptop", seen)
    heir.on_held = held.set
    heir.beat()
    assert heir.pause_s == pytest.approx(3.0)
    seen.gone = {"before": 0.5}
    heir.beat()
    assert heir.pause_s == pytest.approx(ARRIVES_S - 0.5)
    assert not held.is_set()
    seen.gone = {"before": ARRIVES_S}
    heir.beat()
    assert held.is_set()
    assert heir.pause_s == pytest.approx(10.0)
    held.clear()
    heir.beat()
    assert not held.is_set(), "it was held before"

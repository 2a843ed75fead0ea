"""Limits hold across threads and processes, and a back-off holds everybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepracer_admin.flows.engine.pacing import LONGEST_HOLD_S, Pacer
from deepracer_admin.model import Limit
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from tests.flows.fake_time import FakeClock
from tests.store.crew import together

MAIL = Limit("mail", rate=10.0, burst=14)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    store = open_event_store(tmp_path / "events.db", "rehearsal")
    yield store
    store.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pacer(store: SqliteEventStore, clock: FakeClock) -> Pacer:
    return Pacer(store, clock)


def test_no_more_goes_out_at_once_than_the_burst(pacer: Pacer) -> None:
    assert pacer.take(MAIL, 50) == 14
    assert pacer.take(MAIL, 50) == 0


def test_without_waiting_nobody_sleeps(pacer: Pacer, clock: FakeClock) -> None:
    pacer.take(MAIL, 14)
    assert pacer.take(MAIL) == 0
    assert clock.naps == []


def test_waiting_ends_as_soon_as_one_is_free(pacer: Pacer, clock: FakeClock) -> None:
    pacer.take(MAIL, 14)
    assert pacer.take(MAIL, 5, wait=None) == 1
    assert clock.seconds == pytest.approx(0.1, abs=0.02)


def test_waiting_ends_with_none_when_the_time_is_up(pacer: Pacer, clock: FakeClock) -> None:
    slow = Limit("slow", rate=0.01)
    assert pacer.take(slow) == 1
    assert pacer.take(slow, wait=7.5) == 0
    assert clock.seconds == pytest.approx(7.5)
    assert max(clock.naps) <= 1.0


def test_nothing_wanted_is_nothing_taken(pacer: Pacer) -> None:
    assert pacer.take(MAIL, 0, wait=None) == 0
    assert pacer.take(MAIL, 14) == 14


def test_a_limit_without_a_rate_lets_everything_through(pacer: Pacer) -> None:
    assert pacer.take(Limit("free", in_flight=4), 10_000) == 10_000


def test_a_busy_process_leases_ahead_and_spares_the_store(store: SqliteEventStore, clock: FakeClock) -> None:
    asked: list[int] = []
    take_tokens = store.take_tokens

    def counted(name: str, wanted: int, **values: object) -> tuple[int, float]:
        asked.append(wanted)
        return take_tokens(name, wanted, **values)  # type: ignore[arg-type]

    store.take_tokens = counted  # type: ignore[method-assign]
    pacer = Pacer(store, clock)
    limit = Limit("graph", rate=100.0, burst=100)
    for _ in range(300):
        clock.seconds += 0.02
        assert pacer.take(limit) == 1
    assert len(asked) < 150
    assert max(asked) <= 100


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 30), st.floats(0, 1.5), st.booleans()), min_size=5, max_size=60
    ),
    rate=st.sampled_from([0.5, 3.0, 14.0]),
    burst=st.integers(1, 20),
)
def test_two_pacers_never_exceed_the_limit_over_any_span(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, float, bool]], rate: float, burst: int
) -> None:
    store = open_event_store(tmp_path_factory.mktemp("pacing") / "events.db", "rehearsal")
    clock = FakeClock()
    pacers = [Pacer(store, clock) for _ in range(2)]
    limit = Limit("shared", rate=rate, burst=burst)
    taken: list[tuple[float, int]] = []
    for who, wanted, pause, patient in steps:
        clock.seconds += pause
        granted = pacers[who].take(limit, wanted, wait=2.0 if patient else 0.0)
        assert 0 <= granted <= wanted
        taken.append((clock.seconds, granted))
    store.close()
    assert sum(granted for _, granted in taken) <= burst + rate * clock.seconds + 0.01
    for first, (began, _) in enumerate(taken):
        total = 0
        for at, granted in taken[first:]:
            total += granted
            assert total <= burst + rate * (at - began + 1) + 0.01


def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    (began_one, ended_one), (began_two, ended_two) = together("take_tokens", tmp_path / "events.db", 40)
    span = max(ended_one, ended_two) - min(began_one, began_two)
    assert 5 + 100.0 * span + 1 >= 80


def test_tokens_leased_ahead_are_given_up_after_a_second(store: SqliteEventStore, clock: FakeClock) -> None:
    busy, other = (Pacer(store, clock) for _ in range(2))
    limit = Limit("graph", rate=10.0, burst=10)
    for _ in range(21):
        assert busy.take(limit, wait=None) == 1
        clock.seconds += 0.1
    clock.seconds += 60
    assert other.take(limit, 10) == 10
    assert busy.take(limit) == 0


# -- back-off


def test_a_back_off_holds_every_process_until_it_is_over(store: SqliteEventStore, clock: FakeClock) -> None:
    one, two = (Pacer(store, clock) for _ in range(2))
    one.back_off(MAIL, 20.0)
    assert (one.take(MAIL), two.take(MAIL)) == (0, 0)
    assert two.held_for(MAIL) == pytest.approx(20.0)
    clock.seconds = 19.9
    assert (one.take(MAIL), two.take(MAIL)) == (0, 0)
    clock.seconds = 20.0
    assert (one.take(MAIL), two.take(MAIL)) == (1, 1)
    assert one.held_for(MAIL) == 0.0


def test_a_back_off_also_holds_a_limit_without_a_rate_and_no_other(pacer: Pacer) -> None:
    free = Limit("free")
    pacer.back_off(free, 5.0)
    assert pacer.take(free) == 0
    assert pacer.take(MAIL) == 1


def test_tokens_leased_ahead_are_given_up_on_a_back_off(pacer: Pacer, clock: FakeClock) -> None:
    for _ in range(30):
        clock.seconds += 0.1
        pacer.take(MAIL)
    pacer.back_off(MAIL, 5.0)
    assert pacer.take(MAIL) == 0


def test_the_longest_back_off_counts(store: SqliteEventStore, clock: FakeClock) -> None:
    one, two = (Pacer(store, clock) for _ in range(2))
    one.back_off(MAIL, 30.0)
    two.back_off(MAIL, 5.0)
    clock.seconds = 29.0
    assert (one.take(MAIL), two.take(MAIL)) == (0, 0)


def test_a_waiting_caller_goes_on_when_the_back_off_is_over(pacer: Pacer, clock: FakeClock) -> None:
    pacer.back_off(MAIL, 12.0)
    assert pacer.take(MAIL, 3, wait=None) == 3
    assert clock.seconds == pytest.approx(12.0)


def test_a_back_off_left_by_a_wrong_clock_does_not_stop_the_work(store: SqliteEventStore, clock: FakeClock) -> None:
    clock.seconds = 86_400.0
    Pacer(store, clock).back_off(MAIL, 60.0)
    clock.seconds = 0.0
    assert Pacer(store, clock).take(MAIL) == 1


def test_no_back_off_is_longer_than_an_hour(pacer: Pacer) -> None:
    pacer.back_off(MAIL, 1e9)
    assert pacer.held_for(MAIL) == pytest.approx(LONGEST_HOLD_S)


# -- in flight

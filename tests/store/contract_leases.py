"""What every EventStore must do: leases with epochs, and token buckets."""

import pytest

from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import Lease
from deepracer_admin.store import EventStore
from tests.store.counting import COUNTER
from tests.store.people import NOW, after


class LeasesContract:
    def test_one_holder_at_a_time(self, store: EventStore) -> None:
        assert store.acquire("worker", "one", ttl_s=30, now=NOW) == Lease("worker", "one", 1, after(30))
        assert store.acquire("worker", "two", ttl_s=30, now=after(29)) is None
        assert store.acquire("other", "two", ttl_s=30, now=after(29)) == Lease("other", "two", 1, after(59))

    def test_a_new_holder_raises_the_epoch(self, store: EventStore) -> None:
        store.acquire("worker", "one", ttl_s=30, now=NOW)
        assert store.acquire("worker", "two", ttl_s=30, now=after(30)) == Lease("worker", "two", 2, after(60))

    def test_the_holder_acquires_again_under_the_same_epoch(self, store: EventStore) -> None:
        store.acquire("worker", "one", ttl_s=30, now=NOW)
        assert store.acquire("worker", "one", ttl_s=30, now=after(10)) == Lease("worker", "one", 1, after(40))

    def test_a_lease_that_ran_out_is_new_even_to_its_last_holder(self, store: EventStore) -> None:
        old = store.acquire("worker", "one", ttl_s=30, now=NOW)
        new = store.acquire("worker", "one", ttl_s=30, now=after(31))
        assert new is not None
        assert new.epoch == 2
        with pytest.raises(LeaseLost):
            store.update("", COUNTER, lambda _: 1, lease=old)
        store.update("", COUNTER, lambda _: 2, lease=new)
        assert store.read("", COUNTER) == 2

    def test_a_renewed_lease_runs_longer_and_keeps_its_epoch(self, store: EventStore) -> None:
        lease = store.acquire("worker", "one", ttl_s=30, now=NOW)
        assert lease is not None
        assert store.renew(lease, ttl_s=30, now=after(20)) == Lease("worker", "one", 1, after(50))
        assert store.acquire("worker", "two", ttl_s=30, now=after(49)) is None

    def test_a_lease_that_was_lost_or_ran_out_cannot_be_renewed(self, store: EventStore) -> None:
        lease = store.acquire("worker", "one", ttl_s=30, now=NOW)
        assert lease is not None
        with pytest.raises(LeaseLost, match="away for too long"):
            store.renew(lease, ttl_s=30, now=after(30))
        store.acquire("worker", "two", ttl_s=30, now=after(30))
        with pytest.raises(LeaseLost):
            store.renew(lease, ttl_s=30, now=after(31))

    def test_a_released_lease_is_free_at_once_and_its_epoch_is_not_used_again(self, store: EventStore) -> None:
        lease = store.acquire("worker", "one", ttl_s=30, now=NOW)
        assert lease is not None
        store.release(lease)
        store.release(lease)
        assert store.leases() == []
        with pytest.raises(LeaseLost):
            store.update("", COUNTER, lambda _: 1, lease=lease)
        assert store.acquire("worker", "two", ttl_s=30, now=after(1)) == Lease("worker", "two", 2, after(31))

    def test_a_late_release_does_not_take_the_lease_from_its_new_holder(self, store: EventStore) -> None:
        late = store.acquire("worker", "one", ttl_s=30, now=NOW)
        new = store.acquire("worker", "two", ttl_s=30, now=after(31))
        assert late is not None
        store.release(late)
        assert store.leases() == [new]


class TokensContract:
    def test_a_new_bucket_is_full_and_then_fills_at_its_rate(self, store: EventStore) -> None:
        assert store.take_tokens("mail", 20, rate=10.0, burst=14, now=NOW) == (14, pytest.approx(0.1, abs=1e-3))
        assert store.take_tokens("mail", 20, rate=10.0, burst=14, now=after(0.05)) == (0, pytest.approx(0.05, abs=1e-3))
        assert store.take_tokens("mail", 20, rate=10.0, burst=14, now=after(0.5))[0] == 5
        assert store.take_tokens("mail", 20, rate=10.0, burst=14, now=after(60))[0] == 14

    def test_a_full_grant_needs_no_wait(self, store: EventStore) -> None:
        assert store.take_tokens("mail", 3, rate=10.0, burst=14, now=NOW) == (3, 0.0)

    def test_fractions_add_up(self, store: EventStore) -> None:
        store.take_tokens("slow", 1, rate=0.5, burst=1, now=NOW)
        granted = [store.take_tokens("slow", 1, rate=0.5, burst=1, now=after(0.25 * n))[0] for n in range(1, 41)]
        assert sum(granted) == 5

    def test_no_rate_is_no_limit(self, store: EventStore) -> None:
        assert store.take_tokens("free", 10_000, rate=0.0, burst=1, now=NOW) == (10_000, 0.0)

    def test_a_clock_that_went_back_a_little_grants_nothing_extra(self, store: EventStore) -> None:
        store.take_tokens("mail", 1, rate=1.0, burst=1, now=after(2))
        assert store.take_tokens("mail", 1, rate=1.0, burst=1, now=NOW)[0] == 0
        assert store.take_tokens("mail", 1, rate=1.0, burst=1, now=after(2.5))[0] == 0
        assert store.take_tokens("mail", 1, rate=1.0, burst=1, now=after(3))[0] == 1

    def test_a_clock_that_was_set_back_does_not_stop_the_work(self, store: EventStore) -> None:
        store.take_tokens("mail", 1, rate=1.0, burst=1, now=after(3600))
        assert store.take_tokens("mail", 1, rate=1.0, burst=1, now=NOW)[0] == 0
        assert store.take_tokens("mail", 1, rate=1.0, burst=1, now=after(1))[0] == 1

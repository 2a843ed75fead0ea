"""Token buckets."""

from datetime import datetime

from deepracer_admin.rehearsal.shared.buckets import Bucket
from tests.practice import WorldHandle
from tests.rehearsal.held_time import HeldTime


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_a_bucket_gives_what_it_holds_and_then_makes_wait() -> None:
    machine = HeldTime()
    bucket = Bucket(2, 0.5, machine.monotonic)
    for _ in range(2):
        assert bucket.wait_s(1) == 0
        bucket.take(1)
    assert (bucket.wait_s(1), bucket.used_share) == (2, 1)
    machine.passed_s += 2
    assert (bucket.wait_s(1), bucket.used_share) == (0, 0.5)

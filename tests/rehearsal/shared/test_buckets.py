"""Token buckets."""

from datetime import datetime

import pytest

from deepracer_admin.rehearsal.shared.buckets import Bucket
from tests.practice import WorldHandle


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_a_bucket_gives_what_it_holds_and_then_makes_wait() -> None:
    bucket = Bucket(2, 0.001)
    for _ in range(2):
        assert bucket.wait_s(1) == 0
        bucket.take(1)
    assert bucket.wait_s(1) == pytest.approx(1000, rel=0.01)
    assert bucket.used_share == pytest.approx(1, abs=0.01)

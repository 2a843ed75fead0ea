"""A practice world whose clock stands still, and a caller that signs by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.managed.account import RawCaller


@pytest.fixture
def still(tmp_path: Path) -> Iterator[WorldHandle]:
    """Time moves only when the test advances it."""
    handle = start_world(tmp_path / "world", slots=2)
    handle.control("POST", "clock", {"paused": True})
    yield handle
    handle.stop()


@pytest.fixture
def caller(still: WorldHandle) -> Iterator[RawCaller]:
    raw = RawCaller(still)
    yield raw
    raw.http.close()

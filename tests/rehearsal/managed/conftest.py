"""A practice world whose clock stands still, and a caller that signs by hand."""

from collections.abc import Iterator

import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.held_time import HeldTime, renew
from tests.rehearsal.managed.account import RawCaller


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    handle = start_world(tmp_path_factory.mktemp("world"), slots=2, machine=HeldTime())
    yield handle
    handle.stop()


@pytest.fixture
def still(kept: WorldHandle) -> WorldHandle:
    """Time moves only when the test advances it."""
    renew(kept)
    kept.control("POST", "clock", {"paused": True})
    return kept


@pytest.fixture
def caller(still: WorldHandle) -> Iterator[RawCaller]:
    raw = RawCaller(still)
    yield raw
    raw.http.close()

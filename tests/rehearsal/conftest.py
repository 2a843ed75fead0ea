"""How tests without a library talk to the practice world, and a world whose real time they hold."""

from collections.abc import Iterator

import httpx
import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.held_time import HeldTime, renew


@pytest.fixture(scope="session")
def kept_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    """The world itself: tests ask for `practice`, which makes it new first."""
    handle = start_world(tmp_path_factory.mktemp("practice"), machine=HeldTime())
    yield handle
    handle.stop()


@pytest.fixture
def practice(kept_practice: WorldHandle) -> WorldHandle:
    """A practice world in this process in which nothing has happened yet, and no time passes by itself."""
    renew(kept_practice)
    return kept_practice


@pytest.fixture
def client(practice: WorldHandle) -> Iterator[httpx.Client]:
    """An HTTP client on the world's address."""
    with httpx.Client(base_url=practice.endpoints["url"], trust_env=False, timeout=300) as client:
        yield client

"""One practice world for the whole run, as on its first day for each test that asks for it."""

from collections.abc import Iterator

import pytest

from tests.practice import WorldHandle, start_world


@pytest.fixture(scope="session")
def kept_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    """The world itself: tests ask for `practice`, which makes it new first."""
    handle = start_world(tmp_path_factory.mktemp("practice"))
    yield handle
    handle.stop()


@pytest.fixture
def practice(kept_practice: WorldHandle) -> WorldHandle:
    """A practice world in this process in which nothing has happened yet. Tests that stop one start their own."""
    kept_practice.renew()
    return kept_practice

"""One world for each test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.practice import WorldHandle, start_world


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[WorldHandle]:
    """A fresh practice world in this process."""
    handle = start_world(tmp_path / "world")
    yield handle
    handle.stop()


@pytest.fixture
def client(practice: WorldHandle) -> Iterator[httpx.Client]:
    """An HTTP client on the world's address."""
    with httpx.Client(base_url=practice.endpoints["url"], trust_env=False, timeout=30) as client:
        yield client

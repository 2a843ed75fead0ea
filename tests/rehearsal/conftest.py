"""How tests without a library talk to the practice world."""

from collections.abc import Iterator

import httpx
import pytest

from tests.practice import WorldHandle


@pytest.fixture
def client(practice: WorldHandle) -> Iterator[httpx.Client]:
    """An HTTP client on the world's address."""
    with httpx.Client(base_url=practice.endpoints["url"], trust_env=False, timeout=30) as client:
        yield client

"""The resolvers in Node, and the whole path on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.resolvers import ResolverHost

NOW = 1_795_953_600  # epoch seconds that the resolvers see in these tests


@pytest.fixture(scope="session")
def host() -> Iterator[ResolverHost]:
    with ResolverHost(now=NOW) as running:
        yield running

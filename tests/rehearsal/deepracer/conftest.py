"""A paused practice world in each version, and the people who work with it."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.held_time import HeldTime, renew

from .person import AGENT, Deployed, Person

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["1.3.1"])
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], WorldHandle]]:
    """One world for each version that is asked for."""
    worlds: dict[str, WorldHandle] = {}

    def in_version(version: str) -> WorldHandle:
        if version not in worlds:
            home = tmp_path_factory.mktemp("world")
            worlds[version] = stack.enter_context(
                running(start_world(home, version=version, start=START, speed=0, machine=HeldTime()))
            )
        return worlds[version]

    with contextlib.ExitStack() as stack:
        yield in_version


@contextlib.contextmanager
def running(handle: WorldHandle) -> Iterator[WorldHandle]:
    yield handle
    handle.stop()


@pytest.fixture
def world(kept: Callable[[str], WorldHandle], version: str) -> WorldHandle:
    handle = kept(version)
    renew(handle)
    send_racers_home(handle)
    return handle


@pytest.fixture
def deployed(world: WorldHandle) -> Iterator[Deployed]:
    with httpx.Client(headers={"user-agent": AGENT}, trust_env=False, timeout=300) as http:
        yield Deployed(world, http)


@pytest.fixture
def organizer(deployed: Deployed) -> Person:
    return deployed.organizer()


def send_racers_home(handle: WorldHandle) -> None:
    """Take the fleet out of the world, so that no racer moves by itself."""
    handle._loop.call_soon_threadsafe(handle.world.services.pop, "fleet", None)
    handle.counters()  # answered after it is done


def on(*versions: str) -> pytest.MarkDecorator:
    """Run the test on these versions of the deployment."""
    return pytest.mark.parametrize("version", versions, indirect=True)

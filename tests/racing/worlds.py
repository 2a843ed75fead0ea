"""Practice worlds for the racing tests: started once, made new for each test, with nobody acting but the test."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.practice import WorldHandle, start_world


def in_world(world: WorldHandle, act: Callable[[], Any]) -> Any:
    """Act as a racer would, on the world's own thread."""

    async def run() -> Any:
        return act()

    return asyncio.run_coroutine_threadsafe(run(), world._loop).result(300)


@contextlib.contextmanager
def kept_world(home: Path, **options: Any) -> Iterator[WorldHandle]:
    """A world that several tests use one after the other; each calls `renew` first."""
    world = start_world(home, **options)
    try:
        yield world
    finally:
        world.stop()


def renew(world: WorldHandle) -> None:
    """As on the first day: no fault, no racer, no race, nothing counted; the fleet is sent home."""

    def anew() -> None:
        world.world.reset()
        world.world.services.pop("fleet")

    in_world(world, anew)

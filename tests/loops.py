"""Coroutines of tests run in a thread of their own: the browser of another test, which lives as long as the session,
keeps a loop running in the main thread, and a second one cannot begin there."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["in_a_loop"]

T = TypeVar("T")
LONGEST_S = 300.0


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine comes to."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, work).result(LONGEST_S)

"""One piece of work at a time in a thread of its own, so that whoever gave it out does not wait for it.

What if it dies here? The thread is a daemon: a process that ends takes it along, wherever it is, as a kill would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Beside"]


class Beside:
    """`start` and `ended` belong to one thread. What the work raises is raised to who asks for its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._count = 0
        self._error: BaseException | None = None

    @property
    def is_busy(self) -> bool:
        """Is something under way, or has nobody asked yet what came of it?"""
        return self._thread is not None

    def start(self, work: Callable[[], int]) -> None:
        """Begin `work`; nothing may be under way."""
        self._thread = threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True)
        self._thread.start()

    def wait(self, within_s: float) -> None:
        """Until it has come to its end, or so many real seconds."""
        if self._thread is not None:
            self._thread.join(timeout=max(0.0, within_s))

    def ended(self, within_s: float) -> int:
        """What the work came to, once; 0 while it goes on after `within_s` real seconds, and where there is none."""
        self.wait(within_s)
        if self._thread is None or self._thread.is_alive():
            return 0
        self._thread = None
        count, error, self._count, self._error = self._count, self._error, 0, None
        if error is not None:
            raise error
        return count

    def _run(self, work: Callable[[], int]) -> None:
        try:
            self._count = work()
        except BaseException as error:  # noqa: BLE001 - raised again where the end is asked for
            self._error = error

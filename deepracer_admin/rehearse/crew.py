"""The worker of a rehearsal, which a drill may send away for a while."""

from __future__ import annotations

from deepracer_admin.compose import Console
from deepracer_admin.worker import Worker

__all__ = ["Crew"]


class Crew:
    """One worker at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._worker: Worker | None = None

    def start(self) -> None:
        """A fresh worker, unless one is at work."""
        if self._worker is None:
            self._worker = Worker(self._console, holder="rehearse")
            self._worker.start()

    def stop(self) -> None:
        """Nobody works any more."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def relieve(self) -> None:
        """A fresh worker, who looks at everything at once and at the pace of the clock as it goes now: one who is at
        work sleeps until a look that was fixed when the clock still went slowly.
        """
        self.stop()
        self.start()

"""When a screen last asked: of this process alone, which serves them; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Seen"]

MOST = 1_000  # links


class Seen:
    """By link. Thousands of phones ask a second, so noting one is a single write."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._at: dict[str, float] = {}

    def note(self, link: str) -> None:
        """It has just been asked for, and was answered."""
        self._at[link] = self._now_s()
        if len(self._at) > MOST:
            for key in [*self._at][:-MOST]:
                self._at.pop(key, None)

    def since_s(self, link: str) -> float | None:
        """Real seconds since it was asked for the last time; None: not since this console started."""
        at = self._at.get(link)
        return None if at is None else max(0.0, self._now_s() - at)

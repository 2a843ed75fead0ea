"""Token buckets in real time: what a service allows at once and how fast it allows more."""

import time
from collections.abc import Callable


class Bucket:
    """Holds at most `capacity` tokens and gains `per_second`."""

    def __init__(self, capacity: float, per_second: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.capacity, self.per_second = capacity, per_second
        self._level, self._monotonic = capacity, monotonic
        self._seen = monotonic()

    def wait_s(self, tokens: float) -> float:
        """Seconds until `tokens` can be taken; 0: now. Takes nothing."""
        now = self._monotonic()
        self._level = min(self.capacity, self._level + (now - self._seen) * self.per_second)
        self._seen = now
        if self._level >= tokens:
            return 0.0
        return (tokens - self._level) / self.per_second

    def take(self, tokens: float) -> None:
        """Take what `wait_s` found to be there."""
        self._level -= tokens

    @property
    def used_share(self) -> float:
        """0: full, 1: empty, as of the last look."""
        return 1 - self._level / self.capacity

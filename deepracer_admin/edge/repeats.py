"""May this be asked again? One answer for every loop that repeats a call, and how long to wait before.

A repeat is harmless where doing it twice is the same as once (reads, setting a value, what carries a token), or where
an error proves that nothing was done, which is for each service to say. What may have been done and must not happen
twice is never repeated here: the caller looks first.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from deepracer_admin.errors import LostAnswer, ServiceError, Throttled, Unavailable, Unreachable

__all__ = ["BUSY_STATUSES", "Repeats", "may_repeat", "status_may_repeat"]

BUSY_STATUSES = frozenset({408, 409, 423, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that pass by themselves: timed out, in conflict with another change, locked, too early, failing."""

_random = secrets.SystemRandom()


def may_repeat(error: ServiceError, *, harmless: bool, undone: tuple[type[ServiceError], ...] = ()) -> bool:
    """May the very same request go out again? `harmless`: done twice it is the same as done once. `undone`: errors
    which at this service prove that nothing was done.
    """
    if isinstance(error, undone):
        return True
    return harmless and isinstance(error, Throttled | Unreachable | Unavailable | LostAnswer)


def status_may_repeat(status: int, *, harmless: bool, undone: frozenset[int] = frozenset()) -> bool:
    """The same for an HTTP status, where no error was made of it yet; 0 = no answer at all."""
    return status in undone or (harmless and (status == 0 or status in BUSY_STATUSES))


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often and how long: `attempts` in all, waits that double from `first` to `longest` real seconds."""

    attempts: int
    first: float
    longest: float
    in_all: float  # real seconds after which nothing is repeated any more

    def wait(
        self, error: ServiceError, *, harmless: bool, attempt: int, waited: float, asked: float | None = None
    ) -> float | None:
        """Real seconds until the next attempt after `attempt` (from 1) failed; None when it must not, or need not, be.

        A service that asks for a longer pause than `longest` is not waited for here: the caller comes back later.
        """
        if attempt >= self.attempts or not may_repeat(error, harmless=harmless):
            return None
        if isinstance(error, Throttled) and asked is None:
            asked = error.retry_after
        if asked is not None and asked > self.longest:
            return None
        backoff = _random.uniform(0.5, 1.0) * min(self.longest, self.first * 2**attempt)
        pause = backoff if asked is None else asked + _random.uniform(0, 0.5)
        return pause if waited + pause <= self.in_all else None

"""How often and how long a deletion is asked for whose answer proves nothing, before that is said. Pure.

DeepRacer on AWS answers `500 {}` both where there is no account and where Cognito failed for any reason
(deepracer-on-aws-capacity.md 5). A Cognito that is throttled or down for two minutes is over it long before `SETTLE`;
many tries with short pauses find one that fails half of the time in a good moment: seven of them miss one in 128.
"""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["ASKS", "SETTLE", "is_asked_enough", "next_ask"]

ASKS = 4
"""Answers that prove nothing before it is said so, however long they take to come."""
SETTLE = timedelta(minutes=5)
"""Real time over which it is asked for at least; where answers come at once these are seven."""
WAITS = (timedelta(seconds=15), timedelta(seconds=30), timedelta(minutes=1))  # between them; the last one repeats


def is_asked_enough(asked: int, first_at: datetime | None, now: datetime) -> bool:
    """Often and long enough to say that it is not known? `asked`: answers so far that prove nothing."""
    return asked >= ASKS and first_at is not None and now - first_at >= SETTLE


def next_ask(asked: int, last_at: datetime) -> datetime:
    """When to ask again after `asked` (1 or more) answers that prove nothing, the last of them at `last_at`."""
    return last_at + WAITS[min(asked, len(WAITS)) - 1]

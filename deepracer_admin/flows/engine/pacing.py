"""The one enforcer of limits. Adapters declare a `Limit` as data; whoever calls them asks the pacer first.

A rate is shared by all processes through token buckets in the EventStore. A busy process leases up to one second
of tokens ahead, so that not every call costs a write; what it does not use within that second is given up. Hence over
any span of t seconds all processes together make at most `burst + rate * (t + 1)` calls, and never more in total than
the buckets gave out. A back-off that a service asked for is shared too: every process holds still. Calls in flight are
bounded within the process, where the connections are. Real time throughout (architecture.md, Time).
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.clock import Clock
from deepracer_admin.model import Limit
from deepracer_admin.records.holds import HOLDS, Hold
from deepracer_admin.store import EventStore

__all__ = ["LONGEST_HOLD_S", "Pacer"]

LONGEST_HOLD_S = 3600.0  # no service asks for longer; a longer one in the store means that a clock was set
BLOCK_S = 1.0
SHORTEST_NAP_S, LONGEST_NAP_S = 0.005, 1.0


@dataclass(slots=True)
class _Block:
    """Tokens that this process holds, and what it used lately; `since` and `until` on the monotonic clock."""

    tokens: int = 0
    until: float = 0.0
    since: float = 0.0
    used: int = 0
    used_before: int = 0

    def roll(self, mono: float) -> None:
        if mono >= self.until:
            self.tokens = 0
        if mono >= self.since + BLOCK_S:
            self.used_before = self.used if mono < self.since + 2 * BLOCK_S else 0
            self.since, self.used = mono, 0

    def hand_out(self, wanted: int) -> int:
        granted = min(wanted, self.tokens)
        self.tokens -= granted
        self.used += granted
        return granted


class Pacer:
    """One per process; safe from any thread.

    What if it dies? Leased tokens that were not used are lost for a second, nothing else.
    """

    def __init__(self, store: EventStore, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._blocks: dict[str, _Block] = {}
        self._holds: dict[str, datetime] = {}
        self._in_flight: Counter[str] = Counter()
        self._slot_freed = threading.Condition()

    # -- rate

    def take(self, limit: Limit, wanted: int = 1, *, wait: float | None = 0.0) -> int:
        """How many calls (or recipients) of `limit` may go out now: 1 to `wanted`, as soon as there is any.

        0 when none came free within `wait` real seconds (0: do not wait; None: as long as it takes).
        """
        if wanted <= 0:
            return 0
        deadline = math.inf if wait is None else self._clock.monotonic() + wait
        while True:
            granted, until_more = self._try(limit, wanted)
            left = deadline - self._clock.monotonic()
            if granted or left <= 0:
                return granted
            self._sleep(min(max(until_more, SHORTEST_NAP_S), LONGEST_NAP_S, left))

    def _try(self, limit: Limit, wanted: int) -> tuple[int, float]:
        with self._lock:
            mono = self._clock.monotonic()
            block = self._blocks.setdefault(limit.name, _Block(since=mono))
            block.roll(mono)
            granted = block.hand_out(wanted)
            if granted:
                return granted, 0.0
            now = self._clock.now()
            held = self._held_for(limit, now)
            if held > 0:
                return 0, held
            if limit.rate <= 0:
                return wanted, 0.0
            ahead = min(block.used_before, math.floor(limit.rate * BLOCK_S))
            leased, until_more = self._store.take_tokens(
                limit.name, max(wanted, ahead), rate=limit.rate, burst=limit.burst, now=now
            )
            block.tokens, block.until = leased, mono + BLOCK_S
            return block.hand_out(wanted), until_more

    # -- back-off

    def back_off(self, limit: Limit, retry_after: float) -> None:
        """A service said "not before `retry_after` real seconds": all processes hold still until then. The longest
        hold counts; tokens already leased here are given up, elsewhere they run out within a second."""
        until = self._clock.now() + timedelta(seconds=min(max(0.0, retry_after), LONGEST_HOLD_S))
        with self._lock:
            self._blocks.pop(limit.name, None)
            self._held_for(limit, self._clock.now())  # learns a longer hold of another process
            if until > self._holds.get(limit.name, until - timedelta(seconds=1)):
                self._holds[limit.name] = until
                self._store.change_rows(
                    "",
                    HOLDS,
                    lambda held: {limit.name: _longer(held.get(limit.name), until)},
                    keys=(limit.name,),
                )

    def held_for(self, limit: Limit) -> float:
        """Real seconds until calls may go out again; 0.0 when nothing holds them."""
        with self._lock:
            return self._held_for(limit, self._clock.now())

    def _held_for(self, limit: Limit, now: datetime) -> float:
        shared = self._store.row("", HOLDS, limit.name)
        holds = [self._holds.get(limit.name), shared and shared.until]
        until = max((hold for hold in holds if hold is not None), default=now)
        seconds = (until - now).total_seconds()
        if not 0 < seconds <= LONGEST_HOLD_S + 1:
            self._holds.pop(limit.name, None)
            return 0.0
        self._holds[limit.name] = until
        return seconds

    # -- in flight

    @contextmanager
    def slots(self, limit: Limit) -> Iterator[None]:
        """Hold one of the limit's `in_flight` places of this process; waits for one. Not re-entrant."""
        with self._slot_freed:
            self._slot_freed.wait_for(lambda: self._in_flight[limit.name] < max(1, limit.in_flight))
            self._in_flight[limit.name] += 1
        try:
            yield
        finally:
            with self._slot_freed:
                self._in_flight[limit.name] -= 1
                self._slot_freed.notify_all()


def _longer(held: Hold | None, until: datetime) -> Hold:
    return held if held is not None and held.until > until else Hold(until)

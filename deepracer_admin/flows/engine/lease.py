"""Who does the work when several consoles share a store: the holder of a lease, renewed while the worker runs.

The lease is checked twice. Before work, `Leadership.lease` raises when it ran out by this machine's clock (a laptop
that slept). At the write, the store compares the epoch and refuses a holder that was replaced. What if it dies here?
The lease runs out after `ttl_s`, another holder takes over with a new epoch, and claimed mails become UNKNOWN. Where
the holder was a process on the same data folder its end is seen, and its lease given back for it, once what it had
sent has had time to arrive.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from types import TracebackType

from deepracer_admin.clock import Clock, SystemClock
from deepracer_admin.errors import LeaseLost, StoreError
from deepracer_admin.model import Lease
from deepracer_admin.presence import Presence
from deepracer_admin.store import EventStore

__all__ = ["Leadership"]

log = logging.getLogger(__name__)

BEATS_PER_TTL = 3  # two beats may fail before the lease is lost
LOOKS_PER_TTL = 10  # of those who stand by: they take over soon after it has run out
SHORTEST_S = 0.1  # between two looks, where the store is too busy to answer
ARRIVES_S = 2.0  # within this, what a process sent before it ended has reached its service


class Leadership:
    """Tries to hold the lease `name` from `start` to `stop`; standing by while another holds it.

    `holder` is for people ("anna-laptop"); a random part is added, so that a restarted process is a new holder and
    never takes its predecessor's unfinished claims for its own. `ttl_s` in real seconds. `presence`: of this process on
    its data folder; without it a holder that died is waited for.
    """

    def __init__(
        self,
        store: EventStore,
        name: str,
        holder: str,
        ttl_s: float = 30.0,
        *,
        clock: Clock | None = None,
        presence: Presence | None = None,
    ) -> None:
        self.name = name
        self._presence = presence
        mark = presence.mark() if presence is not None else ""
        self.holder = f"{holder}#{mark}.{secrets.token_hex(4)}"
        self._store = store
        self._ttl_s = ttl_s
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._arrived_in_s: float | None = None  # until what a dead holder sent has arrived; None: nobody has died
        self.on_held: Callable[[], object] = lambda: None  # called whenever the lease becomes this one's

    @property
    def lease(self) -> Lease:
        """The lease to pass with every write. Raises LeaseLost when it is not held, or ran out."""
        lease = self._lease
        if lease is None or self._clock.now() >= lease.until:
            raise LeaseLost("Another worker holds this work, or this one was away for too long; nothing was changed.")
        return lease

    @property
    def held(self) -> bool:
        lease = self._lease
        return lease is not None and self._clock.now() < lease.until

    def beat(self) -> bool:
        """Acquire or renew once; True when held afterwards. A lost lease is acquired anew, under a new epoch."""
        gained = False
        with self._lock:
            if self._lease is not None:
                try:
                    self._lease = self._store.renew(self._lease, ttl_s=self._ttl_s, now=self._clock.now())
                except LeaseLost:
                    log.warning("lease %s lost by %s (epoch %d)", self.name, self.holder, self._lease.epoch)
                    self._lease = None
            if self._lease is None:
                self._lease = self._acquire()
                if self._lease is None and self._give_back_for_the_dead():
                    self._lease = self._acquire()
                if self._lease is not None:
                    gained = True
                    log.info("lease %s held by %s (epoch %d)", self.name, self.holder, self._lease.epoch)
        if gained:
            self.on_held()
        return self.held

    @property
    def pause_s(self) -> float:
        """Real seconds until the next beat: after one who died it takes over at the moment at which it may."""
        if self.held:
            return self._ttl_s / BEATS_PER_TTL
        look = self._ttl_s / LOOKS_PER_TTL
        return look if self._arrived_in_s is None else min(look, max(SHORTEST_S, self._arrived_in_s))

    def _acquire(self) -> Lease | None:
        return self._store.acquire(self.name, self.holder, ttl_s=self._ttl_s, now=self._clock.now())

    def _give_back_for_the_dead(self) -> bool:
        """Is its holder a process of this data folder that ended a while ago?"""
        self._arrived_in_s = None
        ended = self._presence.ended() if self._presence is not None else {}
        if not ended:
            return False
        for lease in self._store.leases():
            mark = lease.holder.rpartition("#")[2].partition(".")[0]
            if lease.name != self.name or not mark or mark not in ended:
                continue
            if ended[mark] < ARRIVES_S:
                self._arrived_in_s = ARRIVES_S - ended[mark]
            else:
                log.warning("lease %s given back for %s, which ended (epoch %d)", self.name, lease.holder, lease.epoch)
                self._store.release(lease)
                return True
        return False

    def start(self) -> bool:
        """Beat once now, then in the background. True when held already; a store that is busy is asked again."""
        held = False
        try:
            held = self.beat()
        except StoreError as error:
            log.warning("lease %s not acquired yet: %s", self.name, error.sentence)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"lease-{self.name}", daemon=True)
        self._thread.start()
        return held

    def stop(self) -> None:
        """Give the lease back, so that another can take over at once."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            lease, self._lease = self._lease, None
            if lease is not None:
                self._store.release(lease)

    def _run(self) -> None:
        while not self._stopping.wait(self.pause_s):
            try:
                self.beat()
            except StoreError as error:  # a busy or full disk: the lease holds until it runs out
                log.warning("lease %s not renewed: %s", self.name, error.sentence)

    def __enter__(self) -> Leadership:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

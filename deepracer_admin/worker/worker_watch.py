"""Watches the workers' leases from a console's own process, and calls when nobody does an event's work.

A dead worker cannot tell of itself. Every console watches, whoever does the work; the lease `watch/<event>` lets one of
them say so. Where console and worker are one process that dies, another console on the same store tells it, or nobody.
What if it dies here? The alarm was kept in one change, and a message is claimed as it leaves (flows/calls/caller.py).
"""

from __future__ import annotations

import logging
import platform
import secrets
import threading
import time
from datetime import datetime

from deepracer_admin.compose import Console
from deepracer_admin.errors import ConsoleError, LeaseLost, incident_id
from deepracer_admin.flows.calls.caller import Caller
from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.model import Event, Lease
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.restored import waits_here
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.watched import FUNCTIONS_SILENT, WORKER_SILENT, silent_worker
from deepracer_admin.worker.open_work import has_open_work

__all__ = ["WorkerWatch"]

log = logging.getLogger(__name__)

KIND = "worker"
LOOK_EVERY_S = 5.0
CHATS_S = 1.0  # real time for which a look waits for the chats that were told in it, all together
LEASE_TTL_S = 30.0


class WorkerWatch:
    """`start` and `stop` for a server, `look` for tests."""

    def __init__(self, console: Console, *, holder: str = "") -> None:
        self.console = console
        self._holder = f"{holder or platform.node() or 'console'}#{secrets.token_hex(4)}"
        self._alive: dict[str, datetime] = {}  # event -> when its work was last seen done, or first asked about
        self._callers: dict[str, Caller] = {}
        self._patience = FUNCTIONS_SILENT if console.settings.portal_url else WORKER_SILENT
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch in the background."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="worker-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the look that is under way; what it holds is given back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=60)
            self._thread = None
        for caller in self._callers.values():
            caller.close()
        for lease in self.console.store.leases():
            if lease.holder == self._holder:
                self.console.store.release(lease)

    def look(self) -> list[str]:
        """One look over the events with open work; ids of those whose work nobody does. Raises StoreError."""
        store, clock = self.console.store, self.console.clock
        now = clock.now()
        held = {lease.name: lease for lease in store.leases()}
        silent: list[str] = []
        for event in store.events():
            if waits_here(store, event.id):
                self._alive[event.id] = now  # whoever lets it go on gives the worker its time from then
                continue
            lease = held.get(f"worker/{event.id}")
            wanted = has_open_work(store, event, self.console.opens_first, clock.event_now())
            if not wanted or event.id not in self._alive or (lease is not None and lease.until > now):
                self._alive[event.id] = now
            until = lease.until if lease else None
            alarm = silent_worker(until, self._alive[event.id], now, patience=self._patience)
            if alarm is not None:
                silent.append(event.id)
                self._say(event, [alarm], now)
            elif any(row.kind == KIND and row.cleared_at is None for row in store.rows(event.id, ALARMS).values()):
                self._say(event, [], now)
        end = time.monotonic() + CHATS_S
        for caller in self._callers.values():
            caller.look_on(end - time.monotonic())
        return silent

    def _say(self, event: Event, found: list[Alarm], now: datetime) -> None:
        store = self.console.store
        lease = store.acquire(f"watch/{event.id}", self._holder, ttl_s=LEASE_TTL_S, now=now)
        if lease is None:
            return  # another console says it
        keep_alarms(store, event.id, (KIND,), found, now=self.console.clock.event_now(), lease=lease)
        self._call(event, lease)

    def _call(self, event: Event, lease: Lease) -> None:
        caller = self._callers.setdefault(event.id, Caller(self.console.ports_of(event.id)))
        try:
            caller.run(event, lease, patience_s=0.0)  # a chat that hangs holds up no other event's mail
        except LeaseLost:
            log.info("another console calls for event %s", event.id)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except ConsoleError as error:
                log.warning("the work was not looked at: %s", error.sentence)
            except Exception:
                log.exception("incident %s while watching the work", incident_id())

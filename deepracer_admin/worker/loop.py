"""The worker of a process: one runtime per event with open work, and the duties of the installation."""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable

from deepracer_admin.compose import Console
from deepracer_admin.errors import ConsoleError, incident_id
from deepracer_admin.flows.closeout.erase_people import Eraser
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.model import Event, Lease
from deepracer_admin.worker.duties import Duty, DutyThreads
from deepracer_admin.worker.event_runtime import LEASE_TTL_S, EventRuntime
from deepracer_admin.worker.open_work import has_open_work
from deepracer_admin.worker.practice import OutboxCopier, anchor_clock
from deepracer_admin.worker.role_watch import RoleWatch

__all__ = ["Worker"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ROLES_LOOK_S = 10.0
CLOCK_EVERY_S = 1.0


class Worker:
    """Serves every event with open work. `start` and `stop` for a server, `run_forever` for the command line."""

    def __init__(self, console: Console, *, holder: str = "") -> None:
        self.console = console
        self.holder = holder
        self.runtimes: dict[str, EventRuntime] = {}
        name = holder or platform.node() or "console"
        lead = Leadership(console.store, "worker", name, ttl_s=LEASE_TTL_S, clock=console.clock)
        eraser = Eraser(console.ports_of(""))
        roles = RoleWatch(console.store, console.sessions, console.clock, console.claims)
        duties = [Duty("erasure", eraser.run, lambda: 60.0), Duty("roles", roles.run, lambda: ROLES_LOOK_S)]
        if console.settings.rehearsal:
            duties.append(Duty("outbox", OutboxCopier(console).run, lambda: 3.0))
        self.own = DutyThreads(lead, tuple(duties), self._told)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start in the background."""
        self._stop.clear()
        if self.console.settings.rehearsal:
            anchor_clock(self.console)
            self._spawn("clock", self._keep_practice_time)
        self.own.start()
        self.look()
        self._spawn("events", self._keep_looking)

    def stop(self) -> None:
        """Stop after what is under way; every lease is given back, so that another takes over at once."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)
        self._threads.clear()
        ending = [threading.Thread(target=runtime.stop) for runtime in self.runtimes.values()]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        self.runtimes.clear()
        self.own.stop()
        self.own.lead.stop()

    def run_forever(self) -> None:
        """Until `request_stop` is called from a signal handler or another thread."""
        self.start()
        try:
            while not self._stop.wait(1.0):
                pass
        finally:
            self.stop()

    def request_stop(self) -> None:
        """Ask `run_forever` to end; safe in a signal handler."""
        self._stop.set()

    def look(self) -> None:
        """Take up events with open work, let go of those without, anew those that moved to another service."""
        console = self.console
        first, now = console.opens_first, console.clock.event_now()
        wanted = {
            event.id: event for event in console.store.events() if has_open_work(console.store, event, first, now)
        }
        for event_id, runtime in [*self.runtimes.items()]:
            if event_id not in wanted or wanted[event_id].service != runtime.service:
                del self.runtimes[event_id]
                runtime.stop()
        for event in wanted.values():
            if event.id not in self.runtimes:
                self._take_up(event)

    def _take_up(self, event: Event) -> None:
        runtime = EventRuntime(self.console, event, holder=self.holder)
        self.runtimes[event.id] = runtime
        runtime.start()

    # ---------------------------------------------------------------------------------------------- threads

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"worker-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _keep_looking(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except ConsoleError as error:
                log.warning("events were not looked at: %s", error.sentence)
            except Exception:
                log.exception("incident %s while looking for events", incident_id())

    def _keep_practice_time(self) -> None:
        while not self._stop.wait(CLOCK_EVERY_S):
            anchor_clock(self.console)

    def _told(self, duty: str, sentence: str, _: Lease) -> None:
        """What is of no event has no screen of its own: the log has it."""
        if sentence:
            log.warning("duty %s waits: %s", duty, sentence)

"""The worker of a process: one runtime per event with open work, and the duties of the installation.

One event's bad day is its own: what cannot be taken up is tried again after a while, what ends slowly ends in a thread
of its own, and what cannot be looked at stays as it is; the other events are served meanwhile.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Callable

from deepracer_admin.compose import Console
from deepracer_admin.errors import ConsoleError, incident_id
from deepracer_admin.flows.closeout.erase_people import Eraser
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.flows.setup.slot_quotas import AccountQuotas
from deepracer_admin.model import Event, Lease
from deepracer_admin.worker.duties import Duty, DutyThreads
from deepracer_admin.worker.event_runtime import LEASE_TTL_S, EventRuntime
from deepracer_admin.worker.open_work import has_open_work
from deepracer_admin.worker.practice import OutboxCopier, anchor_clock, obey_clock
from deepracer_admin.worker.role_watch import RoleWatch

__all__ = ["Worker"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ROLES_LOOK_S = 10.0
CLOCK_EVERY_S = 1.0
AGAIN_S, LONGEST_AGAIN_S = 2.0, 60.0


class Worker:
    """Serves every event with open work. `start` and `stop` for a server, `run_forever` for the command line."""

    def __init__(self, console: Console, *, holder: str = "") -> None:
        self.console = console
        self.holder = holder
        self.runtimes: dict[str, EventRuntime] = {}
        name = holder or platform.node() or "console"
        lead = Leadership(
            console.store, "worker", name, ttl_s=LEASE_TTL_S, clock=console.clock, presence=console.presence
        )
        ports = console.ports_of("")
        eraser, quotas = Eraser(ports), AccountQuotas(ports)
        roles = RoleWatch(console.store, console.sessions, console.clock, console.claims)
        duties = [Duty("erasure", eraser.run, lambda: 60.0), Duty("roles", roles.run, lambda: ROLES_LOOK_S)]
        if ports.slot_quotas is not None:
            duties.append(Duty("quotas", quotas.run, lambda: quotas.pause_s))
        if console.settings.rehearsal:
            duties.append(Duty("outbox", OutboxCopier(console).run, lambda: 3.0))
        self.own = DutyThreads(lead, tuple(duties), self._told)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ending: list[threading.Thread] = []  # runtimes that finish what is under way
        self._failed: dict[str, tuple[int, float]] = {}  # event -> how often in a row, monotonic second of the next try

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
        for event_id in [*self.runtimes]:
            self._let_go(event_id)
        for thread in self._ending:
            thread.join()
        self._ending.clear()
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
        """Take up events with open work, let go of those without, anew those that moved to another service. Never
        waits for an event; raises StoreError when the events cannot be read.
        """
        self._ending = [thread for thread in self._ending if thread.is_alive()]
        first = self.console.opens_first
        events = {event.id: event for event in self.console.store.events()}
        wanted = {event.id: self._is_wanted(event, first) for event in events.values()}
        for event_id, runtime in [*self.runtimes.items()]:
            if not wanted.get(event_id) or events[event_id].service != runtime.service:
                self._let_go(event_id)
        for event_id, event in events.items():
            if wanted[event_id] and event_id not in self.runtimes and self._may_try(event_id):
                self._take_up(event)

    def _is_wanted(self, event: Event, first: str) -> bool:
        """What cannot be read stays as it is."""
        try:
            return has_open_work(self.console.store, event, first, self.console.clock.event_now())
        except Exception:
            log.exception("incident %s: whether event %s has open work is not known", incident_id(), event.id)
            return event.id in self.runtimes

    def _take_up(self, event: Event) -> None:
        try:
            runtime = EventRuntime(self.console, event, holder=self.holder)
            runtime.start()
        except Exception as error:
            tries = self._failed.get(event.id, (0, 0.0))[0] + 1
            pause = min(AGAIN_S * 2 ** (tries - 1), LONGEST_AGAIN_S)
            self._failed[event.id] = (tries, self.console.clock.monotonic() + pause)
            if isinstance(error, ConsoleError):
                log.warning("event %s is taken up later: %s", event.id, error.sentence)
            else:
                log.exception("incident %s: event %s is taken up later", incident_id(), event.id)
            return
        self._failed.pop(event.id, None)
        self.runtimes[event.id] = runtime

    def _may_try(self, event_id: str) -> bool:
        return self.console.clock.monotonic() >= self._failed.get(event_id, (0, 0.0))[1]

    def _let_go(self, event_id: str) -> None:
        """It finishes what is under way while others go on; its lease lets nobody else in before."""
        runtime = self.runtimes.pop(event_id)
        thread = threading.Thread(target=_end, args=(runtime,), name=f"ending {event_id}", daemon=True)
        thread.start()
        self._ending.append(thread)

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
            try:
                self.keep_time()
            except Exception:
                log.exception("incident %s while asking for practice time", incident_id())

    def keep_time(self) -> None:
        """Take over the practice world's time; at another speed nobody sleeps for as long as the old one allowed."""
        before = self.console.clock.factor
        obey_clock(self.console)
        anchor_clock(self.console)
        if self.console.clock.factor != before:
            for runtime in [*self.runtimes.values()]:
                runtime.threads.wake()

    def _told(self, duty: str, sentence: str, _: Lease) -> None:
        """What is of no event has no screen of its own: the log has it."""
        if sentence:
            log.warning("duty %s waits: %s", duty, sentence)


def _end(runtime: EventRuntime) -> None:
    try:
        runtime.stop()
    except Exception:  # its lease runs out by itself
        log.exception("incident %s while event %s ended", incident_id(), runtime.event_id)

"""Something done again and again in a thread of its own, as long as a lease is held."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from deepracer_admin.errors import ConsoleError, LeaseLost, Throttled, incident_id
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.model import Lease

__all__ = ["Duty", "DutyThreads"]

log = logging.getLogger(__name__)

STANDS_BY_S = 0.5
REST_S = 3.0  # the longest rest of a duty that has nothing under way; a change of the event ends it
LONGEST_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class Duty:
    """`run` does one round; `pause` gives the real seconds until the next.

    `rests`: is nothing under way that time alone would move? Then the next round waits for a change, or three seconds.
    """

    name: str
    run: Callable[[Lease], Any]
    pause: Callable[[], float]
    rests: Callable[[], bool] | None = None


class DutyThreads:
    """Runs duties while `lead` holds its lease. `trouble(duty, sentence, lease)`: "" once it works again.

    A duty that fails says so in one sentence and is tried again; an unexpected failure gets an incident id that is in
    the log. `revision`: a number that changes with whatever duties work on; those without rest look at it. While
    `waits`, no duty does anything: that is no failure.
    """

    def __init__(
        self,
        lead: Leadership,
        duties: tuple[Duty, ...],
        trouble: Callable[[str, str, Lease], None],
        revision: Callable[[], int] = lambda: 0,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        self.lead = lead
        lead.on_held = self.wake
        self._waits = waits
        self._revision = revision
        self._changed = threading.Condition()
        self._newest = -1
        self._woken, self._wakes = threading.Condition(), 0
        self.duties = duties
        self.stopping = threading.Event()
        self._trouble = trouble
        self.errors: dict[str, str] = {}  # duty -> class of the error with which it fails now
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start every duty in the background."""
        self.stopping.clear()
        self.lead.start()
        for duty in self.duties:
            name = f"{self.lead.name}: {duty.name}"
            thread = threading.Thread(target=self._loop, args=(duty,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop after what is under way, or after 20 s. The lease is still held afterwards: give it back with
        `lead.stop()`; what a duty that hangs writes later is refused once somebody else holds it.
        """
        self.stopping.set()
        with self._changed:
            self._changed.notify_all()
        self.wake()
        end = time.monotonic() + LONGEST_STOP_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))
        self._threads.clear()

    def wake(self) -> None:
        """Nobody sleeps on: the lease has just become ours, or pauses were worked out for event time that went slower,
        and may be far too long by now."""
        with self._woken:
            self._wakes += 1
            self._woken.notify_all()

    def run_once(self, names: Collection[str] | None = None) -> list[str]:
        """Every duty once (or those of these `names`), in order, in this thread: for tests, and for functions that live
        for a minute. Returns the names of those that failed, or that had no lease.
        """
        self.lead.beat()
        return [duty.name for duty in self.duties if (names is None or duty.name in names) and not self._round(duty)]

    def _loop(self, duty: Duty) -> None:
        pause, wakes = STANDS_BY_S, 0
        while not self.stopping.is_set():
            try:
                pause, wakes = STANDS_BY_S, self._wakes  # before the round: who is woken during it does not sleep
                if self.lead.held:
                    seen = self._look()  # before the round: a change during it is not slept through
                    self._round(duty)
                    pause = duty.pause()
                    if duty.rests is not None and duty.rests():
                        self._rest(seen)
                        continue
            except Exception:
                log.exception("incident %s in the worker's loop (%s)", incident_id(), duty.name)
                pause = 2.0
            self._sleep(pause, wakes)

    def _sleep(self, seconds: float, wakes: int) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self._wakes != wakes or self.stopping.is_set(), seconds)

    def _look(self) -> int:
        """The revision now; whoever rests is woken when it is another."""
        revision = self._revision()
        with self._changed:
            if revision != self._newest:
                self._newest = revision
                self._changed.notify_all()
        return revision

    def _rest(self, seen: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest != seen or self.stopping.is_set(), REST_S)

    def _round(self, duty: Duty) -> bool:
        try:
            return self._tried(duty, self.lead.lease)
        except LeaseLost:
            log.info("duty %s stands by: another worker holds the lease", duty.name)
            return False

    def _tried(self, duty: Duty, lease: Lease) -> bool:
        try:
            if self._waits():
                return True
            duty.run(lease)
        except LeaseLost:
            raise
        except ConsoleError as error:
            self.errors[duty.name] = type(error).__name__
            self._trouble(duty.name, error.sentence, lease)
            log.info("duty %s waits: %s", duty.name, type(error).__name__)
            self.stopping.wait(min(error.retry_after, 30.0) if isinstance(error, Throttled) else 1.0)
        except Exception:
            incident = incident_id()
            log.exception("incident %s in duty %s", incident, duty.name)
            self._trouble(duty.name, f"Something unexpected happened ({incident}); the log has the details.", lease)
            self.stopping.wait(2.0)
        else:
            self.errors.pop(duty.name, None)
            self._trouble(duty.name, "", lease)
            return True
        return False

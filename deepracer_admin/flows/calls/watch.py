"""Watching for what needs a human, beside money and slots (flows/sponsorship/budget.py watches those).

What if it dies here? A look is one change of the alarms; the next look finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Delivery, Event, Lease
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CREDENTIAL_ENDS, TROUBLE_SEEN
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.watched import bounces, credential, denied, refusals, rush, seen_since, waiting_work

__all__ = ["KINDS", "AlarmWatch"]

AT_ONCE = ("signin", "waits", "credential")
IN_A_WHILE = ("bounces", "rush", "refusals", "denied")
KINDS = (*AT_ONCE, *IN_A_WHILE)
LINGER = timedelta(minutes=10)  # event time; these are counts that go to and fro
AUDITS = 100
RECENT = timedelta(minutes=30)
MAILS_EVERY_S = 20.0  # of 10,000 people the ledger takes a tenth of a second to read


class AlarmWatch:
    """Of one event. `errors`: duty -> class name of the error with which it fails now."""

    def __init__(self, ports: Ports, errors: Callable[[], Mapping[str, str]] = dict) -> None:
        self.ports = ports
        self._errors = errors
        self._mails: Alarm | None = None
        self._mails_at = float("-inf")

    def run(self, event: Event, lease: Lease) -> list[Alarm]:
        """One look; what was found."""
        store, clock = self.ports.store, self.ports.clock
        found = [] if event.closed_at is not None else self._look(event, lease)
        rows = store.rows(event.id, ALARMS)
        for kinds, linger in ((AT_ONCE, timedelta()), (IN_A_WHILE, LINGER)):
            some = [alarm for alarm in found if alarm.kind in kinds]
            if event.closed_at is not None:
                linger = timedelta()
            if some or any(row.kind in kinds and row.cleared_at is None for row in rows.values()):
                keep_alarms(store, event.id, kinds, some, now=clock.event_now(), lease=lease, linger=linger)
        return found

    def _look(self, event: Event, lease: Lease) -> list[Alarm]:
        store, clock = self.ports.store, self.ports.clock
        now, event_now = clock.now(), clock.event_now()
        since = seen_since(store.read(event.id, TROUBLE_SEEN), [*store.read(event.id, TROUBLE)], now)
        store.keep(event.id, TROUBLE_SEEN, since, lease=lease)
        entries = [*store.audit(event.id, limit=AUDITS), *store.audit("", limit=AUDITS)]
        series = self.ports.history.usage(event.id, since=event_now - RECENT)
        single = [
            self._of_mails(event),
            credential(event, store.read(event.id, CREDENTIAL_ENDS), now),
            denied(entries, now),
        ]
        return [
            *waiting_work(since, self._errors(), now),
            *rush(event, store.races(event.id)[0], series[-1] if series else None, event_now),
            *refusals(store.funnel(event.id)),
            *(alarm for alarm in single if alarm is not None),
        ]

    def _of_mails(self, event: Event) -> Alarm | None:
        mono = self.ports.clock.monotonic()
        if mono - self._mails_at >= MAILS_EVERY_S:
            rows: list[Delivery] = self.ports.store.deliveries(event.id)
            self._mails, self._mails_at = bounces(rows), mono
        return self._mails

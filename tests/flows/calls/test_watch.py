"""The watch looks at what the stores hold, and keeps an alarm for each thing that needs a human."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from deepracer_admin.compose import Console
from deepracer_admin.flows.calls.watch import KINDS, AlarmWatch
from deepracer_admin.model import Attendee, AuditEntry, Event, Lease, Outcome, State, Step
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CREDENTIAL_ENDS
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rules.alarms import live
from tests.pages.conftest import NOW, StandingClock, clock, console, event, people

__all__ = ["clock", "console", "event", "people"]


def lease_of(console: Console, event: Event) -> Lease:
    found = console.store.acquire(f"worker/{event.id}", "test", ttl_s=10**6, now=NOW)
    assert found
    return found


def test_each_thing_is_said_and_is_over_with_it(
    console: Console, event: Event, people: list[Attendee], clock: StandingClock
) -> None:
    store, lease = console.store, lease_of(console, event)
    watch = AlarmWatch(console.ports_of(event.id), lambda: {"group": "CredentialsExpired"})

    def said() -> set[str]:
        watch.run(event, lease)
        return {alarm.kind for alarm in live(store.rows(event.id, ALARMS))}

    assert said() == set()
    store.update(event.id, TROUBLE, lambda _: {"mail": "Racer 1 cannot be written to.", "group": "Sign in."})
    store.record(
        event.id, [Outcome(p.id, Step.GROUP, State.REFUSED, "no") for p in people if p.wanted], lease=lease, now=NOW
    )
    store.keep(event.id, CREDENTIAL_ENDS, NOW + timedelta(days=3))
    for _ in range(10):
        store.append_audit(AuditEntry(0, NOW, "", "o", "Olivia", "", "signin", "console", 1, allowed=False))
    assert said() == {"credential", "refusals", "denied"}
    clock.at = NOW + timedelta(minutes=5)
    assert said() == {"credential", "refusals", "denied", "signin", "waits"}
    everything = " ".join(f"{a.title} {a.sentence} {a.fix}" for a in store.rows(event.id, ALARMS).values())
    assert "Racer" not in everything
    store.update(event.id, TROUBLE, lambda _: {})
    clock.at = NOW + timedelta(minutes=16)
    assert said() == {"credential", "refusals", "denied"}
    clock.at = NOW + timedelta(minutes=27)
    assert said() == {"credential", "refusals"}
    watch.run(replace(event, closed_at=clock.at), lease)
    assert live(store.rows(event.id, ALARMS)) == []


def test_no_kind_is_watched_twice() -> None:
    assert len({*KINDS}) == len(KINDS)

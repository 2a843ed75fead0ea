"""A console process that onboards until everybody is through, made to be killed: ``python -m tests.faults.client``.

client HOME PEOPLE [--setup]     0: everybody of every event is through; otherwise it was killed
client HOME PEOPLE --close       0: and every event is closed
client HOME PEOPLE --holder=NAME  as which the worker holds its leases
client HOME PEOPLE --on           works on until it is killed

With DEEPRACER_ADMIN_STORE_ENDPOINT it works on the table there that several clients share.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Actor, Event, Quota, Role, Sending, Step
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.worker import Worker

ORGANIZER = Actor("oid-olivia", "tid", "Olivia Organizer", frozenset({Role.ORGANIZER}))
EVENT, SECOND = "ev-kill", "ev-kill-2"
PATIENCE_S = 600.0
TABLE = "deepracer-portal"  # of consoles and functions
SHARED_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def open_console(home: Path) -> Console:
    return compose(Settings(mode="rehearsal", home=home, entra_app_only=True, **shared_store()))


def shared_store() -> dict[str, Any]:
    """Settings of the table that several clients share, when there is one."""
    endpoint = os.environ.get("DEEPRACER_ADMIN_STORE_ENDPOINT", "")
    shared = {"store": "dynamodb", "store_endpoint": endpoint, "secret_key": SHARED_KEY, "store_table": TABLE}
    return shared if endpoint else {}


def set_up(home: Path, people: int, *, events: int = 1) -> None:
    """An event with a list, and onboarding started; nobody works on it yet. The second, with people of its own, is
    on the managed service, whose mode is to be turned on.
    """
    practice = read_practice(home)
    console = open_console(home)
    now = console.clock.event_now()
    event = Event(
        id=EVENT,
        name="Kill",
        starts_at=now,
        ends_at=now + timedelta(days=30),
        zone="UTC",
        head_count=people,
        budget_usd=0,
        quota=Quota(-1, -1),
        group_id="" if events > 1 else practice.graph["group_id"],  # it grants the way into the managed service
        portal_url=practice.deepracer["site"],
    )
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    asked = {"n": people * events, "seed": 5}
    answer = httpx.get(f"{practice.control}/people.csv", params=asked, trust_env=False, timeout=300)
    head, *lines = answer.content.splitlines(keepends=True)
    for number, event_id in enumerate((EVENT, SECOND)[:events]):
        if number:
            second = replace(event, id=event_id, service="managed", group_id=practice.graph["group_id"])
            console.store.save_event(second)
        desk = console.of(event_id)
        listed = head + b"".join(lines[number * people : (number + 1) * people])
        desk.attendees.run_import(ORGANIZER, desk.attendees.dry_run(ORGANIZER, listed, filename="people.csv"))
        if number:
            desk.events.switch_sponsorship(ORGANIZER, open_=True, typed_name="")
        desk.onboarding.start(ORGANIZER)
    console.close()


def is_through(console: Console, event_id: str = EVENT) -> bool:
    """Access read back for all, with group and profile where they are what grants it, and no mail that is still to go.
    A profile of the managed service comes by itself, at a racer's first sign-in, if ever.
    """
    event = console.store.event(event_id)
    people = len(console.store.attendees(event_id, wanted=True))
    funnel = console.store.funnel(event_id)
    done = {step: sum(n for state, n in states.items() if state.is_done) for step, states in funnel.items()}
    mails = console.store.delivery_counts(event_id)
    settled = mails[Sending.SENT] + mails[Sending.UNKNOWN]
    needed = [done[Step.ACCESS], settled]
    needed += [done[Step.GROUP]] if event.group_id else []
    needed += [done[Step.PROFILE]] if event.service != "managed" else []
    return min(needed) >= people


def go_on(console: Console, event: Event, *, close: bool) -> bool:
    """Is this event where it should be? Whoever is through is closed, when asked for."""
    if event.closed_at is not None:
        return True
    if any(job.kind == "closeout" for job in console.store.jobs(event.id, live=True)):
        return False
    if not is_through(console, event.id):
        return False
    if close:
        console.of(event.id).closeout.start(ORGANIZER, typed_name=event.name)
    return not close


def main(home: Path, *, close: bool, holder: str = "client", on: bool = False) -> int:
    warnings.simplefilter("ignore")
    console = open_console(home)
    worker = Worker(console, holder=holder)
    worker.start()
    print("working", flush=True)
    try:
        end = time.monotonic() + PATIENCE_S
        while on or not all([go_on(console, event, close=close) for event in console.store.events()]):
            if time.monotonic() > end:
                tell(console)
                return 1
            time.sleep(0.2)
    finally:
        worker.stop()
        console.close()
    return 0


def tell(console: Console) -> None:
    """Where it stands, for whoever waits for it."""
    for event in console.store.events():
        jobs = [(job.kind, job.state.value, job.sentence) for job in console.store.jobs(event.id)]
        steps = [(row.attendee, row.step.value, row.sentence) for row in console.store.steps(event.id) if row.sentence]
        print(event.id, event.closed_at, jobs, steps, flush=True)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if "--setup" in sys.argv:
        set_up(where, int(sys.argv[2]))
        sys.exit(0)
    named = [each.partition("=")[2] for each in sys.argv if each.startswith("--holder=")]
    called = named[0] if named else "client"
    sys.exit(main(where, close="--close" in sys.argv, holder=called, on="--on" in sys.argv))

"""A console process that onboards until everybody is through, made to be killed: ``python -m tests.faults.client``.

client HOME PEOPLE [--setup]     0: everybody is through; otherwise it was killed
"""

from __future__ import annotations

import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path

import httpx

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Actor, Event, Quota, Role, Sending, Step
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.worker import Worker

ORGANIZER = Actor("oid-olivia", "tid", "Olivia Organizer", frozenset({Role.ORGANIZER}))
EVENT = "ev-kill"
PATIENCE_S = 600.0


def open_console(home: Path) -> Console:
    return compose(Settings(mode="rehearsal", home=home, entra_app_only=True))


def set_up(home: Path, people: int) -> None:
    """An event with a list, and onboarding started; nobody works on it yet."""
    practice = read_practice(home)
    console = open_console(home)
    now = console.clock.event_now()
    event = Event(
        id=EVENT,
        name="Kill",
        starts_at=now,
        ends_at=now + timedelta(days=1),
        zone="UTC",
        head_count=people,
        budget_usd=0,
        quota=Quota(-1, -1),
        group_id=practice.graph["group_id"],
        portal_url=practice.deepracer["site"],
    )
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    answer = httpx.get(f"{practice.control}/people.csv", params={"n": people, "seed": 5}, trust_env=False, timeout=60)
    dry = console.first.attendees.dry_run(ORGANIZER, answer.content, filename="people.csv")
    console.first.attendees.run_import(ORGANIZER, dry)
    console.first.onboarding.start(ORGANIZER)
    console.close()


def is_through(console: Console) -> bool:
    """Profile, group and access read back for all, and no mail that is still to go."""
    people = len(console.store.attendees(EVENT, wanted=True))
    funnel = console.store.funnel(EVENT)
    done = {step: sum(n for state, n in states.items() if state.is_done) for step, states in funnel.items()}
    mails = console.store.delivery_counts(EVENT)
    settled = mails[Sending.SENT] + mails[Sending.UNKNOWN]
    return min(done[Step.PROFILE], done[Step.GROUP], done[Step.ACCESS], settled) >= people


def main(home: Path) -> int:
    warnings.simplefilter("ignore")
    console = open_console(home)
    worker = Worker(console, holder="client")
    worker.start()
    print("working", flush=True)
    try:
        end = time.monotonic() + PATIENCE_S
        while not is_through(console):
            if time.monotonic() > end:
                print(console.store.read(EVENT, TROUBLE), console.store.delivery_counts(EVENT), flush=True)
                return 1
            time.sleep(0.2)
    finally:
        worker.stop()
        console.close()
    return 0


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if "--setup" in sys.argv:
        set_up(where, int(sys.argv[2]))
        sys.exit(0)
    sys.exit(main(where))

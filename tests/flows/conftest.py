"""A console on a practice world in this process, reached over real HTTP; its worker goes round only when told to.

Real time is the test's own (fake_time.py), for the console and for the practice world: it passes with `rest`, between
rounds and where anybody sleeps, however long the machine takes for all that.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin import readiness_access
from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.access import onboarding
from deepracer_admin.model import Actor, Attendee, Event, Job, Lease, Quota, Role, State
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.rehearsal.shared import sigv4
from deepracer_admin.rules.aliases import give_aliases
from deepracer_admin.rules.capacity import outlook
from deepracer_admin.settings import Settings
from deepracer_admin.worker import EventRuntime
from deepracer_admin.worker.practice import anchor_clock
from tests.flows.fake_time import ManualClock, Pause, RealTime
from tests.practice import WorldHandle, clear_of_month_end, start_world

QUOTA = Quota(180, 5)
PATIENCE_S = 120.0
A_MOMENT = threading.Event()
# Every check of every test simulates the same event, with the same outcome: a second and a half of the processor.
readiness_access.outlook_apart = functools.cache(outlook)
ORGANIZER = Actor(
    "oid-olivia", "tid", "Olivia Organizer", frozenset({Role.ORGANIZER}), email="olivia.organizer@example.com"
)


class Stage:
    """One event on one console, with a worker that this test drives by hand."""

    def __init__(self, world: WorldHandle, console: Console, event: Event) -> None:
        assert isinstance(console.clock, ManualClock)
        self.world, self.console, self.event = world, console, event
        self.store, self.ports, self.clock = console.store, console.ports_of(event.id), console.clock
        self.worker = self._worker()
        self.worker.lead.beat()
        self._pace()

    def _worker(self) -> EventRuntime:
        made = EventRuntime(self.console, self.event, holder="test")
        made.threads.stopping = Pause(self.clock)
        return made

    @property
    def lease(self) -> Lease:
        """Renewed as the worker's own thread would; raises LeaseLost when another holds it."""
        self.worker.lead.beat()
        return self.worker.lead.lease

    def _pace(self) -> None:
        """A bulk invitation takes its time at the service; here it takes none."""
        site: Any = getattr(self.world.world.services["deepracer"], "site")  # noqa: B009
        object.__setattr__(site.options, "invite_seconds", 0.0)

    def add(self, *emails: str, **values: Any) -> list[Attendee]:
        """Put people on the list."""
        known = self.store.attendees(self.event.id)
        names = [" ".join(e.partition("@")[0].split(".")).title() for e in emails]
        aliases = give_aliases([*zip(names, emails, strict=True)], [p.alias for p in known])
        start = len(known)
        people = [
            Attendee(id=f"at-{start + n}", email=email, name=name, alias=alias, **values)
            for n, (email, name, alias) in enumerate(zip(emails, names, aliases, strict=True))
        ]
        self.store.save_attendees(self.event.id, people)
        return people

    def crowd(self, count: int) -> list[Attendee]:
        return self.add(*(f"racer.no{number}@example.com" for number in range(count)))

    def start(self) -> None:
        self.console.first.onboarding.start(ORGANIZER)

    def rounds(self, ready: Callable[[], bool], *, most: int = 150) -> None:
        """Let the worker go round until something is so: `most` times, and longer on a slow machine."""
        for _ in rounds(most):
            self.worker.run_once()
            if ready():
                return
            self.rest(0.25)
        raise AssertionError(
            f"not ready after {most} rounds; trouble: {self.trouble}; {self.store.funnel(self.event.id)}"
        )

    def rest(self, seconds: float) -> None:
        """Let time pass, and other threads run."""
        self.clock.advance(seconds)
        A_MOMENT.wait(0.01)

    def anchor_clock(self) -> None:
        anchor_clock(self.console)

    def begin_anew(self) -> None:
        """As after a restart of the process: what reconcilers remember between passes is gone, the lease stays."""
        lead = self.worker.lead
        self.worker.mail.close()
        self.worker = self._worker()
        self.worker.lead = self.worker.threads.lead = lead

    @property
    def trouble(self) -> Mapping[str, str]:
        return self.store.read(self.event.id, TROUBLE)

    def done(self, step: Any) -> int:
        return sum(n for state, n in self.store.funnel(self.event.id)[step].items() if state.is_done)

    def step(self, person: Attendee, step: Any) -> Any:
        return next((row for row in self.store.steps_of(self.event.id, person.id) if row.step is step), None)

    def finish(self, job: Job, *, most: int = 60) -> Job:
        """Work on jobs alone until this one has ended; time passes where a close-out waits for the last results."""
        for _ in range(most):
            self.worker.jobs._not_before.clear()
            self.worker.jobs.run(self.event.id, self.lease)
            found = self.store.job(job.id)
            if not found.state.is_live:
                return found
            if any(each.key == "results" and each.state is State.WAITING for each in self.store.job_items(job.id)):
                self.rest(30.0)
        raise AssertionError(f"job {job.kind} is still {found.state}: {found.sentence}")

    def calls(self) -> dict[str, int]:
        return self.world.counters()["by_operation"]

    def writes(self) -> int:
        """Everything that clients changed at any service."""
        named = ("Create", "Update", "Delete", "Add", "Remove", "Send", "Bulk", "Register", "Edit", "Put", "Resend")
        reads = ("DeleteMessageBatch", "BulkInviteUserJobStatus", "GetBulk", "ListBulk")
        return sum(
            count
            for name, count in self.calls().items()
            if name.partition(".")[2].startswith(named) and not name.partition(".")[2].startswith(reads)
        )


@pytest.fixture(autouse=True)
def no_rest_between_listings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds between listings spare a real service; here they would be most of the time of a test."""
    monkeypatch.setattr(onboarding, "PAUSE", timedelta(seconds=0.1))


def rounds(most: int) -> Iterator[int]:
    """`most` rounds, and more for as long as a slow machine may need for what threads do beside them."""
    until = time.monotonic() + PATIENCE_S
    number = 0
    while number < most or time.monotonic() < until:
        yield number
        number += 1


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> RealTime:
    """What a test's console and its practice world take for real time; to be asked for before the world begins.

    Callers sign with the machine's date, which does not know what time a test lets pass.
    """
    monkeypatch.setattr(sigv4, "SKEW", timedelta(days=2))
    return RealTime()


@pytest.fixture
def world(tmp_path: Path, real_time: RealTime) -> Iterator[WorldHandle]:
    handle = start_world(tmp_path, speed=1.0, machine=real_time)
    yield handle
    handle.leave()


def make_console(home: Path, real_time: RealTime) -> Console:
    settings = Settings(mode="rehearsal", home=home, entra_app_only=True)
    console = compose(settings, clock=ManualClock(real_time))
    if clear_of_month_end(datetime.now(UTC)):  # the world of a test is ahead then
        anchor_clock(console)
    return console


def make_event(console: Console, *, group: str = "", event_id: str = "ev-1") -> Event:
    now = console.clock.event_now()
    event = Event(
        id=event_id,
        name="Autumn Cup",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=8),
        zone="Europe/Rome",
        head_count=50,
        budget_usd=1000,
        quota=QUOTA,
        group_id=group,
        portal_url="https://racing.example.com",
    )
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    return event


@pytest.fixture
def stage(world: WorldHandle, tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    console = make_console(tmp_path, real_time)
    made = Stage(world, console, make_event(console, group=world.endpoints["graph"]["group_id"]))
    yield made
    made.worker.mail.close()
    console.close()


def states(rows: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.state.value] = found.get(row.state.value, 0) + 1
    return found

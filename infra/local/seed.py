"""An event whose portal is open, made through the services that the console's pages call."""

from __future__ import annotations

import time
from datetime import UTC, timedelta
from typing import Any

import httpx

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event, Job, Role
from deepracer_admin.model.registrations import PortalLinkOut, PortalText, Question, QuestionKind
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.services.races.races import RaceForm
from deepracer_admin.services.setup.events import EventDraft
from deepracer_admin.settings import read_practice
from deepracer_admin.worker.event_runtime import EventRuntime

__all__ = ["ORGANIZER", "company", "open_portal", "seed"]

ORGANIZER = Actor("portal-rehearsal", "practice", "Olivia Organizer", frozenset({Role.ORGANIZER}))
TRACK = "reInvent2019_track"
PATIENCE_S = 600.0


def company(console: Console, people: int) -> list[str]:
    """Addresses of people whom the practice directory knows."""
    control = read_practice(console.settings.home).control
    text = httpx.get(f"{control}/people.csv", params={"n": people}, timeout=60, trust_env=False).text
    return [cell for line in text.splitlines() for cell in line.replace(";", ",").split(",") if "@" in cell]


def seed(console: Console, *, people: int = 50, hours: float = 14 * 24) -> Event:
    """The event of this table, made when there is none: sponsored, onboarding, with a race, its portal open."""
    found = [event for event in console.store.events() if event.closed_at is None]
    if found:
        return found[0]
    practice = read_practice(console.settings.home)
    now = console.clock.event_now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
    event = console.first.events.create(
        ORGANIZER,
        EventDraft(
            name="Portal rehearsal",
            starts=now,
            ends=now + timedelta(hours=hours),
            zone="Europe/Rome",
            head_count=max(people, 10),
            budget_usd=10_000,
            hours_per_person=3,
            models_per_person=5,
            group_id=practice.graph["group_id"],
            sender=practice.mail["from"],
            portal_url=practice.deepracer["site"],
            slots=100,
        ),
    )
    desk = console.of(event.id)
    runtime = EventRuntime(console, event, holder="seed")
    try:
        _wait(console, runtime, desk.events.run_check(ORGANIZER))
        _wait(console, runtime, desk.events.switch_sponsorship(ORGANIZER, open_=True, typed_name=""))
        form = RaceForm(name="Rehearsal Cup", track_id=TRACK, opens=now, closes=event.ends_at.replace(tzinfo=None))
        _wait(console, runtime, desk.races.create(ORGANIZER, form))
    finally:
        runtime.lead.stop()
    open_portal(console, event.id, people)
    if console.store.read(event.id, ONBOARDING).state is not Run.RUNNING:
        desk.onboarding.start(ORGANIZER)
    return event


def open_portal(console: Console, event_id: str, people: int, **rules: Any) -> None:
    """Its domains are those of the practice company."""
    domains = sorted({address.rpartition("@")[2] for address in company(console, people)})
    desk = console.of(event_id).registrations
    desk.set_rules(ORGANIZER, **{"domains": domains, "places": 0, "by_hand": False, **rules})
    desk.set_questions(
        ORGANIZER,
        [
            Question("office", QuestionKind.TEXT, "Office", titles={"it": "Sede"}),
            Question(
                "level", QuestionKind.CHOICE, "Have you raced before?", ("Never", "Once", "Often"),
                titles={"it": "Hai già corso?"}, choices={"it": ("Mai", "Una volta", "Spesso")},
            ),
        ],
    )  # fmt: skip
    desk.set_texts(
        ORGANIZER,
        {"en": PortalText(welcome="Teach a car to drive."), "it": PortalText(welcome="Insegna a un'auto a guidare.")},
        [PortalLinkOut("How DeepRacer works", "https://docs.aws.amazon.com/deepracer/")],
    )
    desk.open(ORGANIZER)


def _wait(console: Console, runtime: EventRuntime, job: Job) -> None:
    end = time.monotonic() + PATIENCE_S
    while console.store.job(job.id).state.is_live:
        if time.monotonic() > end:
            raise RuntimeError(f"The job {job.kind} did not end.")
        runtime.run_once(("jobs",))
        time.sleep(0.1)

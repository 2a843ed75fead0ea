"""An event that came from a backup waits: whoever goes over events, or reaches services for one, does nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin import closeout_command, preflight_command
from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict
from deepracer_admin.flows.closeout.erase_people import Eraser
from deepracer_admin.flows.closeout.erase_person import RESUMED_AFTER
from deepracer_admin.model import (
    Actor,
    Attendee,
    Event,
    FromBackup,
    Job,
    JobState,
    Lease,
    Role,
)
from deepracer_admin.model.registrations import Portal
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.campaigns import CAMPAIGNS, Audience, Campaign, CampaignState
from deepracer_admin.records.closing import ERASED
from deepracer_admin.records.erasures import ERASURES, Erasure
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE, Onboarding, Run
from deepracer_admin.records.portal import ASKED, PORTAL
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.alarms import RED, Alarm
from deepracer_admin.services.people.public_registration import Answer
from deepracer_admin.status import status
from deepracer_admin.worker import EventRuntime, Worker, WorkerWatch
from deepracer_admin.worker.open_work import has_open_work
from deepracer_admin.worker.worker_watch import KIND
from infra.functions import mail, sweep
from infra.functions.place import Place
from tests.pages.conftest import NOW, StandingClock, actor_of, clock, console, event, organizer, people

__all__ = ["clock", "console", "event", "organizer", "people"]
ROOT = Path(__file__).resolve().parents[2]
MARK = FromBackup(NOW, NOW - timedelta(hours=5))
LONG_AFTER = NOW + timedelta(days=400)


def wait(console: Console, *, waits: bool = True) -> None:
    console.store.update("ev-1", RESTORED, lambda _: MARK if waits else None)


def a_job(console: Console) -> None:
    console.store.create_job(Job("job-1", "ev-1", "quota", "ev-1", JobState.PLANNED, created_at=NOW), [])


def a_campaign(console: Console) -> None:
    made = Campaign("news", 1, Audience(), CampaignState.RUNNING)
    console.store.change_rows("ev-1", CAMPAIGNS, lambda _: {"news": made})


OPEN_WORK: dict[str, Callable[[Console], Any]] = {
    "a job": a_job,
    "a campaign": a_campaign,
    "onboarding": lambda c: c.store.update("ev-1", ONBOARDING, lambda _: Onboarding(Run.RUNNING)),
    "sponsorship": lambda c: c.store.update("ev-1", SPONSORSHIP, lambda _: Sponsorship(open=True)),
    "a portal": lambda c: c.store.update("ev-1", PORTAL, lambda _: Portal(open=True)),
}


@pytest.mark.parametrize("what", OPEN_WORK)
def test_whatever_is_open_an_event_that_waits_is_not_served(console: Console, event: Event, what: str) -> None:
    assert not has_open_work(console.store, event, "another", LONG_AFTER)
    OPEN_WORK[what](console)
    assert has_open_work(console.store, event, "another", LONG_AFTER)
    wait(console)
    assert not has_open_work(console.store, event, "another", LONG_AFTER)
    assert not has_open_work(console.store, event, event.id, NOW), "not although it opens first"
    wait(console, waits=False)
    assert has_open_work(console.store, event, "another", LONG_AFTER)


def test_the_worker_takes_it_up_when_it_goes_on_and_other_events_meanwhile(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventRuntime, "start", lambda self: self.lead.beat())
    console.store.save_event(replace(event, id="ev-2"))
    wait(console)
    worker = Worker(console, holder="test")
    worker.look()
    assert [*worker.runtimes] == ["ev-2"]
    wait(console, waits=False)
    worker.look()
    assert {*worker.runtimes} == {"ev-1", "ev-2"}
    worker.stop()


def test_a_runtime_that_is_there_all_the_same_writes_and_asks_nothing(console: Console, event: Event) -> None:
    """As in a function, which has one of its event for as long as its container lives."""
    for make in OPEN_WORK.values():
        make(console)
    wait(console)
    runtime = EventRuntime(console, event, holder="test")
    before = console.store.revision("ev-1")
    assert runtime.run_once() == []
    assert console.store.revision("ev-1") == before
    assert console.store.job("job-1").state is JobState.PLANNED
    wait(console, waits=False)
    assert runtime.run_once(("registrations", "jobs", "onboarding")) != []
    assert console.store.read("ev-1", TROUBLE), "services are asked now, and none answers here"
    runtime.stop()


def test_a_mark_that_cannot_be_read_lets_nothing_go(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_job(console)
    runtime = EventRuntime(console, event, holder="test")
    ran: list[str] = []
    monkeypatch.setattr(runtime.jobs, "run", lambda *_: ran.append("jobs"))

    def broken() -> bool:
        raise Conflict("The store is busy.")

    monkeypatch.setattr(runtime.threads, "_waits", broken)
    monkeypatch.setattr(runtime.threads, "stopping", SimpleNamespace(wait=lambda _: None))
    assert runtime.run_once(("jobs",)) == ["jobs"]
    assert ran == []
    runtime.lead.stop()


def test_nobody_is_called_because_nobody_works_on_it_and_no_alarm_of_before_is_cleared(
    console: Console, event: Event, clock: StandingClock
) -> None:
    old = Alarm(KIND, "Nobody does the event's work", "It is.", "Look.", "Event", level=RED)
    console.store.change_rows("ev-1", ALARMS, lambda _: {old.key: old})
    wait(console)
    watch, before = WorkerWatch(console, holder="web"), console.store.revision("ev-1")
    for second in range(0, 600, 5):
        clock.at = NOW + timedelta(seconds=second)
        assert watch.look() == []
    assert console.store.revision("ev-1") == before
    wait(console, waits=False)
    assert watch.look() == [], "whoever takes it up has its time"
    watch.stop()


@pytest.fixture
def eraser(console: Console) -> tuple[Eraser, Lease]:
    lease = console.store.acquire("worker", "test", ttl_s=600, now=NOW)
    assert lease
    return Eraser(console.ports_of("")), lease


def test_nothing_is_erased_by_itself_while_it_waits(
    console: Console, event: Event, people: list[Attendee], eraser: tuple[Eraser, Lease], clock: StandingClock
) -> None:
    console.store.amend_event("ev-1", lambda it: replace(it, closed_at=NOW, erase_on="2026-11-01"))
    begun = Erasure("erased-1", NOW - 2 * RESUMED_AFTER, "oid", "Olga")  # elsewhere, sealed with another key
    console.store.change_rows("ev-1", ERASURES, lambda _: {"erased-1": begun})
    wait(console)
    run, lease = eraser[0].run, eraser[1]
    assert run(lease) == 0
    assert len(console.store.attendees("ev-1")) == len(people)
    console.store.forget("ev-1", ERASURES)
    wait(console, waits=False)
    clock.at += timedelta(minutes=30)
    assert run(lease) == len(people)
    assert console.store.read("ev-1", ERASED)


def test_who_asked_to_be_erased_here_is_erased_although_the_event_waits(
    console: Console, event: Event, people: list[Attendee], eraser: tuple[Eraser, Lease], clock: StandingClock
) -> None:
    """It was begun, and its console died; nothing but this folder's own data goes."""
    wait(console)
    run, lease = eraser[0].run, eraser[1]
    eraser[0]._eraser.begin(event, people[0], mark="erased-2", by="oid", by_name="Olga")
    clock.at += 2 * RESUMED_AFTER
    run(lease)
    assert [person.id for person in console.store.attendees("ev-1")] == [person.id for person in people[1:]]
    row = console.store.row("ev-1", ERASURES, "erased-2")
    assert row is not None
    assert row.ended_at is not None


def test_no_visitor_registers_where_the_list_may_go_on_elsewhere(console: Console, event: Event) -> None:
    console.store.amend_event("ev-1", lambda it: replace(it, public_url="http://cup.example.com"))
    console.store.update("ev-1", PORTAL, lambda _: Portal(open=True, domains=("example.com",)))
    assert [shown.event.id for shown in console.registration.portals()] == ["ev-1"]
    wait(console)
    assert console.registration.portals() == []
    assert console.registration.send("ev-1", {"email": "ada@example.com"}, language="en").answer is Answer.CLOSED
    assert console.store.rows("ev-1", ASKED) == {}


def test_a_command_that_reaches_services_at_once_is_refused_with_a_sentence(console: Console, event: Event) -> None:
    wait(console)
    with pytest.raises(Conflict, match="came from a backup and waits"):
        preflight_command.preflight(console)
    with pytest.raises(Conflict, match="let it go on here first"):
        closeout_command.close(console, event, "Autumn Cup", wait=False, say=lambda _: None)
    assert console.store.jobs("ev-1") == []


def test_what_is_asked_for_on_pages_is_written_down_and_waits(
    console: Console, event: Event, organizer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventRuntime, "start", lambda self: self.lead.beat())
    wait(console)
    job = console.first.events.run_check(organizer)
    worker = Worker(console, holder="test")
    worker.look()
    assert worker.runtimes == {}
    assert console.store.job(job.id).state is JobState.PLANNED
    worker.stop()


def test_status_says_it_and_what_to_do_first(console: Console, event: Event) -> None:
    a_job(console)
    told = status(console)
    assert told["event"]["waits"] is None
    wait(console)
    told = status(console)
    assert told["event"]["waits"] == {
        "restored_at": MARK.at.isoformat(),
        "backup_made_at": MARK.made_at.isoformat(),
    }
    assert [(step["key"], step["page"], step["must"]) for step in told["next"]] == [("restored", "event", True)]
    assert "23 Nov 2026, 04:00 UTC" in told["next"][0]["why"]
    assert [each.words for each in console.first.events.at_work(actor_of(Role.VIEWER))] == [
        "Autumn Cup · from a backup, waits"
    ]


# ------------------------------------------------------------------------------------------------ of what is deployed


def a_place(console: Console, nudges: list[str]) -> Place:
    items: Any = SimpleNamespace(event_id="ev-1", all=lambda _: iter(()), put=lambda *_, **__: True)
    return Place(console, "ev-1", items, lambda: nudges.append("mail"), pause=lambda _: None)


def test_a_function_neither_works_nor_asks_for_mail_while_it_waits(
    console: Console, event: Event, people: list[Attendee]
) -> None:
    for make in OPEN_WORK.values():
        make(console)
    wait(console)
    nudges: list[str] = []
    place = a_place(console, nudges)
    before = console.store.revision("ev-1")
    assert mail.handle(place, {"Records": [{"messageId": "m-1"}]}) == {"batchItemFailures": []}
    assert sweep.handle(place)["failed"] == []
    place.nudge_if_mail_may_go()
    assert (nudges, place.people_wait(), console.store.revision("ev-1")) == ([], 0, before)
    wait(console, waits=False)
    place.nudge_if_mail_may_go()
    assert nudges == ["mail"]


# ------------------------------------------------------------------------------- whoever goes over all events, by name

LOOPS = {
    "deepracer_admin/services/setup/events.py:list": "reads",
    "deepracer_admin/services/people/registrations.py:take_over_settings": "reads settings for the next event",
    "deepracer_admin/services/people/public_registration.py:portals": "waits: no form is taken (above)",
    "deepracer_admin/worker/worker_watch.py:look": "waits: nobody is called (above)",
    "deepracer_admin/worker/practice.py:_of_nobody": "reads who was erased",
    "deepracer_admin/worker/loop.py:look": "waits: it gets no runtime (above)",
    "deepracer_admin/flows/closeout/erase_person.py:resume": "waits: what was begun elsewhere is not taken up (above)",
    "deepracer_admin/flows/closeout/delegations.py:_elsewhere": "reads on whose behalf other events act",
    "deepracer_admin/flows/closeout/erase_people.py:run": "waits: nothing is erased (above)",
    "deepracer_admin/flows/mail/campaigns.py:take_events": "news of what was sent lands on its mail; it starts nothing",
    "deepracer_admin/flows/readings/group_members.py:put_in_by_us": "reads whom another event put in",
    "deepracer_admin/flows/readings/needed_elsewhere.py:stored_elsewhere": "reads: what it needs is left alone for it",
    "deepracer_admin/flows/readings/needed_elsewhere.py:open_beside": "reads: what it needs is left alone for it",
    "deepracer_admin/readiness_access.py:_store": "reads whether the store answers",
    "deepracer_admin/services/closeout/closing.py:stamp": "reads whether anything has changed",
    "infra/functions/bounces.py:handle": "news of what was sent lands on its mail; it starts nothing",
}
"""Function that goes over all events -> what it does with one that waits."""
RUNTIMES = {
    "deepracer_admin/worker/loop.py:EventRuntime",
    "infra/functions/place.py:EventRuntime",
    "deepracer_admin/flows/calls/trial.py:Caller",
    "deepracer_admin/worker/event_runtime.py:Caller",
    "deepracer_admin/worker/worker_watch.py:Caller",
    "deepracer_admin/flows/setup/connect_check.py:check_now",
    "deepracer_admin/preflight_command.py:check_now",
}
"""Where something is made or called that reaches services for an event: each is in a test above, or in a runtime."""


SEEN = ("events", "EventRuntime", "Caller", "check_now")
"""Names that the tests below look for: a file without any of them need not be taken apart."""


@cache
def functions() -> list[tuple[str, ast.FunctionDef]]:
    """Every function of the product's files that may matter here, by its file."""
    found: list[tuple[str, ast.FunctionDef]] = []
    for folder in ("deepracer_admin", "infra/functions"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith(("deepracer_admin/rehears", "deepracer_admin/store/")):
                continue
            text = path.read_text("utf-8")
            tree = ast.walk(ast.parse(text)) if any(word in text for word in SEEN) else ()
            found += [(name, node) for node in tree if isinstance(node, ast.FunctionDef)]
    return found


def calls_in(function: ast.FunctionDef) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def test_whoever_goes_over_all_events_is_known_with_what_it_does_for_one_that_waits() -> None:
    found = {
        f"{name}:{function.name}"
        for name, function in functions()
        for call in calls_in(function)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "events"
        and ast.unparse(call.func.value).rpartition(".")[2].strip("_") == "store"
    }
    assert found == LOOPS.keys()


def test_whatever_reaches_services_for_an_event_is_known() -> None:
    found = {
        f"{name}:{call.func.id}"
        for name, function in functions()
        for call in calls_in(function)
        if isinstance(call.func, ast.Name) and call.func.id in ("EventRuntime", "Caller", "check_now")
    }
    assert found == RUNTIMES

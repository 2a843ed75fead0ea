"""The pre-flight from the command line: exit codes, JSON, what is kept and audited; and the run of the morning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deepracer_admin import preflight_command
from deepracer_admin.__main__ import main
from deepracer_admin.compose import Console, compose
from deepracer_admin.flows.setup import connect_check
from deepracer_admin.flows.setup.connect_check import plan_due_check
from deepracer_admin.model import Event, Finding, JobState, Lease, Quota, Role
from deepracer_admin.records.connect_check import CHECK, CHECK_PLANNED, Checked
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.rules.preflight.facts import not_asked
from deepracer_admin.services.base import new_id
from deepracer_admin.settings import Settings
from tests.pages.conftest import NOW, StandingClock, _practice, actor_of

EVENT = Event("ev-1", "Cup", NOW + timedelta(hours=20), NOW + timedelta(days=3), "Europe/Rome", 20, 100.0, Quota(60, 1))


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    (tmp_path / "practice.json").write_text(json.dumps(_practice()), encoding="utf-8")
    monkeypatch.setenv("DEEPRACER_ADMIN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    made = compose(Settings(home=tmp_path), clock=StandingClock())
    yield made
    made.close()


@pytest.fixture
def event(console: Console) -> Event:
    console.store.save_event(EVENT)
    console.store.update("", CURRENT_EVENT, lambda _: EVENT.id)
    return EVENT


def finding(level: str) -> Finding:
    return Finding("mail.spf", "SPF", level, "seen", "Mend it.", area="Mail", copy="example.com TXT x")


@pytest.mark.parametrize(("level", "code"), [("green", 0), ("amber", 0), ("unknown", 0), ("red", 1)])
def test_only_what_must_be_fixed_fails(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    level: str, code: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(connect_check, "read_facts", lambda *_: OfManaged())
    monkeypatch.setattr(connect_check, "findings", lambda _: (finding(level),))
    assert main(["preflight", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert [check["level"] for check in told["checks"]] == [level]
    kept = console.store.read("ev-1", CHECK)
    assert kept.findings[0].level == level
    assert console.store.audit("ev-1")[0].action == "setup.check"
    assert main(["preflight"]) == code
    assert "Mend it." in capsys.readouterr().out or level == "green"


class OfManaged:
    """Facts of which only the service counts here."""

    kind = "managed"
    credential = not_asked()


def test_without_an_event_it_could_not_run(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", "--json"]) == 2
    assert "There is no event yet" in capsys.readouterr().err


def test_an_unknown_event_could_not_run(console: Console, event: Event, capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight_command.main(["--event", "ev-9"]) == 2
    assert capsys.readouterr().err


# --------------------------------------------------------------------------------------- the run of the morning


def lease(console: Console) -> Lease:
    taken = console.store.acquire("worker/ev-1", "test", ttl_s=60, now=NOW)
    assert taken
    return taken


def test_the_run_of_the_morning_is_planned_once_for_whoever_asked_last(console: Console, event: Event) -> None:
    ports, held = console.ports_of("ev-1"), lease(console)
    assert not plan_due_check(ports, event, held), "nobody asked for one yet, so on whose behalf?"
    organizer = actor_of(Role.ORGANIZER)
    job = console.of("ev-1").preflight.run(organizer)
    assert not plan_due_check(ports, event, held), "one is under way"
    console.store.update_job(job.id, state=JobState.DONE, now=NOW)
    assert plan_due_check(ports, event, held)
    (planned,) = console.store.jobs("ev-1", live=True, kind="check")
    assert planned.created_by == organizer.oid
    assert console.store.read("ev-1", CHECK_PLANNED) == "2026-11-23"
    console.store.update_job(planned.id, state=JobState.DONE, now=NOW)
    assert not plan_due_check(ports, event, held)


def test_who_dies_after_planning_does_not_plan_again(console: Console, event: Event) -> None:
    ports, held = console.ports_of("ev-1"), lease(console)
    job = console.of("ev-1").preflight.run(actor_of(Role.ORGANIZER))
    console.store.update_job(job.id, state=JobState.DONE, now=NOW)
    assert plan_due_check(ports, event, held)
    console.store.update("ev-1", CHECK_PLANNED, lambda _: "")  # killed before it was noted
    (planned,) = console.store.jobs("ev-1", live=True, kind="check")
    console.store.update_job(planned.id, state=JobState.DONE, now=NOW)
    assert not plan_due_check(ports, event, held)
    assert console.store.jobs("ev-1", live=True, kind="check") == []


def test_the_next_run_is_compared_with_the_last(
    console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect_check, "read_facts", lambda *_: OfManaged())
    monkeypatch.setattr(connect_check, "findings", lambda _: (finding("red"),))
    console.store.keep("ev-1", CHECK, Checked((finding("green"),), NOW, by=new_id("x")))
    found = preflight_command.preflight(console)
    assert found["changes"] == [{"key": "mail.spf", "title": "SPF", "before": "green", "now": "red"}]

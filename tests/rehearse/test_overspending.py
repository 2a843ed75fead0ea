"""What the drill of a fleet that spends too much counts."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event, Profile
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.budget import CROSSINGS, GUARD
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.rehearse import Plan
from deepracer_admin.rehearse.drill import Scene
from deepracer_admin.rehearse.overspending import LONGEST_TAIL, Overspending
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.budget_guard import Act, Crossing, Tail
from tests.pages.conftest import NOW, StandingClock, clock, console, event, organizer, people, profiles

__all__ = ["StandingClock", "clock", "console", "event", "organizer", "people", "profiles"]


@pytest.fixture
def truth() -> dict[str, Any]:
    return {"hours": 9.0, "jobs": {"running": 1, "waiting": 0}}


@pytest.fixture
def scene(console: Console, event: Event, organizer: Actor, profiles: list[Profile], truth: dict[str, Any]) -> Scene:
    world: Any = SimpleNamespace(truth=lambda: truth)
    crew: Any = SimpleNamespace()
    return Scene(Plan(attendees=4), console, world, organizer, event, crew, lambda line: None)


def cross(scene: Scene, used: float) -> None:
    found = Crossing("", 1.0, act=Act.PAUSE, since=NOW, used=used, tail=Tail(2.0, 1.0, 0.5, 4.0))
    scene.console.store.update(scene.event.id, CROSSINGS, lambda _: {found.key: found})
    scene.console.store.change_rows(
        scene.event.id, PAUSED_PROFILES, lambda _: {"p-1": scene.event.quota, "p-2": scene.event.quota}
    )


def say(scene: Scene, drill: Overspending, *numbers: int) -> None:
    for number in numbers:
        since = NOW + timedelta(minutes=number)
        alarm = Alarm("budget", "t", "s", "f", "Usage", subject="|used|0.5", number=number, since=since)
        scene.console.store.change_rows(scene.event.id, ALARMS, lambda _, alarm=alarm: {alarm.key: alarm})
        drill.look(scene, NOW)


def test_the_budget_is_a_part_of_what_people_may_use_and_the_guard_pauses(scene: Scene) -> None:
    drill = Overspending()
    drill.begin(scene)
    event, guard = scene.console.store.event(scene.event.id), scene.console.store.read(scene.event.id, GUARD)
    hours = scene.console.first.events.draft_of(event).hours_per_person
    assert event.budget_usd == pytest.approx(0.3 * 4 * hours * event.prices.per_hour, abs=0.01)
    assert [each.act for each in guard.thresholds] == [Act.TELL, Act.TELL, Act.TELL, Act.PAUSE]


@pytest.mark.parametrize(("used", "too_soon"), [(99.0, 0), (1.0, 2)])
def test_the_end_is_compared_with_the_budget_and_the_tail(
    scene: Scene, truth: dict[str, Any], used: float, too_soon: int
) -> None:
    drill = Overspending()
    drill.begin(scene)
    drill.look(scene, NOW)
    cross(scene, used)
    drill.look(scene, NOW)
    budget = scene.console.store.event(scene.event.id).budget_usd
    truth["hours"] = (budget + 7.4) / scene.event.prices.per_hour
    counts = drill.counts(scene)
    assert (counts["people_paused"], counts["people_paused_below_the_threshold"]) == (2, too_soon)
    assert (counts["announced_tail_usd"], counts["of_it_waiting_usd"]) == (7.5, 4.0)
    assert counts["within_budget_and_tail"] is True
    truth["hours"] = (budget + 7.6) / scene.event.prices.per_hour
    assert drill.counts(scene)["within_budget_and_tail"] is False


def test_an_alarm_that_is_said_anew_is_counted_and_the_drill_ends(scene: Scene, truth: dict[str, Any]) -> None:
    drill = Overspending()
    say(scene, drill, 1, 1)
    assert drill.counts(scene)["thresholds_said_twice"] == 0
    say(scene, drill, 2)
    counts = drill.counts(scene)
    assert (counts["thresholds_said"], counts["thresholds_said_twice"]) == (1, 1)
    assert (counts["within_budget_and_tail"], counts["paused_after_min"]) == (False, None), "nobody was paused"
    ends = scene.event.ends_at
    assert not drill.is_through(scene, ends)
    assert drill.is_through(scene, ends + LONGEST_TAIL + timedelta(minutes=1)), "whatever runs"
    truth["jobs"] = {"running": 0, "waiting": 0}
    assert drill.is_through(scene, ends)

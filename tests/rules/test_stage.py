"""Where an event stands, and the one thing to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Quota, Stage
from deepracer_admin.rules.stage import next_step, stage_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVENT = Event("e", "Cup", NOW, NOW + timedelta(days=1), "UTC", 10, 100.0, Quota(300, 5))
READY: dict[str, Any] = {
    "people": 10,
    "mailed": 10,
    "proven": 10,
    "onboarding": "running",
    "sponsorship_open": True,
    "checked": True,
    "races": 1,
}


@pytest.mark.parametrize(
    ("change", "hours", "stage", "title"),
    [
        ({"sponsorship_open": False, "checked": False}, -5, Stage.PLAN, "Run the pre-flight"),
        ({"sponsorship_open": False, "people": 0}, -5, Stage.PLAN, "Upload the attendee list"),
        ({"sponsorship_open": None}, -5, Stage.PLAN, "Open sponsorship"),
        ({"onboarding": "idle", "races": 0}, -5, Stage.OPEN, "Create the race"),
        ({"onboarding": "idle", "proven": 0}, -5, Stage.OPEN, "Start onboarding"),
        ({"onboarding": "paused", "proven": 3}, -5, Stage.ONBOARD, "Resume onboarding"),
        ({"mailed": 4}, 1, Stage.ONBOARD, "Watch onboarding"),
        ({}, -5, Stage.ONBOARD, "Wait for the start"),
        ({}, 1, Stage.RACE, "Watch the race"),
        ({}, 25, Stage.CLOSE, "Close the event"),
    ],
)
def test_each_stage_points_at_one_thing(change: dict[str, Any], hours: int, stage: Stage, title: str) -> None:
    facts = READY | change
    now = NOW + timedelta(hours=hours)
    assert stage_of(EVENT, now=now, **facts) is stage
    assert next_step(stage, EVENT, now=now, **facts)[0] == title


def test_the_way_to_the_race_is_the_board_that_its_sentence_names() -> None:
    now = NOW + timedelta(hours=1)
    title, page, why = next_step(Stage.RACE, EVENT, now=now, **READY)
    assert (title, page) == ("Watch the race", "leaderboard")
    assert "standings" in why
    assert "Usage" not in why


def test_one_person_is_not_spoken_of_as_many() -> None:
    one: dict[str, Any] = READY | {"people": 1, "mailed": 0, "proven": 0}
    assert next_step(Stage.ONBOARD, EVENT, now=NOW, **one)[2] == "1 person is still on their way."
    idle: dict[str, Any] = one | {"onboarding": "idle"}
    assert next_step(Stage.OPEN, EVENT, now=NOW, **idle)[2] == "1 person has no proven access yet."


def test_a_closed_event_asks_for_nothing() -> None:
    closed = replace(EVENT, closed_at=NOW)
    assert stage_of(closed, now=NOW, **READY) is Stage.CLOSE
    assert next_step(Stage.CLOSE, closed, now=NOW, **READY)[1] == ""


@given(
    people=st.integers(0, 20),
    onboarding=st.sampled_from(["idle", "running", "paused", "closed"]),
    open_=st.sampled_from([True, False, None]),
    checked=st.booleans(),
    races=st.integers(0, 2),
    hours=st.integers(-5, 30),
    share=st.floats(0, 1),
)
def test_there_is_always_a_sentence(
    people: int, onboarding: str, open_: bool | None, checked: bool, races: int, hours: int, share: float
) -> None:
    facts: dict[str, Any] = {
        "people": people,
        "mailed": int(people * share),
        "proven": int(people * share),
        "onboarding": onboarding,
        "sponsorship_open": open_,
        "checked": checked,
        "races": races,
    }
    now = NOW + timedelta(hours=hours)
    title, _, why = next_step(stage_of(EVENT, now=now, **facts), EVENT, now=now, **facts)
    assert title
    assert why

"""The Races page on a seeded event."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deepracer_admin.flows.races.race_jobs import draft_from_plan
from deepracer_admin.model import Race, RaceDraft, Role, Track
from deepracer_admin.records.racing_service import ACCOUNT, TRACKS, AccountSeen
from tests.pages.conftest import NOW, click, texts
from tests.ui.choosing import tick

PAGE = "pages/run/races.py"
CREATE = {"race-create": True}
OFFERED = (Track("t-1", "Smile Speedway", length_m=20.0),)


@pytest.fixture
def race(console, event):
    """An open race and what the service said about itself."""
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(minutes=5), NOW + timedelta(days=1))
    made = Race("r-1", draft, participants=4, share_link="https://race.example.com/r-1")
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    console.store.keep(event.id, TRACKS, OFFERED)
    console.store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    return made


@pytest.mark.parametrize("role", list(Role)[:3])
def test_every_role_sees_the_races(browser, race, role):
    table = browser.open(PAGE, role).dataframe[0].value
    assert list(table["Race"]) == ["Cup"]
    assert re.fullmatch(r"\d\d \w{3} \d\d:\d\d", table["Opens (Europe/Rome)"][0])


def test_nobody_without_a_session_sees_them(browser, race):
    app = browser.open(PAGE, None)
    assert app.error
    assert not app.dataframe


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_organizers_create_races(browser, race, role):
    assert not [field for field in browser.open(PAGE, role).text_input if field.label == "Name"]


def test_a_service_without_private_races_is_named_honestly(browser, race):
    assert "visible to everybody of this deployment" in texts(browser.open(PAGE))


def test_only_the_name_must_be_typed(browser, console, event, race):
    app = browser.open(PAGE, state=CREATE)
    app.text_input(key="race-new-name").set_value("Grand Final")
    click(app, "Create the race")
    [job] = console.store.jobs(event.id, kind="race.create")
    assert job.plan["draft"]["name"] == "Grand Final"
    assert job.plan["draft"]["closes_at"] == event.ends_at.isoformat()


def test_a_name_that_the_service_refuses_is_explained_beside_the_form(browser, console, event, race):
    app = browser.open(PAGE, state=CREATE)
    app.text_input(key="race-new-name").set_value("Café!")
    click(app, "Create the race")
    assert "letters without accents" in texts(app)
    assert not console.store.jobs(event.id, kind="race.create")


def test_two_races_of_one_name_are_refused(browser, console, event, race):
    app = browser.open(PAGE, state=CREATE)
    app.text_input(key="race-new-name").set_value("cup")
    click(app, "Create the race")
    assert "race of that name exists" in texts(app)


def test_a_closed_event_still_offers_a_window_in_the_future(browser, console, event, race):
    console.store.save_event(replace(event, ends_at=NOW - timedelta(minutes=1)))
    app = browser.open(PAGE, state=CREATE)
    app.text_input(key="race-new-name").set_value("Late")
    click(app, "Create the race")
    [job] = console.store.jobs(event.id, kind="race.create")
    assert job.plan["draft"]["closes_at"] > NOW.isoformat()


def test_the_end_of_a_race_with_rules_of_another_console_is_moved_and_nothing_else(
    browser, console, event, race, monkeypatch
):
    """Its values lie outside the form's bounds, and its moments have seconds, which the screen does not show."""
    draft = replace(
        race.draft,
        opens_at=NOW - timedelta(minutes=5, seconds=13),
        race_type="HEAD_TO_HEAD_RACING",
        direction="SIDEWAYS",
        min_laps=0,
        max_laps=25,
        max_submissions=0,
        off_track_penalty_s=90.0,
        objects=9,
        description="All day.",
        max_minutes=7,
    )
    console.store.save_races(event.id, [replace(race, draft=draft)], seen_at=NOW, lease=None)
    app = tick(browser.open(PAGE, state={"race-change": True}), "races", "r-1")
    app.datetime_input(key="race-r-1-closes").set_value(datetime(2026, 11, 23, 18, 0))  # noqa: DTZ001 - as typed
    click(app, "Save")
    [job] = console.store.jobs(event.id, kind="race.edit")
    end = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert draft_from_plan(job.plan["draft"]) == replace(draft, closes_at=end)


def test_only_those_who_may_change_races_are_told_to(browser, race):
    assert "Choose a race to share, change, end or delete it." in texts(browser.open(PAGE, Role.ORGANIZER))
    assert "Choose a race to see its window and its link." in texts(browser.open(PAGE, Role.VIEWER))

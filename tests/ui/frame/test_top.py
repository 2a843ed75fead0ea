"""The line above every page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Job, JobState, Role
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.practice_clock import PRACTICE_WISH, PracticeWish
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from tests.pages.conftest import NOW, ROLES, Browser, click, texts

USAGE = "pages/run/usage.py"


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.address)
def test_every_page_says_event_stage_and_clock_with_its_zone(browser: Browser, event: Event, entry: PageEntry) -> None:
    said = texts(browser.open(entry.file))
    assert "**Autumn Cup** · Plan · Mon 23 Nov 10:00 Europe/Rome" in said.replace("\u2060", "").replace("\\", "")
    assert "practice time, 1x" in said


@pytest.mark.parametrize("role", ROLES)
def test_who_is_signed_in_stands_beside_it(browser: Browser, event: Event, role: Role) -> None:
    assert f"{role.value} Person · {role.value}" in texts(browser.open("pages/plan/event.py", role))


def test_faster_is_asked_for_once_however_often_it_is_clicked_at_once(
    browser: Browser, console: Console, event: Event
) -> None:
    app = click(browser.open(USAGE), "pace-faster")
    assert console.store.read("", PRACTICE_WISH) == PracticeWish(5.0, paused=False, is_done=False)
    assert "practice time, 5x" in texts(app), "it shows what was asked for before the practice world has heard it"
    click(app, "pace-faster")
    assert console.store.read("", PRACTICE_WISH).speed == 5.0


def test_a_pause_is_said_and_goes_on_at_the_same_speed(browser: Browser, console: Console, event: Event) -> None:
    console.store.update("", PRACTICE_WISH, lambda _: PracticeWish(60.0, paused=False, is_done=False))
    app = click(browser.open(USAGE), "pace-pause")
    assert console.store.read("", PRACTICE_WISH) == PracticeWish(60.0, paused=True, is_done=False)
    assert "practice time stands still" in texts(app)


def test_at_its_bounds_a_button_is_off(browser: Browser, console: Console, event: Event) -> None:
    off = lambda app: {button.key for button in app.button if button.disabled}  # noqa: E731
    assert "pace-slower" in off(browser.open(USAGE))
    console.store.update("", PRACTICE_WISH, lambda _: PracticeWish(600.0, is_done=False))
    assert "pace-faster" in off(browser.open(USAGE))


def test_a_viewer_sees_the_speed_and_changes_nothing(browser: Browser, event: Event) -> None:
    app = browser.open(USAGE, Role.VIEWER)
    assert "practice time" in texts(app)
    assert not [button.key for button in app.button if button.key and button.key.startswith("pace-")]


def test_what_comes_next_leads_to_the_very_place(browser: Browser, console: Console, event: Event) -> None:
    (link,) = [link for link in browser.open(USAGE).main.get("page_link") if link.proto.label.startswith("Next: ")]
    assert link.proto.label == "Next: Run the pre\\-flight"
    assert link.proto.query_string == "event=ev-1&setup-part=Pre-flight"
    assert not [
        link for link in browser.open("pages/plan/event.py").main.get("page_link") if "Next" in link.proto.label
    ]


def test_the_list_of_events_says_what_goes_on_in_the_others(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    store = console.store
    store.save_event(replace(event, id="ev-2", name="Winter Cup"))
    store.update("ev-2", ONBOARDING, lambda _: Onboarding(Run.RUNNING, since=NOW))
    store.create_job(Job("j", "ev-2", "quota", "x", JobState.RUNNING, created_at=NOW), [])
    app = browser.open(USAGE)
    assert set(app.selectbox(key="tab-event-ev-1").options) == {
        "Autumn Cup · quiet",
        "Winter Cup · onboarding runs, 1 job",
    }

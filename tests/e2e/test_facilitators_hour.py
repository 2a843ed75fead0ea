"""A facilitator's hour on the floor, standing up: whoever comes to the desk is helped, and each act is there once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from deepracer_admin.model import Attendee, Event, Role, Sending, Standing, State, Step
from deepracer_admin.records.boards import BOARD_MARKS
from tests.busy import busy_event, four_profiles, six_people
from tests.e2e.conftest import PATIENCE_MS, PICTURES, SCREENS, no_trouble, pick, wait_idle, watch_policy
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
WALK_UP = "late@example.com"
MOST_UNTIL_SHOWN_S = 2.0


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home"), public=True) as made:
        yield made


@pytest.fixture(scope="module")
def event(seeded: Seeded) -> Event:
    """A busy event; one person more, whose address the racing service refuses."""
    console = seeded.console
    now = console.clock.event_now()
    made = replace(an_event(console), portal_url="https://race.example.com")
    busy = busy_event(console, made, four_profiles(console, made, six_people(console, made, now), now), now)
    kept = replace(busy, public_url=seeded.process.public)
    console.store.save_event(kept)
    wrong = Attendee("at-7", "o'hara@example.com", "Ann O'Hara", "ann", added_at=now, refusal="An apostrophe.")
    console.store.save_attendees(made.id, [wrong])
    rows = [Standing(n, f"racer-{n}", 9_000 * n, profile_id=f"pr-{n}") for n in (1, 2, 3)]
    console.history.save_standings(made.id, "r-1", now, rows)
    return kept


@pytest.fixture(scope="module")
def page(seeded: Seeded, event: Event, browser: Browser) -> Page:
    return seeded.window(browser, seeded.session(Role.FACILITATOR), path="/attendees?attendees-view=Add+one")


def card(page: Page, who: str) -> Locator:
    """Their card, by the key of the search, from whatever page is open."""
    if page.get_by_role("dialog").count():
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        wait_idle(page)
    page.get_by_role("button", name="Find a person").click()
    field = page.get_by_label("Name, address or racer name")
    expect(field).to_be_visible(timeout=PATIENCE_MS)
    field.fill(who)
    shown = page.get_by_role("dialog")
    expect(shown.get_by_text("racer name ").first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    return shown


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.get_by_text(words).filter(visible=True).first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    no_trouble(page)


def test_1_a_walk_up_is_on_the_list_once_however_often_one_clicks(page: Page, seeded: Seeded) -> None:
    for label, value in (("Address", WALK_UP), ("Name", "Lea Late")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Add to the list").dblclick()
    said(page, "Lea Late is on the list.")
    assert [person.name for person in seeded.console.store.attendees("ev-1") if person.email == WALK_UP] == ["Lea Late"]


def test_2_a_person_who_is_stuck_is_tried_again(page: Page, seeded: Seeded) -> None:
    shown = card(page, "racer4@example.com")
    shown.get_by_role("button", name="Retry this person").click()
    said(page, "Racer 4: 1 step put back to the start.")
    steps = {row.step: row.state for row in seeded.console.store.steps_of("ev-1", "at-4")}
    assert steps.get(Step.PROFILE) is not State.REFUSED


def test_3_a_wrong_address_is_corrected_and_the_new_one_said(page: Page, seeded: Seeded) -> None:
    shown = card(page, "O'Hara")
    shown.get_by_role("tab", name="Correct").click()
    field = shown.get_by_label("New address")
    field.fill("ann.ohara@example.com")
    field.press("Tab")
    wait_idle(page)
    shown.get_by_role("button", name="Change the address").click()
    said(page, re.compile("has the address ann\\.ohara@.*; onboarding starts anew"))
    assert seeded.console.store.attendee("ev-1", "at-7").email == "ann.ohara@example.com"


def test_4_more_hours_are_asked_for_once(page: Page, seeded: Seeded) -> None:
    shown = card(page, "racer1@example.com")
    shown.get_by_role("button", name="Grant the hours").dblclick()
    said(page, re.compile(r"Racer 1: adding 1\.0 h"))
    asked = [job for job in seeded.console.store.jobs("ev-1", kind="quota") if job.id != "job-quota"]
    assert len(asked) == 1


def test_5_a_lost_mail_goes_out_once_more(page: Page, seeded: Seeded) -> None:
    shown = card(page, "racer2@example.com")
    shown.get_by_role("button", name="Resend their access mail").dblclick()
    said(page, "Racer 2: one mail is on its way.")
    waiting = seeded.console.store.deliveries("ev-1", attendee="at-2", state=Sending.PENDING)
    assert len(waiting) == 1


def test_6_a_person_who_asks_where_they_are_is_told(page: Page) -> None:
    shown = card(page, "racer3@example.com")
    said(page, re.compile(r"place 3 of 3"))
    expect(shown.get_by_text("racer name racer-3").first).to_be_visible()
    if PICTURES:
        page.screenshot(path=SCREENS / "hour-card.png")


def test_7_a_name_that_nobody_should_read_leaves_every_screen(page: Page, seeded: Seeded) -> None:
    page.goto(f"{seeded.process.url}/leaderboard?board-tabs=Run+the+board")
    wait_idle(page)
    pick(page, "Racer", re.compile(r"^2\. "))
    page.get_by_role("button", name="Hide the racer name").click()
    said(page, re.compile("is hidden on every screen"))
    marks = seeded.console.store.rows("ev-1", BOARD_MARKS)
    assert [mark.hidden for mark in marks.values()].count(True) == 1


def test_8_the_second_screen_counts_down_within_two_seconds(page: Page, seeded: Seeded, browser: Browser) -> None:
    page.goto(f"{seeded.process.url}/leaderboard?board-tabs=Big+screen")
    wait_idle(page)
    field = page.get_by_label("Name of the screen")
    field.fill("Second screen")
    field.press("Tab")
    wait_idle(page)
    page.get_by_role("button", name="Make a link").click()
    said(page, re.compile("^.*Second screen.* shows now"))
    address = page.get_by_test_id("stCode").filter(has_text=re.compile(r"http://127\.0\.0\.1:\d+/live/")).first
    found = re.search(r"http://127\.0\.0\.1:\d+/live/\S+", address.inner_text())
    assert found
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    watch_policy(context, seeded.broken)
    wall = context.new_page()
    wall.goto(found.group())
    expect(wall.get_by_role("table")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Countdown to the close").click()
    changed = time.monotonic()
    while seeded.console.first.boards.screen(found.group().rpartition("/")[2]).scene != "countdown":
        assert time.monotonic() - changed < PATIENCE_MS / 1000
        changed = time.monotonic()
    expect(wall.get_by_role("timer")).to_be_visible(timeout=PATIENCE_MS)
    took_s = time.monotonic() - changed
    said(page, re.compile("Second screen: countdown to the close, from its next look on"))
    print(f"\nthe wall counted down {took_s:.1f} s after it was asked for")
    expect(wall.get_by_role("timer")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    before = wall.get_by_role("timer").inner_text()
    expect(wall.get_by_role("timer")).not_to_have_text(before, timeout=PATIENCE_MS)
    if PICTURES:
        wall.screenshot(path=SCREENS / "hour-countdown-1920x1080.png")
    context.close()
    assert took_s <= MOST_UNTIL_SHOWN_S

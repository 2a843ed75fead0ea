"""An organizer finds, sorts and opens people on a list that is cut into pages. At 1,500 people; more by E2E_PEOPLE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Attendee, Outcome, Race, RaceDraft, Role, Standing, State, Step
from tests.e2e.conftest import PATIENCE_MS, fill, no_trouble, pick, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
MANY = int(os.environ.get("E2E_PEOPLE", "1500"))


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        event, store, now = an_event(made.console), made.console.store, made.console.clock.event_now()
        people = [
            Attendee(f"at-{n}", f"racer{n}@example.com", name=f"Ada Number {n:04}", alias=f"Racer-{n}",
                     office=("Milano", "Roma", "Oslo")[n % 3], cost_centre=f"CC-{n % 40}")
            for n in range(MANY)
        ]  # fmt: skip
        store.save_attendees(event.id, people)
        done = [Outcome(f"at-{n}", step, State.DONE) for n in range(MANY) for step in [*Step][: n % 7]]
        store.record(event.id, done, lease=None, now=made.console.clock.now())
        draft = RaceDraft("Cup", "t-1", event.starts_at, event.ends_at)
        store.save_races(event.id, [Race("r-1", draft, participants=MANY)], seen_at=now, lease=None)
        rows = [Standing(n + 1, f"racer-{n}", 40_000 + 7 * n) for n in range(MANY)]
        made.console.history.save_standings(event.id, "r-1", now - timedelta(minutes=1), rows)
        yield made


BOX, NAME = 16, 70
"""Where a row's box and its name stand, px from the left; Streamlit draws tables on a canvas."""


def click_row(page: Page, row: int, *, at: int) -> None:
    box = page.locator(".st-key-roster-table").get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + at, box["y"] + 34 + 16 + 33 * row)
    wait_idle(page)


def drawn(page: Page) -> None:
    expect(page.locator(".st-key-roster-table").get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-roster-table tbody tr").first).to_be_attached(timeout=PATIENCE_MS)


def turn_to(page: Page, number: int) -> None:
    field = page.get_by_label(f"Page of {-(-MANY // 50):,}")
    field.fill(f"{number}")
    field.press("Enter")
    expect(page.get_by_text(f"{50 * number - 49:,} to {50 * number:,} of {MANY:,}")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)


def test_somebody_on_the_third_page_is_opened(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    expect(page.get_by_text(f"1 to 50 of {MANY:,}")).to_be_visible(timeout=PATIENCE_MS)
    drawn(page)
    picture(page, "attendees-many")
    turn_to(page, 3)
    first = page.locator(".st-key-roster-table tbody tr td[aria-colindex='1']").first
    expect(first).to_have_text("Ada Number 0100", timeout=PATIENCE_MS)
    dialog = page.get_by_role("dialog")
    for _ in range(2):  # the same person again, too
        click_row(page, 1, at=NAME)
        expect(dialog.get_by_text("Ada Number 0101").first).to_be_visible(timeout=PATIENCE_MS)
        picture(page, "attendees-many-card")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0, timeout=PATIENCE_MS)
        wait_idle(page)
    no_trouble(page)


def test_several_are_chosen_on_two_pages_and_mailed_again_once(seeded: Seeded, browser: Browser) -> None:
    store = seeded.console.store
    store.amend_event("ev-1", lambda each: replace(each, portal_url="https://portal.example.com"))
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    drawn(page)
    for row in (3, 5):
        click_row(page, row, at=BOX)
    turn_to(page, 2)
    drawn(page)
    click_row(page, 2, at=BOX)
    expect(page.get_by_text("3 chosen: Ada Number 0003, Ada Number 0005 and Ada Number 0052")).to_be_visible()
    click_row(page, 3, at=NAME)  # a card in between chooses nobody and forgets nobody
    expect(page.get_by_role("dialog").get_by_text("Ada Number 0053").first).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE_MS)
    wait_idle(page)
    turn_to(page, 1)
    expect(page.locator(".st-key-roster-table tr[aria-selected='true']")).to_have_count(2, timeout=PATIENCE_MS)
    picture(page, "attendees-chosen")
    press(page, "Send the access mail again …")
    expect(page.get_by_role("dialog").get_by_text("3 people")).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "attendees-chosen-mail")
    page.get_by_role("dialog").get_by_role("button", name="Send it again").dblclick()
    expect(page.get_by_text("The access mail is on its way to 3 people.").first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    assert {row.attendee for row in store.deliveries("ev-1")} == {"at-3", "at-5", "at-52"}
    assert len(store.deliveries("ev-1")) == 3
    press(page, f"Choose all {MANY:,} that fit")
    expect(page.get_by_text(f"{MANY:,} chosen: ")).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "attendees-chosen-all")
    press(page, "Forget the choice")
    expect(page.get_by_text(f"{MANY:,} chosen: ")).to_have_count(0, timeout=PATIENCE_MS)
    no_trouble(page)


def test_one_of_all_racers_is_found_to_run_the_board(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/leaderboard")
    expect(page.get_by_text(f"The first 200 of {MANY:,}")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("tab", name="Run the board").click()
    wait_idle(page)
    fill(page, "Find a racer", f"racer-{MANY - 1}")
    pick(page, "Racer", re.compile(f"racer-{MANY - 1}"))
    picture(page, "leaderboard-many")
    press(page, "Hide the racer name")
    expect(page.get_by_text("is hidden on every screen").first).to_be_visible(timeout=PATIENCE_MS)
    no_trouble(page)

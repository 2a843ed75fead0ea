"""An organizer finds, sorts and opens people on a list that is cut into pages. At 1,500 people; more by E2E_PEOPLE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
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


def click_row(page: Page, row: int) -> None:
    box = page.locator(".st-key-roster-table").get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 34 + 16 + 33 * row)
    wait_idle(page)


def test_somebody_on_the_third_page_is_opened(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    expect(page.get_by_text(f"1 to 50 of {MANY:,}")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-roster-table").get_by_test_id("stDataFrame")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".st-key-roster-table tbody tr").first).to_be_attached(timeout=PATIENCE_MS)
    picture(page, "attendees-many")
    number = page.get_by_label(f"Page of {-(-MANY // 50):,}")
    number.fill("3")
    number.press("Enter")
    expect(page.get_by_text(f"101 to 150 of {MANY:,}")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    first = page.locator(".st-key-roster-table tbody tr td[aria-colindex='1']").first
    expect(first).to_have_text("Ada Number 0100", timeout=PATIENCE_MS)
    click_row(page, 1)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Ada Number 0101").first).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "attendees-many-card")
    page.keyboard.press("Escape")
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

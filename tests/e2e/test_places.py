"""What one looks at stands in the address: a reload, Back over other pages, and a link that was sent show it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Attendee, Race, RaceDraft, Role, Standing
from deepracer_admin.records.entrants import ENTRY_LISTS, EntryList
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from tests.e2e.conftest import PATIENCE_MS, no_trouble, open_page, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
MANY = 180


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """Two races; of the first, a third of all people is on the entry list."""
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        event, store, now = an_event(made.console), made.console.store, made.console.clock.event_now()
        people = [
            Attendee(f"at-{n}", f"racer{n}@example.com", f"Ada Number {n:03}", f"Racer-{n:03}",
                     office=("Milano", "Roma", "Oslo")[n % 3])
            for n in range(MANY)
        ]  # fmt: skip
        store.save_attendees(event.id, people)
        draft = RaceDraft("Cup", "t-1", event.starts_at, event.ends_at)
        store.save_races(
            event.id, [Race("r-1", draft), Race("r-2", replace(draft, name="Final"))], seen_at=now, lease=None
        )
        store.keep(event.id, ACCOUNT, AccountSeen(as_of=now))
        listed = EntryList(tuple(f"at-{n}" for n in range(MANY // 3)))
        store.change_rows(event.id, ENTRY_LISTS, lambda _: {"r-1": listed}, keys=("r-1",))
        rows = [Standing(n + 1, f"racer-{n:03}", 40_000 + 7 * n) for n in range(40)]
        made.console.history.save_standings(event.id, "r-1", now, rows)
        yield made


def turn(page: Page, of: str, number: int) -> None:
    field = page.get_by_label(f"Page of {of}")
    field.fill(f"{number}")
    field.press("Enter")
    wait_idle(page)


def tick(page: Page, row: int) -> None:
    table = page.locator(".st-key-entrants-out-r-1-table")
    table.scroll_into_view_if_needed()
    box = table.get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 34 + 16 + 33 * row)
    wait_idle(page)


def test_back_leads_to_the_filters_and_the_page_that_were_left(seeded: Seeded, browser: Browser) -> None:
    """Also with filters that Streamlit binds: on the way to another page it wrote them out of the page's own entry."""
    page = seeded.window(
        browser, seeded.session(Role.ORGANIZER), path="/attendees?roster-sort=Office&roster-cohort=office%3ARoma"
    )
    expect(page.get_by_text("1 to 50 of 60 people")).to_be_visible(timeout=PATIENCE_MS)
    left = page.url
    open_page(page, "Races")
    expect(page.get_by_role("heading", name="Races")).to_be_visible(timeout=PATIENCE_MS)
    page.go_back()
    expect(page.get_by_text("1 to 50 of 60 people")).to_be_visible(timeout=PATIENCE_MS)
    assert page.url == left
    no_trouble(page)


def test_whom_one_chose_on_two_pages_is_let_in_and_the_place_is_still_there(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/races?race=r-1&entrants-side=out")
    expect(page.get_by_text("1 to 50 of 120 people")).to_be_visible(timeout=PATIENCE_MS)
    tick(page, 0)
    turn(page, "3", 3)
    expect(page.get_by_text("101 to 120 of 120 people")).to_be_visible(timeout=PATIENCE_MS)
    tick(page, 1)
    picture(page, "races-entrants-chosen")
    press(page, "Let in …")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("2 people").first).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "races-entrants-dialog")
    press(dialog, "Let them in")
    expect(page.get_by_text("2 people put on the list").first).to_be_visible(timeout=PATIENCE_MS)
    made = seeded.console.store.row("ev-1", ENTRY_LISTS, "r-1")
    assert made is not None
    assert set(made.people[60:]) == {"at-60", "at-161"}
    page.reload()
    wait_idle(page)
    expect(page.get_by_text("101 to 118 of 118 people")).to_be_visible(timeout=PATIENCE_MS)
    other = seeded.window(browser, seeded.session(Role.ORGANIZER), path=page.url.removeprefix(seeded.process.url))
    expect(other.get_by_text("101 to 118 of 118 people")).to_be_visible(timeout=PATIENCE_MS)
    no_trouble(page)

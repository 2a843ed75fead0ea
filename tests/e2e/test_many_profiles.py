"""Whom one chooses among very many is whom it reaches, while samples come in and the page is drawn anew by itself.

At 1,500 profiles here; `E2E_PROFILES=10000` for what the console is made for. Pictures in light and dark: of Usage, of
the prices, of the screen for a hall.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, ModelJobs, Profile, Quota, Role
from deepracer_admin.store import ProfileLink
from tests.e2e.conftest import PATIENCE_MS, PICTURES, no_trouble, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
MANY = int(os.environ.get("E2E_PROFILES", "1500"))
OFFICES = ("Milano", "Roma", "Torino", "Berlin", "Paris", "London", "Madrid", "Wien", "Oslo", "Zürich")
SLOW_MS = 4 * PATIENCE_MS
EVERY_S = 10.0


class Fleet:
    """Hours that move: with each sample other racers are on top."""

    def __init__(self, console: Console, event: Event) -> None:
        self.console, self.event, self.turn = console, event, 0
        self.stopping = threading.Event()
        self.quotas = {f"p{n}": Quota(-1 if n % 50 == 7 else 300, 3) for n in range(MANY)}
        people = [
            Attendee(
                f"at-{n}", f"racer{n}@example.com", name=f"Ada Number {n}", alias=f"Racer-{n}",
                office=OFFICES[n * n % len(OFFICES)], cost_centre=f"CC-{n % 4}", source="job-0",
            )
            for n in range(MANY)
        ]  # fmt: skip
        console.store.save_attendees(event.id, people)
        now = console.clock.now()
        console.store.link(event.id, [ProfileLink(f"at-{n}", f"p{n}", "created", now) for n in range(MANY)])

    def sample(self, ago_min: float = 0.0) -> None:
        self.turn += 1
        now = self.console.clock.event_now()
        rows = [
            Profile(
                f"p{n}", f"Racer-{n}", f"racer{n}@example.com", float((n * 37 + self.turn * (n % 11)) % 290),
                10.0 if n % 3 else 0.0, self.quotas[f"p{n}"], None if n == 3 else n % 5, 10**8,
            )
            for n in range(MANY)
        ]  # fmt: skip
        jobs = {f"p{n}": ModelJobs(running=1) if n < 8 else ModelJobs(waiting=1) for n in range(min(MANY, 60))}
        at = now - timedelta(minutes=ago_min)
        self.console.history.add_usage(self.event.id, at, rows, jobs=jobs, slots=8)
        self.console.store.save_profiles(self.event.id, rows, seen_at=self.console.clock.now(), lease=None)

    def run(self) -> None:
        while not self.stopping.wait(EVERY_S):
            self.sample()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A crowd whose hours go on moving while the pages are open."""
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        event = an_event(made.console)
        event = replace(event, public_url="http://board.example.com", budget_usd=20_000.0, head_count=MANY)
        made.console.store.save_event(event)
        fleet = Fleet(made.console, event)
        for step in range(12, 0, -1):
            fleet.sample(ago_min=5.0 * step)
        beside = threading.Thread(target=fleet.run, daemon=True)
        beside.start()
        yield made
        fleet.stopping.set()
        beside.join()


def table(page: Page) -> Locator:
    found = page.locator(".st-key-profiles-table")
    found.scroll_into_view_if_needed(timeout=SLOW_MS)
    return found


def tick(page: Page, row: int) -> None:
    """The box at the start of a row; tables are drawn on a canvas, so by place."""
    box = table(page).get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 34 + 16 + 33 * row)
    wait_idle(page)


def chosen(page: Page) -> set[str]:
    return set(table(page).locator("tr[aria-selected='true'] td[aria-colindex='1']").all_text_contents())


def pictures(page: Page, name: str) -> None:
    if not PICTURES:
        return
    picture(page, f"{name}-light")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(1_000)
    picture(page, f"{name}-dark")
    page.emulate_media(color_scheme="light")


def test_the_three_who_were_chosen_are_named_and_changed_while_updates_run(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/usage")
    page.set_default_timeout(SLOW_MS)
    expect(page.locator("[data-testid=stPlotlyChart] svg").first).to_be_visible(timeout=SLOW_MS)
    pictures(page, "usage-many")
    for row in (1, 3, 4):
        tick(page, row)
    three = chosen(page)
    assert len(three) == 3
    page.wait_for_timeout(2_500 * EVERY_S)  # samples come in, and the page is drawn anew
    wait_idle(page)
    assert chosen(page) == three
    page.get_by_label("Training hours each").fill("7.5")
    press(page, "Set this quota …")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=SLOW_MS)
    names = {alias: f"Ada Number {alias.removeprefix('Racer-')}" for alias in three}
    for name in names.values():
        expect(dialog.get_by_text(name)).to_be_visible()
    pictures(page, "usage-many-dialog")
    press(dialog, "Set the quota")
    page.wait_for_timeout(1_000)
    wait_idle(page)
    store = seeded.console.store
    (job,) = store.jobs("ev-1", kind="quota")
    assert {item.key for item in store.job_items(job.id)} == {f"at-{alias.removeprefix('Racer-')}" for alias in three}
    shown = table(page).locator("tbody tr td[aria-colindex='1']").all_text_contents()
    for alias in sorted(three)[1:]:
        tick(page, shown.index(alias))
    (one,) = chosen(page)
    page.get_by_role("tab", name="Pause, resume, models").click()
    press(page, "Pause …")
    press(page.get_by_role("dialog"), "Pause them")
    page.wait_for_timeout(1_000)
    wait_idle(page)
    (paused,) = store.jobs("ev-1", kind="sponsor")
    assert [item.key for item in store.job_items(paused.id)] == [f"p{one.removeprefix('Racer-')}"]
    no_trouble(page)


def test_prices_are_put_in_force_from_the_page(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/setup")
    page.set_default_timeout(SLOW_MS)
    page.get_by_role("tab", name="Prices").click()
    page.get_by_label("Training instance (USD an hour)").fill("0.95")
    press(page, "Put these in force")
    expect(page.get_by_text("In force: every figure of money").first).to_be_visible(timeout=SLOW_MS)
    assert seeded.console.store.event("ev-1").prices.training_per_hour == 0.95
    pictures(page, "setup-prices")
    no_trouble(page)

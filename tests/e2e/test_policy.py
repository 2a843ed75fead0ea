"""The console's content security policy in a real browser: every page works under it, and nothing else would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from deepracer_admin.ui.table import PAGES
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Event, Profile, Quota, Role, Standing
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """An event with people who train: charts, boards and tables have something to draw."""
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        _people_who_train(made, an_event(made.console))
        yield made


def _people_who_train(made: Seeded, event: Event) -> None:
    store, history = made.console.store, made.console.history
    now = made.console.clock.event_now()
    for step in range(6):
        profiles = [
            Profile(f"p{n}", f"Racer-{n}", f"racer{n}@example.com", 20.0 * step * (n % 5), 5.0, Quota(300, 3), 2, 10**6)
            for n in range(12)
        ]
        history.add_usage(event.id, now - timedelta(minutes=50 - 10 * step), profiles)
    store.save_profiles(event.id, profiles, seen_at=now, lease=None)
    rows = [Standing(n + 1, f"Racer-{n}", 10_000 + n, submitted_at=now) for n in range(5)]
    history.save_standings(event.id, "race-1", now, rows)


@pytest.fixture(scope="module")
def page(seeded: Seeded, browser: Browser) -> Page:
    return seeded.window(browser, seeded.session(Role.ORGANIZER))


@pytest.mark.parametrize("path", ["/", *(f"/{entry.address}" for entry in PAGES if entry.address != "event")])
def test_every_page_keeps_to_the_policy(seeded: Seeded, page: Page, path: str) -> None:
    page.goto(f"{seeded.process.url}{path}")
    expect(page.get_by_test_id("stMain")).to_be_visible()
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    page.wait_for_timeout(1500)
    assert seeded.broken == []


def test_charts_and_tables_are_drawn(seeded: Seeded, page: Page) -> None:
    page.goto(f"{seeded.process.url}/usage")
    expect(page.locator(".js-plotly-plot svg.main-svg").first).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible()
    assert seeded.broken == []


def test_a_list_is_uploaded_and_read(seeded: Seeded, page: Page) -> None:
    page.goto(f"{seeded.process.url}/attendees")
    drop = page.get_by_test_id("stFileUploaderDropzoneInput").first
    drop.set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": b"Email,Name\nada.l@example.com,Ada L\n"}
    )
    expect(page.get_by_text("list.csv").first).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible()
    assert seeded.broken == []


def test_a_download_arrives(seeded: Seeded, page: Page) -> None:
    page.goto(f"{seeded.process.url}/audit")
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").first.locator("button").click()
    assert download.value.path().stat().st_size > 0
    assert seeded.broken == []


def test_a_script_of_somebody_else_does_not_run(seeded: Seeded, page: Page) -> None:
    """Else the checks above would show nothing."""
    page.goto(f"{seeded.process.url}/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert page.evaluate("window.x") is None
    assert seeded.broken
    seeded.broken.clear()


def test_nobody_can_frame_the_console(seeded: Seeded, page: Page) -> None:
    page.goto("data:text/html,<p>another site</p>")
    page.evaluate(
        f"document.body.append(Object.assign(document.createElement('iframe'), {{src: '{seeded.process.url}/signin'}}))"
    )
    page.wait_for_timeout(1500)
    assert "Sign in" not in page.frames[-1].content()
    seeded.broken.clear()

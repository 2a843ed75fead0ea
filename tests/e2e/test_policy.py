"""The console's content security policy in a real browser: every page works under it, and nothing else would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from deepracer_admin.model import Attendee, Event, Profile, Quota, Role, Standing
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.ui.kit.page_table import PAGES
from tests.e2e.conftest import PATIENCE_MS, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
HOSTILE = """<html><body><p style="color:#102030">Dear Mallory</p><script>parent.ran = 1; top.ran = 1</script>
<img src="none" onerror="parent.ran = 1"><img src="http://evil.example/tracks-you.png">
<img src="/favicon.png?tracks-you">
<link rel="stylesheet" href="/tracks-you.css"><svg onload="parent.ran = 1"></svg>
<iframe src="/tracks-you" srcdoc="<script>top.ran = 1</script>"></iframe>
<form action="/tracks-you"><button>Press</button></form></body></html>"""


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
    expect(page.locator("[data-testid=stPlotlyChart] svg").first).to_be_visible(
        timeout=4 * PATIENCE_MS
    )  # plotly is large
    assert page.locator("[data-testid=stPlotlyChart] svg path").count() > 3, "lines are drawn"
    assert seeded.broken == []


def test_a_list_is_uploaded_and_read(seeded: Seeded, page: Page) -> None:
    page.goto(f"{seeded.process.url}/attendees")
    page.get_by_text("Upload", exact=True).first.click()
    drop = page.get_by_test_id("stFileUploaderDropzoneInput").first
    drop.set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": b"Email,Name\nada.l@example.com,Ada L\n"}
    )
    expect(page.get_by_role("button", name="Import …")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible(timeout=PATIENCE_MS)
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


def test_a_hostile_mail_is_drawn_and_neither_runs_nor_fetches_anything(seeded: Seeded, page: Page) -> None:
    mail = CapturedMail(1, "mallory@example.com", "Hello", "Dear Mallory", HOSTILE)
    seeded.console.store.change_rows("", OUTBOX, lambda _: {"1": mail})
    asked_for: list[Request] = []
    page.on("request", lambda request: asked_for.append(request))
    page.goto(f"{seeded.process.url}/messages?section=Outbox")
    wait_idle(page)
    drawn = page.frame_locator("[data-testid=stIFrame]")
    expect(drawn.get_by_text("Dear Mallory")).to_be_visible(timeout=PATIENCE_MS)
    expect(drawn.get_by_text("Dear Mallory")).to_have_css("color", "rgb(16, 32, 48)")
    drawn.get_by_role("button", name="Press").click()
    page.wait_for_timeout(1500)
    address = next(each.url for each in asked_for if "/drawn-mail/" in each.url)
    assert not [each.url for each in asked_for if "tracks-you" in each.url and each.failure != "csp"]
    assert page.evaluate("window.ran") is None
    assert seeded.broken, "what it tried was refused by the frame's own policy"
    seeded.broken.clear()
    others = [seeded.session(role) for role in (Role.VIEWER, Role.FACILITATOR)]
    for cookie, status in (*zip(others, (403, 404), strict=True), ("", 401)):
        asked = httpx.get(
            address, headers={"cookie": f"{seeded.process.session_cookie}={cookie}"}, trust_env=False, timeout=300
        )
        assert asked.status_code == status


def test_a_name_that_is_markup_is_a_name_in_the_mail_too(seeded: Seeded, page: Page) -> None:
    name = "<img src=/tracks-you onerror=parent.ran=1>"
    event = seeded.console.store.event("ev-1")
    seeded.console.store.save_event(replace(event, portal_url="https://race.example.com"))
    seeded.console.store.save_attendees("ev-1", [Attendee("at-m", "mallory@example.com", name, "mallory")])
    page.goto(f"{seeded.process.url}/messages?section=Templates")
    wait_idle(page)
    drawn = page.frame_locator("[data-testid=stIFrame]")
    expect(drawn.get_by_text("onerror=parent").first).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("window.ran") is None
    assert seeded.broken == []

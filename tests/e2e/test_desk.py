"""The desk: a person is found with a key and helped with two clicks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Attendee, Event, Outcome, Profile, Quota, Role, State, Step
from deepracer_admin.store import ProfileLink
from tests.e2e.conftest import IDLE, SCREENS, watch_policy
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
LONG_MS = 180_000  # a crowded machine draws a picture in minutes, not in half a one
CLICKS = (
    "window.clicks = 0; addEventListener('click', (each) => { if (each.isTrusted && each.detail) clicks += 1 }, true)"
)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="module")
def event(seeded: Seeded) -> Event:
    """Three hundred people, a third of them with a profile, some refused."""
    made, store = an_event(seeded.console), seeded.console.store
    now = seeded.console.clock.event_now()
    people = [
        Attendee(
            f"at-{number}",
            f"racer{number}@example.com",
            f"Racer {number}",
            f"racer-{number}",
            office=("Milano", "Roma", "Torino")[number % 3],
            added_at=now,
        )
        for number in range(300)
    ]
    store.save_attendees(made.id, people)
    profiles = [
        Profile(f"pr-{n}", f"racer-{n}", f"racer{n}@example.com", minutes_used=3.0 * n, quota=Quota(300, 3))
        for n in range(100)
    ]
    store.save_profiles(made.id, profiles, seen_at=now, lease=None)
    store.link(made.id, [ProfileLink(f"at-{n}", f"pr-{n}", "created", now) for n in range(100)])
    seeded.console.history.add_usage(made.id, now - timedelta(minutes=30), profiles)
    seeded.console.history.add_usage(made.id, now, profiles)
    done = [Outcome(f"at-{n}", step, State.DONE) for n in range(100) for step in (Step.PROFILE, Step.ACCESS)]
    stuck = [Outcome(f"at-{n}", Step.PROFILE, State.REFUSED, "few", "A mailbox is missing.") for n in range(200, 217)]
    store.record(made.id, [*done, *stuck], lease=None, now=now)
    store.save_event(Event(**{**_fields(made), "id": "ev-2", "name": "Winter Cup"}))
    return made


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def picture(page: Page, name: str) -> None:
    """Light, as the window is; people look at it."""
    SCREENS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}-1440x900.png", timeout=LONG_MS)


def window(seeded: Seeded, browser: Browser, role: Role, path: str) -> Page:
    """Patient from the first load on."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(LONG_MS)
    context.set_default_navigation_timeout(LONG_MS)
    cookie = {"name": seeded.process.session_cookie, "value": seeded.session(role), "url": seeded.process.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    watch_policy(context, seeded.broken)
    page = context.new_page()
    page.goto(f"{seeded.process.url}{path}")
    page.wait_for_selector(IDLE, timeout=LONG_MS)
    return page


def clicks(page: Page) -> int:
    return int(page.evaluate("window.clicks"))


def listening(page: Page) -> None:
    """Until the key does something: the frame's button is drawn, and the script of the keys has come.

    A loop from outside: the page's own policy refuses a condition that is evaluated inside it.
    """
    expect(page.get_by_role("button", name="Find a person")).to_be_visible(timeout=LONG_MS)
    for _ in range(LONG_MS // 100):
        if page.evaluate("Boolean(window.deepracerKeys)"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the script of the keys never came")


def test_a_person_is_found_with_a_key_and_helped_with_two_clicks(
    seeded: Seeded, event: Event, browser: Browser
) -> None:
    page = window(seeded, browser, Role.FACILITATOR, "/races")
    page.evaluate(CLICKS)
    listening(page)
    page.keyboard.press("/")
    field = page.get_by_label("Name, address or racer name")
    expect(field).to_be_focused(timeout=LONG_MS)
    page.keyboard.type("racer 20", delay=30)
    found = page.get_by_role("dialog").get_by_role("button", name="Racer 205")
    found.click()
    expect(
        page.get_by_role("dialog").get_by_text("A mailbox is missing").or_(page.get_by_text("racer name racer-205"))
    ).to_be_visible(timeout=LONG_MS)
    page.wait_for_selector(IDLE, timeout=LONG_MS)
    picture(page, "desk-card")
    page.get_by_role("dialog").get_by_role("button", name="Retry this person").click()
    expect(page.get_by_text("Racer 205: 1 step put back to the start.").first).to_be_visible(timeout=LONG_MS)
    print(f"\nhelping a found person: {clicks(page)} clicks")
    assert clicks(page) <= 2
    assert "racer" not in page.url.lower()
    assert "at-205" not in page.url

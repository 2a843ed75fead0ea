"""Two tabs of one browser: signed out in the second, pressed in the first. Nothing is done, and a sentence says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from deepracer_admin.model import Actor, Attendee, Event, Profile, Quota, Race, RaceDraft, Role
from deepracer_admin.store import ProfileLink
from tests.e2e.conftest import PATIENCE_MS, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e

ENDED = "Your session has ended"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="module")
def event(seeded: Seeded) -> Event:
    """One person with a profile on the list, and a link to the big screen's totals."""
    console, made = seeded.console, an_event(seeded.console)
    now = console.clock.now()
    person = Attendee(id="at-1", email="ada@example.com", name="Ada", alias="ada", added_at=now, source="job-0")
    console.store.save_attendees(made.id, [person])
    profile = Profile(id="pr-1", alias="ada", email="ada@example.com", minutes_used=30.0, quota=Quota(300, 3))
    console.store.save_profiles(made.id, [profile], seen_at=now, lease=None)
    console.store.link(made.id, [ProfileLink("at-1", "pr-1", "created", now)])
    console.history.add_usage(made.id, now - timedelta(minutes=5), [profile])
    return made


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).filter(visible=True).last.click()
    page.wait_for_timeout(300)


def ended(page: Page) -> Locator:
    return page.get_by_text(ENDED).filter(visible=True).first


def press_unless_ended(page: Page, name: str) -> None:
    """The button of a tab that was signed out elsewhere, unless the page has noticed by itself and offers none."""
    button = page.get_by_role("button", name=name, exact=True).filter(visible=True).last
    expect(button.or_(ended(page)).first).to_be_visible(timeout=PATIENCE_MS)
    if button.count():
        button.click()


def typed(page: Page, label: str, value: str) -> None:
    box = page.get_by_label(label).filter(visible=True).last
    box.fill(value)
    box.blur()
    wait_idle(page)


def open_erasure(page: Page) -> None:
    page.get_by_test_id("stDataFrame").first.click(position={"x": 65, "y": 55})  # their name
    drawer = page.get_by_role("dialog")
    expect(drawer).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    drawer.get_by_role("tab", name="Their data").click()
    wait_idle(page)
    typed(page, "Type their address to erase them", "ada@example.com")


def open_closing(page: Page) -> None:
    press(page, "Close the event …")
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    typed(page, "Type the event's name to go on", "Autumn Cup")


def open_quota(page: Page) -> None:
    page.get_by_test_id("stDataFrame").last.click(position={"x": 15, "y": 55})
    wait_idle(page)
    typed(page, "Training hours each", "7")
    press(page, "Set this quota …")
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)


def open_sponsorship(page: Page) -> None:
    page.get_by_role("tab", name="Sponsorship").click()
    press(page, "Open sponsorship")
    expect(page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)


@pytest.mark.parametrize(
    ("address", "prepare", "button"),
    [
        ("/attendees", open_erasure, "Erase for good"),
        ("/closeout", open_closing, "Close the event"),
        ("/usage", open_quota, "Set the quota"),
        ("/setup", open_sponsorship, "Open sponsorship"),
    ],
    ids=["erase", "close", "quota", "sponsorship"],
)
def test_a_dialog_of_a_signed_out_tab_does_nothing_and_says_why(
    seeded: Seeded, event: Event, browser: Browser, address: str, prepare: Callable[[Page], None], button: str
) -> None:
    first = seeded.window(browser, seeded.session(Role.ORGANIZER), path=address)
    prepare(first)
    sign_out_in_a_second_tab(seeded, first)
    store = seeded.console.store
    seen = store.audit(limit=1)
    press_unless_ended(first, button)
    expect(ended(first)).to_be_visible(timeout=PATIENCE_MS)
    assert [person.id for person in store.attendees(event.id)] == ["at-1"]
    assert store.jobs(event.id) == []
    assert not [row for row in store.audit(limit=10) if row.allowed and row not in seen]


def test_the_list_is_not_exported_for_a_signed_out_tab(seeded: Seeded, event: Event, browser: Browser) -> None:
    first = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    loaded: list[object] = []
    first.on("download", lambda download: loaded.append(download))
    sign_out_in_a_second_tab(seeded, first)
    press_unless_ended(first, "Export the list (CSV)")
    first.wait_for_timeout(2_000)
    assert loaded == []
    assert not [row for row in seeded.console.store.audit(limit=10) if row.action == "attendees.export" and row.allowed]


def test_a_link_is_not_withdrawn_by_a_signed_out_tab(seeded: Seeded, event: Event, browser: Browser) -> None:
    store, now = seeded.console.store, seeded.console.clock.event_now()
    store.save_event(replace(event, public_url="https://boards.example.com"))
    store.save_races(
        event.id, [Race("r-1", RaceDraft("Cup", "t-1", now, now + timedelta(hours=8)))], seen_at=now, lease=None
    )
    boards = seeded.console.of(event.id).boards
    maker = Actor(oid="oid-maker", tid="t", name="Maker", roles=frozenset({Role.ORGANIZER}))
    boards.make_link(maker, "r-1", scene="board", hours=12)
    first = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/leaderboard")
    links = first.get_by_test_id("stDataFrame").last
    links.scroll_into_view_if_needed()
    wait_idle(first)
    links.click(position={"x": 15, "y": 55})
    press(first, "Withdraw this link …")
    expect(first.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(first)
    sign_out_in_a_second_tab(seeded, first)
    press_unless_ended(first, "Withdraw it")
    expect(ended(first)).to_be_visible(timeout=PATIENCE_MS)
    assert [link.revoked for link in boards.links(maker)] == [False]


def test_a_tab_signed_out_while_it_loads_a_part_of_the_front_end_gets_it(
    seeded: Seeded, event: Event, browser: Browser
) -> None:
    first = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/event")
    held: list[Route] = []
    gone: list[bool] = []

    def hold(route: Route) -> None:
        if gone:
            route.continue_()
        else:
            held.append(route)

    first.route("**/static/js/DataFrame.*.js", hold)
    first.goto(f"{seeded.process.url}/attendees")
    export = first.get_by_role("button", name="Export the list (CSV)", exact=True)
    expect(export).to_be_visible(timeout=PATIENCE_MS)
    assert held, "the table is drawn by a part that this page had already"
    sign_out_in_a_second_tab(seeded, first)
    gone.append(True)
    for route in held:
        route.continue_()
    expect(first.get_by_test_id("stDataFrame").first.or_(ended(first)).first).to_be_visible(timeout=PATIENCE_MS)
    expect(first.get_by_text("Failed to fetch")).to_have_count(0)


def sign_out_in_a_second_tab(seeded: Seeded, first: Page) -> None:
    second = first.context.new_page()
    second.goto(f"{seeded.process.url}/signin/out")
    second.get_by_role("button", name="Sign out").click()
    second.wait_for_url("**/signin")
    second.close()
    first.bring_to_front()

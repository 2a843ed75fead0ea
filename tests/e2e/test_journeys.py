"""One event in a real browser, from the first name to the last access removed, with everybody who has a part in it.

The tests of this module are the chapters of one story and run in order, on one console and one practice world: an
organizer sets up, brings people in and lets them race; a facilitator, a viewer and somebody without a sign-in come
by; the organizer closes. With `E2E_PICTURES=1`, `screenshots/` holds every screen afterwards.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from deepracer_admin.verify_command import verify
from tests.e2e.conftest import (
    PATIENCE_MS,
    Site,
    fill,
    folder,
    no_trouble,
    open_page,
    picture,
    press,
    signed_in,
    wait_idle,
)

pytestmark = pytest.mark.e2e
EVENT = "Autumn Cup"
RACE = "Autumn Final"
PEOPLE = 24
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def organizer(visit: Visit) -> Page:
    """The organizer's window, open through the whole story."""
    return visit("organizer", path="/setup")


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What one chapter leaves to the next."""
    return {}


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    wait_idle(page)


def choose(page: Page, name: str) -> None:
    """One of several segments."""
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_test_id("stButtonGroup").get_by_role("button", name=name, exact=True)
    ).first.click()
    wait_idle(page)


def dialog(page: Page) -> Locator:
    shown = page.get_by_role("dialog")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    return shown


def seen(page: Page, text: str | re.Pattern[str], *, within_s: float = 180) -> None:
    """Comes into sight by itself, as live parts refresh."""
    expect(page.get_by_test_id("stMain").get_by_text(text).filter(visible=True).first).to_be_visible(
        timeout=within_s * 1000
    )


def metric(page: Page, label: str) -> str:
    found = page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")
    return found.first.inner_text()


# ------------------------------------------------------------------------------------------------- the organizer


def test_01_an_event_is_created_from_a_template_in_seconds(organizer: Page) -> None:
    began = time.monotonic()
    fill(organizer, "Name", EVENT)
    fill(organizer, "Head-count", str(PEOPLE + 1))
    press(organizer, "Create the event")
    expect(organizer.get_by_role("tab", name="Pre-flight")).to_be_visible()
    assert time.monotonic() - began < 120, "under two minutes, with hands as slow as these"
    picture(organizer, "setup")


def test_02_the_connect_check_asks_every_service(organizer: Page) -> None:
    tab(organizer, "Pre-flight")
    press(organizer, "Run the pre-flight")
    for line in ("New profiles get a limit", "The store is copied", "Ready, with points to look at"):
        seen(organizer, line)
    no_trouble(organizer)
    picture(organizer, "setup-check")


def test_03_sponsorship_opens_and_is_read_back(organizer: Page) -> None:
    tab(organizer, "Sponsorship")
    press(organizer, "Open sponsorship")
    press(dialog(organizer), "Open sponsorship")
    seen(organizer, "now open")
    picture(organizer, "setup-sponsorship")


def test_04_an_hr_list_of_two_thousand_is_understood(organizer: Page) -> None:
    open_page(organizer, "Attendees")
    choose(organizer, "Upload")
    chooser = organizer.get_by_test_id("stFileUploaderDropzoneInput")
    chooser.set_input_files(folder("rosters") / "hr-2000.csv")
    seen(organizer, re.compile("hr-2000.csv: "))
    wait_idle(organizer)
    assert metric(organizer, "New") == "2,000"
    assert metric(organizer, "Service refuses") == "117"
    picture(organizer, "attendees-dry-run")


def test_05_a_list_with_mistakes_is_imported_without_them(
    organizer: Page, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    open_page(organizer, "Attendees")
    choose(organizer, "Upload")
    lines = site.world.control("GET", "people.csv", n=PEOPLE, seed=1).splitlines()
    at = next(place for place, name in enumerate(lines[0].split(",")) if "mail" in name.lower())
    bad = lines[2].split(",")
    bad[at] = "nobody at all"
    file = tmp_path_factory.mktemp("lists") / "people.csv"
    file.write_text("\n".join([*lines, lines[1], ",".join(bad)]), "utf-8")
    organizer.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    seen(organizer, re.compile("people.csv: "))
    wait_idle(organizer)
    assert [metric(organizer, name) for name in ("New", "Duplicate", "Rejected")] == [str(PEOPLE), "1", "1"]
    press(organizer, "Import …")
    press(dialog(organizer), "Import")
    choose(organizer, "The list")
    no_trouble(organizer)
    seen(organizer, re.compile(rf"\b{PEOPLE}\b"))
    picture(organizer, "attendees")


def test_06_a_race_is_created_and_has_a_link_and_a_code(organizer: Page, site: Site) -> None:
    open_page(organizer, "Races")
    fill(organizer, "Name", RACE)
    press(organizer, "Create the race")
    made(lambda: bool(site.world.truth()["races"]))
    look_again(organizer, "Races")
    choose_row(organizer, 0)
    seen(organizer, RACE)
    picture(organizer, "races")


def choose_row(page: Page, row: int) -> None:
    """Tick a row of the first table; Streamlit draws tables on a canvas, so by place."""
    table = page.get_by_test_id("stDataFrame").filter(visible=True).first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 34 + 17 + 34 * row)
    wait_idle(page)


def made(what: Callable[[], bool], *, within_s: float = 180) -> None:
    """Until the practice world has seen it happen."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "the worker did not get there"
        time.sleep(0.3)


def look_again(page: Page, title: str) -> None:
    """Away and back."""
    open_page(page, "Audit" if title == "Event" else "Event")
    open_page(page, title)
    no_trouble(page)


def test_07_onboarding_gives_everybody_access_and_their_mail(organizer: Page, site: Site) -> None:
    open_page(organizer, "Onboarding")
    press(organizer, "Start onboarding")
    deadline = time.monotonic() + 90
    while site.world.truth()["mails_sent"] < PEOPLE and time.monotonic() < deadline:
        organizer.wait_for_timeout(500)
    truth = site.world.truth()
    assert (truth["profiles"], truth["mails_sent"], truth["mails_duplicate"]) == (PEOPLE, PEOPLE, 0)
    no_trouble(organizer)
    picture(organizer, "onboarding", after_ms=3000)


def test_08_the_outbox_holds_each_mail_with_its_link(organizer: Page) -> None:
    open_page(organizer, "Messages")
    picture(organizer, "messages")
    for section in ("Templates", "Every mail", "Outbox"):
        choose(organizer, section)
        no_trouble(organizer)
        picture(organizer, f"messages-{section.lower()}")


def test_09_racers_train_and_the_usage_moves(organizer: Page, site: Site) -> None:
    site.world.control("POST", "clock", {"speed": 600})
    made(lambda: site.world.truth()["hours"] > 8 and site.world.truth()["rankings"] >= PEOPLE // 2, within_s=90)
    site.world.control("POST", "clock", {"speed": 60})
    open_page(organizer, "Usage")
    seen(organizer, re.compile(r"as of .*racing service"))
    organizer.wait_for_timeout(3000)
    look_again(organizer, "Usage")
    assert metric(organizer, "Training").strip() not in ("", "0 h", "0.0 h")
    picture(organizer, "usage")


def test_10_the_leaderboard_ranks_them_and_a_link_shows_it(organizer: Page, told: dict[str, Any]) -> None:
    open_page(organizer, "Leaderboard")
    press(organizer, "Make a link")
    address = organizer.get_by_test_id("stCode").filter(has_text=re.compile(r"http://127\.0\.0\.1:\d+/live/")).first
    expect(address).to_be_visible(timeout=PATIENCE_MS)
    found = re.search(r"http://127\.0\.0\.1:\d+/live/\S+", address.inner_text())
    assert found
    told["live"] = found.group()
    no_trouble(organizer)
    picture(organizer, "leaderboard")
    open_page(organizer, "Event")
    picture(organizer, "event", after_ms=2500)


# ------------------------------------------------------------------------------------------ others with a part in it


def test_11_a_facilitator_is_refused_what_is_not_theirs(visit: Visit, site: Site) -> None:
    page = visit("facilitator")
    menu = page.get_by_test_id("stSidebar")
    for mine in ("Event", "Attendees", "Onboarding", "Messages", "Races", "Usage", "Leaderboard"):
        expect(menu.get_by_role("link", name=mine, exact=True)).to_be_visible(timeout=PATIENCE_MS)
    for address, words in (("setup", "see the set-up"), ("closeout", "see the close-out"), ("audit", "see the audit")):
        expect(menu.locator(f"a[href^={address}]")).to_have_count(0)
        page.goto(f"{site.url}/{address}")
        wait_idle(page)
        seen(page, f"You may not {words}: that needs the role Organizer")
    page.goto(f"{site.url}/onboarding")
    wait_idle(page)
    expect(page.locator(".st-key-onboarding-pause")).to_have_count(0)
    open_page(page, "Attendees")
    expect(page.get_by_text("Export the list")).to_have_count(0)
    picture(page, "facilitator-attendees")
    open_page(page, "Onboarding")
    no_trouble(page)
    picture(page, "facilitator-onboarding")


def test_12_a_viewer_sees_boards_and_totals_and_no_person(visit: Visit, site: Site) -> None:
    page = visit("viewer")
    menu = page.get_by_test_id("stSidebar")
    expect(menu.get_by_test_id("stPageLink-NavLink")).to_have_count(4)
    open_page(page, "Usage")
    no_trouble(page)
    expect(page.get_by_text("Profiles", exact=True)).to_have_count(0)
    picture(page, "viewer-usage")
    open_page(page, "Leaderboard")
    no_trouble(page)
    expect(page.get_by_role("button", name="Make a link")).to_have_count(0)
    expect(page.get_by_text("@example.com")).to_have_count(0)
    picture(page, "viewer-leaderboard")
    page.goto(f"{site.url}/attendees")
    wait_idle(page)
    seen(page, "You may not see the attendee list")


def test_13_the_big_screen_needs_no_sign_in_and_cannot_be_forged(visit: Visit, told: dict[str, Any]) -> None:
    page = visit(size="1920x1080")
    answer = page.goto(told["live"])
    assert answer
    assert answer.status == 200
    expect(page.get_by_text(RACE).first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(2500)
    assert "@example.com" not in page.content()
    picture(page, "live")
    link = told["live"].rstrip("/")
    forged = link[:-1] + ("a" if link[-1] != "a" else "b")
    assert httpx.get(forged, trust_env=False, timeout=300).status_code == 403


def test_14_signing_out_ends_the_other_tab_too(visit: Visit, site: Site) -> None:
    first = visit("viewer")
    second = first.context.new_page()
    second.goto(site.url)
    wait_idle(second)
    first.get_by_role("link", name="Sign out").click()
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_role("link", name="Sign in with Microsoft Entra ID")).to_be_visible()
    expect(second.get_by_text("Your session has ended").first).to_be_visible(timeout=30_000)
    signed_in(first, site, "viewer")


# -------------------------------------------------------------------------------------------------------- the end


def test_15_the_event_closes_and_nobody_can_sign_in_any_more(organizer: Page, site: Site) -> None:
    open_page(organizer, "Close")
    picture(organizer, "closeout-before")
    press(organizer, re.compile("Close the event …"))
    asked = dialog(organizer)
    go = asked.get_by_role("button", name="Close the event", exact=True)
    expect(go).to_be_disabled()
    typed = asked.get_by_role("textbox")
    typed.fill(EVENT)
    typed.blur()
    expect(go).to_be_enabled(timeout=PATIENCE_MS)
    go.click()
    made(lambda: not site.world.truth()["can_sign_in"] and not site.world.truth()["in_group"], within_s=120)
    deadline = time.monotonic() + 60
    closed = organizer.get_by_text(re.compile("^Closed on"))
    while not closed.count() and time.monotonic() < deadline:
        look_again(organizer, "Close")
    expect(closed).to_be_visible()
    picture(organizer, "closeout-after")
    with organizer.expect_download() as download:
        organizer.get_by_role("button", name="Certificate (JSON)").click()
    found = verify(Path(download.value.path()).read_bytes())
    assert (found["whole"], found["changes"]) == (True, [])
    assert found["verdict"]["colour"] != "red"


def test_16_the_audit_holds_every_act_and_its_chain(organizer: Page) -> None:
    open_page(organizer, "Audit")
    no_trouble(organizer)
    seen(organizer, re.compile("Chain verified"))
    picture(organizer, "audit")

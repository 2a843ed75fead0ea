"""The first ten minutes of README.md, followed by somebody who reads nothing else: what stands there in italics is what
they press, in its order; what stands there in bold is the page or part on which they are.

The steps are one story and run in order. A word of README that is on no screen fails here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console_process import ROOT
from tests.e2e.conftest import PATIENCE_MS, Site, fill, no_trouble, open_page, wait_idle
from tests.e2e.test_journeys import choose_row, dialog, look_again, seen

pytestmark = pytest.mark.e2e
README = (ROOT / "README.md").read_text("utf-8")
TEN_MINUTES = README.partition("## A rehearsal, in ten minutes")[2].partition("\n## ")[0]
STEPS = {
    int(number): re.sub(r"\s+", " ", text)
    for number, text in re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^\S|\Z)", TEN_MINUTES, re.MULTILINE | re.DOTALL)
}
EVENT = "Ten Minutes"
LONG_S = 600.0
Visit = Callable[..., Page]


def pages(step: int) -> list[str]:
    return re.findall(r"\*\*(.+?)\*\*", STEPS[step])


def presses(step: int) -> list[str]:
    return re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", STEPS[step])


@pytest.fixture(scope="module")
def page(visit: Visit, site: Site) -> Page:
    opened = visit()
    opened.goto(site.url)
    return opened


def choose(page: Page, name: str) -> None:
    """Press whatever is called so: a button, a segment, a part."""
    main = page.get_by_test_id("stMain")
    found = (
        main.get_by_role("button", name=name, exact=True)
        .or_(main.get_by_role("radio", name=name, exact=True))
        .or_(main.get_by_role("tab", name=name, exact=True))
    )
    found.filter(visible=True).first.click()
    wait_idle(page)


def until(page: Page, what: Callable[[], bool], *, within_s: float = LONG_S) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        page.wait_for_timeout(500)
    no_trouble(page)


def test_the_steps_are_nine() -> None:
    assert [*STEPS] == [*range(1, 10)]


def test_1_sign_in_as_olivia_without_a_password(page: Page) -> None:
    assert "Olivia Organizer" in STEPS[1]
    page.get_by_role("link", name="Sign in with Microsoft Entra ID").click()
    for name in ("Olivia Organizer", "acilitator", "iewer"):
        expect(page.get_by_text(re.compile(name)).first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name=re.compile("Olivia Organizer")).click()
    wait_idle(page)
    no_trouble(page)


def test_2_the_event_its_pre_flight_and_its_sponsorship(page: Page) -> None:
    assert [page_.lower() for page_ in pages(2)] == ["set up", "pre-flight", "sponsorship"]
    pattern, create = presses(2)
    open_page(page, pages(2)[0])
    choose(page, pattern)
    fill(page, "Name", EVENT)
    choose(page, create)
    choose(page, "Run the pre-flight")
    seen(page, re.compile("Ready"), within_s=LONG_S)
    page.get_by_role("tab", name="Sponsorship").click()
    wait_idle(page)
    choose(page, "Open sponsorship")
    dialog(page).get_by_role("button", name="Open sponsorship").click()
    seen(page, "now open", within_s=LONG_S)


def test_3_a_hard_list_is_read_and_imported(page: Page) -> None:
    assert pages(3)[0] == "Attendees"
    named = re.search(r"`(tests/data/rosters/[\w.-]+)`", STEPS[3])
    assert named
    upload, imports, *rest = presses(3)
    open_page(page, "Attendees")
    choose(page, upload)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(ROOT / named.group(1))
    for word in ("New", "Changed", "Same", "Duplicate", "Rejected"):
        expect(page.get_by_test_id("stMetric").filter(has_text=word).first).to_be_visible(timeout=PATIENCE_MS * 4)
    choose(page, f"{imports} …")
    dialog(page).get_by_role("button", name=imports, exact=True).click()
    seen(page, re.compile("Imported: "), within_s=LONG_S)
    for name in rest:  # the portal, for those who come by themselves
        choose(page, name)
    no_trouble(page)


def test_4_a_race_with_its_link(page: Page, site: Site) -> None:
    assert pages(4) == ["Races"]
    [create] = presses(4)
    open_page(page, "Races")
    fill(page, "Name", "First race")
    choose(page, create)
    until(page, lambda: site.world.truth()["races"] == 1)
    look_again(page, "Races")
    choose_row(page, 0)
    seen(page, re.compile("First race"), within_s=LONG_S)


def test_5_onboarding_gives_access_and_mail(page: Page, site: Site) -> None:
    assert pages(5) == ["Onboarding"]
    [start] = presses(5)
    open_page(page, "Onboarding")
    page.get_by_role("button", name=re.compile(f"^{start}")).first.click()
    wait_idle(page)
    until(page, lambda: site.world.truth()["mails_sent"] > 20)


def test_6_the_mails_as_each_person_gets_them(page: Page) -> None:
    assert pages(6) == ["Messages"]
    [outbox] = presses(6)
    open_page(page, "Messages")
    choose(page, outbox)
    no_trouble(page)


def test_7_usage_the_board_and_the_big_screen_fill(page: Page, site: Site) -> None:
    assert pages(7) == ["Usage", "Leaderboard"]
    assert "--speed 600" in STEPS[7]
    [make] = presses(7)
    site.world.control("POST", "clock", {"speed": 600})
    until(page, lambda: site.world.truth()["hours"] > 1 and site.world.truth()["rankings"] > 0)
    open_page(page, "Usage")
    seen(page, re.compile(r"as of .*racing service"), within_s=LONG_S)
    open_page(page, "Leaderboard")
    choose(page, make)
    link = page.get_by_test_id("stCode").filter(has_text=re.compile("/live/")).first
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    wall = page.context.new_page()
    wall.goto(link.inner_text().strip())
    expect(wall.locator("#asof")).to_contain_text("as of", timeout=PATIENCE_MS)
    wall.close()


def test_8_the_close_by_the_events_name(page: Page) -> None:
    assert pages(8) == ["Close", "Audit"]
    open_page(page, "Close")
    page.get_by_role("button", name=re.compile("Close the event …")).click()
    asked = dialog(page)
    asked.get_by_role("textbox").fill(EVENT)
    asked.get_by_role("textbox").blur()
    go = asked.get_by_role("button", name="Close the event", exact=True)
    expect(go).to_be_enabled(timeout=PATIENCE_MS)
    go.click()
    seen(page, re.compile("Closing has begun"), within_s=LONG_S)
    open_page(page, "Audit")
    seen(page, re.compile("Chain verified"), within_s=LONG_S)


def test_9_the_report_and_anybodys_card(page: Page) -> None:
    assert pages(9) == ["Report", "Find a person"]
    open_page(page, "Report")
    no_trouble(page)
    page.locator("body").press("/")
    expect(page.get_by_label("Name, address or racer name")).to_be_visible(timeout=PATIENCE_MS)

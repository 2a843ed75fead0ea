"""An event on the managed service in a browser: connect, the mode and its read-back, the directory's cycle, who may
enter a race, and the close-out that waits until Identity Center lists nobody any more. Chapters of one story, in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PATIENCE_MS, Site, fill, no_trouble, open_page, pick, picture, press, wait_idle
from tests.e2e.test_journeys import choose, choose_row, dialog, look_again, made, seen, tab

pytestmark = pytest.mark.e2e
EVENT = "Managed Cup"
RACE = "Managed Final"
PEOPLE = 12
AT_ONCE = {"every_s": 60, "initial_least_s": 0, "initial_per_object_s": 1}  # practice seconds of a directory's cycle


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


def test_01_the_managed_service_is_chosen_with_the_word_that_it_is_closed(organizer: Page) -> None:
    fill(organizer, "Name", EVENT)
    pick(organizer, "Racing service", re.compile("multi-user mode"))
    seen(organizer, re.compile("AWS closed the managed service"))
    press(organizer, "Create the event")
    expect(organizer.get_by_role("tab", name="Pre-flight")).to_be_visible(timeout=PATIENCE_MS)


def test_02_the_check_connects_and_shows_what_the_service_can_do(organizer: Page) -> None:
    tab(organizer, "Pre-flight")
    press(organizer, "Run the pre-flight")
    seen(organizer, re.compile(r"AWS DeepRacer \(managed\)"))
    seen(organizer, "has a multi-user mode")
    no_trouble(organizer)
    picture(organizer, "setup-managed-check")


def test_03_multi_user_mode_is_turned_on_and_off_and_read_back(organizer: Page) -> None:
    tab(organizer, "Sponsorship")
    press(organizer, "Turn on multi-user mode")
    press(dialog(organizer), "Turn on multi-user mode")
    seen(organizer, "now on")
    picture(organizer, "setup-managed-mode")
    press(organizer, "Turn off multi-user mode …")
    shown = dialog(organizer)
    field = shown.get_by_role("textbox").first
    field.fill(EVENT)
    field.blur()
    press(shown, "Turn off multi-user mode")
    seen(organizer, "now off")
    no_trouble(organizer)


def test_04_racers_come_in_with_the_directorys_cycle(organizer: Page, site: Site, tmp_path: Path) -> None:
    press(organizer, "Turn on multi-user mode")
    press(dialog(organizer), "Turn on multi-user mode")
    seen(organizer, "now on")
    open_page(organizer, "Attendees")
    choose(organizer, "Upload")
    file = tmp_path / "people.csv"
    file.write_text(site.world.control("GET", "people.csv", n=PEOPLE, seed=1), "utf-8")
    organizer.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    seen(organizer, re.compile("people.csv: "))
    press(organizer, "Import …")
    press(dialog(organizer), "Import")
    quarantine = site.world.arm("identity-center", "quarantine")
    open_page(organizer, "Onboarding")
    press(organizer, "Start onboarding")
    made(lambda: site.world.truth()["in_group"] == PEOPLE)
    seen(organizer, re.compile("limit in force: the directory's cycle"))
    picture(organizer, "onboarding-managed-waits")
    assert site.world.truth()["mails_sent"] == 0
    site.world.disarm(quarantine)
    site.world.arm("identity-center", "cycle", params=AT_ONCE)
    site.world.control("POST", "fleet", {"ignoring": 0, "accept_median": 1})
    site.world.control("POST", "clock", {"speed": 60})
    made(lambda: site.world.truth()["mails_sent"] == PEOPLE, within_s=120)
    made(lambda: site.world.truth()["managed"]["users"] == PEOPLE, within_s=120)
    no_trouble(organizer)


def test_05_a_race_says_who_may_enter_and_its_link_is_replaced(organizer: Page, site: Site) -> None:
    site.world.control("POST", "clock", {"speed": 1})
    open_page(organizer, "Races")
    fill(organizer, "Name", RACE)
    press(organizer, "Create the race")
    made(lambda: site.world.truth()["managed"]["races"] == 1)
    look_again(organizer, "Races")
    choose_row(organizer, 0)
    seen(organizer, "Who may enter")
    choose(organizer, f"Not on it ({PEOPLE})")
    picture(organizer, "races-managed-outside")
    press(organizer, f"Let all {PEOPLE} in …")
    press(dialog(organizer), "Let them in")
    seen(organizer, re.compile(rf"On the list \({PEOPLE}\)"))
    choose(organizer, f"On the list ({PEOPLE})")
    no_trouble(organizer)
    picture(organizer, "races-managed-participants")
    before = organizer.get_by_text(re.compile("#raceToken/")).first.inner_text()
    press(organizer, re.compile("New share link …"))
    shown = dialog(organizer)
    picture(organizer, "races-managed-new-link")
    press(shown, "Make the new link")
    after = organizer.get_by_text(re.compile("#raceToken/")).first
    expect(after).not_to_have_text(before, timeout=PATIENCE_MS)
    no_trouble(organizer)


def test_06_closing_waits_for_the_cycle_and_leaves_nobody(organizer: Page, site: Site) -> None:
    site.world.disarm()
    site.world.control("POST", "clock", {"speed": 60})
    site.world.advance(3600)
    open_page(organizer, "Close")
    picture(organizer, "closeout-managed-before")
    press(organizer, re.compile("Close the event …"))
    asked = dialog(organizer)
    picture(organizer, "closeout-managed-asks")
    typed = asked.get_by_role("textbox")
    typed.fill(EVENT)
    typed.blur()
    go = asked.get_by_role("button", name="Close the event", exact=True)
    expect(go).to_be_enabled(timeout=PATIENCE_MS)
    go.click()
    quarantine = site.world.arm("identity-center", "quarantine")
    seen(organizer, re.compile("IAM Identity Center still lists"), within_s=120)
    wait_idle(organizer)
    picture(organizer, "closeout-managed-waits")
    site.world.disarm(quarantine)
    closed = organizer.get_by_text(re.compile("^Closed on"))
    expect(closed).to_be_visible(timeout=120_000)
    picture(organizer, "closeout-managed-after")
    truth = site.world.truth()
    assert (truth["in_group"], truth["identity_center"]["members"]) == (0, 0)
    assert (truth["managed"]["models"], truth["managed"]["multi_user_mode"]) == (0, False)
    no_trouble(organizer)

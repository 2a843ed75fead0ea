"""Two thousand people are taken in while the directory is away, until the page has said so, in one browser window.

The chapters run in order on one console and one practice world. Nobody touches the console between *Start onboarding*
and the end: what moves on the page moves by itself, and so does the recovery.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site, fill, folder, no_trouble, open_page, picture, press, wait_idle
from tests.e2e.test_journeys import choose, dialog, metric, seen, tab

pytestmark = pytest.mark.e2e
EVENT = "Outage Cup"
ON_THE_LIST, REFUSED = 2000, 117
TAKEN_IN = ON_THE_LIST - REFUSED
OUTAGE_S = 20  # at least
AWAY = re.compile("The directory (does not answer|cannot be reached)")
BY_ITSELF = re.compile("It is tried again by itself until it works")


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


def number(page: Page, label: str) -> int:
    """A metric as it stands now; the live part may be drawn anew this moment, so its text is asked for in one go."""
    return int(metric(page, label).replace(",", "") or 0)


def until(page: Page, what: Callable[[], bool], why: str, *, within_s: float) -> None:
    """Look every half second without touching the page."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why
        page.wait_for_timeout(500)


def test_01_the_event_exists_and_sponsorship_is_open(organizer: Page) -> None:
    fill(organizer, "Name", EVENT)
    fill(organizer, "Head-count", str(ON_THE_LIST))
    press(organizer, "Create the event")
    expect(organizer.get_by_role("tab", name="Pre-flight")).to_be_visible()
    tab(organizer, "Sponsorship")
    press(organizer, "Open sponsorship")
    press(dialog(organizer), "Open sponsorship")
    seen(organizer, "now open")


def test_02_the_dry_run_marks_whom_the_service_refuses_and_the_import_takes_all(organizer: Page) -> None:
    open_page(organizer, "Attendees")
    choose(organizer, "Upload")
    organizer.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(folder("rosters") / "hr-2000.csv")
    seen(organizer, re.compile("hr-2000.csv: "))
    wait_idle(organizer)
    assert [metric(organizer, name) for name in ("New", "Service refuses")] == [f"{ON_THE_LIST:,}", str(REFUSED)]
    picture(organizer, "outage-1-dry-run")
    press(organizer, "Import …")
    press(dialog(organizer), "Import")
    choose(organizer, "The list")
    no_trouble(organizer)


def test_03_the_funnel_moves_without_a_reload(organizer: Page, site: Site) -> None:
    site.world.arm("ses", "quota", params={"max_24h": -1, "rate": 100})
    site.world.arm("graph", "latency", params={"ms": 250})  # a directory far away: the group takes half a minute
    open_page(organizer, "Onboarding")
    press(organizer, "Start onboarding")
    organizer.evaluate("window.notReloaded = true")
    until(organizer, lambda: number(organizer, "Have their mail") > 0, "nobody was mailed", within_s=60)
    first = number(organizer, "Have their mail")
    until(organizer, lambda: number(organizer, "Have their mail") > first, "the funnel stood still", within_s=120)
    picture(organizer, "outage-2-in-motion")


def test_04_an_outage_of_the_directory_is_told_in_a_sentence(organizer: Page, site: Site) -> None:
    assert site.world.truth()["in_group"] < ON_THE_LIST, "the outage came too late to interrupt anything"
    began, mailed = time.monotonic(), number(organizer, "Have their mail")
    faults = [site.world.arm(service, "down") for service in ("entra", "graph")]
    seen(organizer, AWAY)
    seen(organizer, BY_ITSELF, within_s=5)
    picture(organizer, "outage-3-sentence")
    until(
        organizer,
        lambda: number(organizer, "Have their mail") > mailed,
        "who needs no directory goes on meanwhile",
        within_s=60,
    )
    organizer.wait_for_timeout(max(0.0, OUTAGE_S - (time.monotonic() - began)) * 1000)
    for fault in faults:
        site.world.disarm(fault)


def test_05_it_goes_on_by_itself_and_everybody_is_through_once(organizer: Page, site: Site) -> None:
    expect(organizer.get_by_test_id("stMain").get_by_text(AWAY)).to_have_count(0, timeout=90_000)
    until(
        organizer,
        lambda: site.world.truth()["mails_sent"] >= TAKEN_IN and site.world.truth()["in_group"] >= ON_THE_LIST,
        "not everybody got through after the outage",
        within_s=120,
    )
    until(organizer, lambda: number(organizer, "Have their mail") == TAKEN_IN, "the page lags", within_s=120)
    truth = site.world.truth()
    assert (truth["profiles"], truth["mails_sent"], truth["mails_duplicate"]) == (TAKEN_IN, TAKEN_IN, 0)
    assert truth["in_group"] == ON_THE_LIST
    receivers = [mail["to"] for mail in site.world.outbox()]
    assert len(receivers) == len(set(receivers)) == TAKEN_IN
    assert organizer.evaluate("window.notReloaded") is True
    expect(organizer.get_by_text("Nobody is stuck")).to_have_count(0)  # the refused came into sight by themselves
    no_trouble(organizer)
    picture(organizer, "outage-4-end")

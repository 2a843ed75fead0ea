"""How many clicks an event takes, counted: from the first page of the browser to two hundred people with their mail.

A click is a press of the pointer, wherever it goes: fields that are typed into, the sign-in and the file's own button
count like any other. Nothing is typed into an address, and no key stands in for a click.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS, Site, no_trouble, picture, wait_idle

pytestmark = pytest.mark.e2e
PEOPLE = 200
MOST_CLICKS, MOST_TO_HELP = 15, 2
NEWEST_S = 600
COUNTED = "addEventListener('pointerdown', (each) => { if (each.isTrusted) window.pressed() }, true)"


class Hand:
    """Presses the pointer; each press is counted by the browser itself, with what it was for."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses = page, 0
        self.told: list[str] = []
        page.context.expose_binding("pressed", self._pressed)
        page.context.add_init_script(COUNTED)

    def _pressed(self, _: object) -> None:
        self.presses += 1

    def on(self, target: Locator, what: str) -> None:
        self.told.append(what)
        target.filter(visible=True).first.click()

    def types(self, label: str, value: str) -> None:
        """Into a field, after a click on it."""
        field = self.page.get_by_label(label, exact=True).first
        self.on(field, f"the field “{label}”")
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.type(value)
        self.page.keyboard.press("Tab")
        wait_idle(self.page)

    def button(self, name: str, *, at: Page | Locator | None = None) -> None:
        found = (at or self.page).get_by_role("button", name=name, exact=True)
        expect(found.filter(visible=True).first).to_be_enabled(timeout=PATIENCE_MS)
        self.on(found, f"“{name}”")
        wait_idle(self.page)

    def link(self, name: str | re.Pattern[str]) -> None:
        self.on(self.page.get_by_role("link", name=name), f"the link “{getattr(name, 'pattern', name)}”")
        wait_idle(self.page)


def a_list(site: Site, folder: Path) -> Path:
    """Two hundred people whom the practice directory knows."""
    file = folder / "people.csv"
    file.write_text(site.world.control("GET", "people.csv", n=PEOPLE, seed=3), "utf-8")
    return file


def test_from_the_first_page_to_two_hundred_people_with_their_mail(
    visit: Callable[..., Page], site: Site, tmp_path: Path
) -> None:
    page = visit()
    hand = Hand(page)
    page.goto(site.url)
    hand.on(page.get_by_role("link", name="Sign in with Microsoft Entra ID"), "“Sign in with Microsoft Entra ID”")
    hand.on(page.locator("button[value=organizer]"), "Olivia Organizer")
    wait_idle(page)
    hand.link("Create the event")
    hand.types("Name", "Click Cup")
    hand.button("Create the event")
    hand.button("Run the pre-flight")
    expect(page.get_by_text("Ready, with points to look at").first).to_be_visible(timeout=PATIENCE_MS * 6)
    hand.on(page.get_by_role("tab", name="Sponsorship"), "the part “Sponsorship”")
    wait_idle(page)
    hand.button("Open sponsorship")
    hand.button("Open sponsorship", at=page.get_by_role("dialog"))
    hand.link("Attendees")
    with page.expect_file_chooser() as chooser:
        hand.on(page.get_by_test_id("stFileUploaderDropzone").get_by_role("button"), "the file's button")
    chooser.value.set_files(a_list(site, tmp_path))
    hand.button("Import …")
    hand.button("Import", at=page.get_by_role("dialog"))
    expect(page.get_by_test_id("stMain").get_by_text(re.compile("^.*Imported: ")).first).to_be_visible(
        timeout=PATIENCE_MS
    )
    picture(page, "clicks-imported")
    hand.link("Onboarding")
    hand.button("Start onboarding")
    deadline = time.monotonic() + NEWEST_S
    while site.world.truth()["mails_sent"] < PEOPLE and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    truth = site.world.truth()
    no_trouble(page)
    print(f"\nfrom the first page to {truth['mails_sent']} people with mail: {hand.presses} clicks")
    print("\n".join(f"{place:>2} {what}" for place, what in enumerate(hand.told, start=1)))
    assert (truth["profiles"], truth["mails_sent"], truth["mails_duplicate"]) == (PEOPLE, PEOPLE, 0)
    assert hand.presses == len(hand.told)
    assert hand.presses <= MOST_CLICKS
    hand.told.clear()
    helped(page, hand, site)


def helped(page: Page, hand: Hand, site: Site) -> None:
    """Somebody who has lost their mail: from whatever page is open to the mail on its way."""
    before, mails = hand.presses, site.world.truth()["mails_sent"]
    someone = site.world.control("GET", "people.csv", n=PEOPLE, seed=3).splitlines()[7]
    address = re.search(r"[^,;\"\s]+@[^,;\"\s]+", someone)
    assert address
    hand.button("Find a person")
    page.get_by_label("Name, address or racer name").fill(address.group())
    card = page.get_by_role("dialog")
    expect(card.get_by_text("racer name ").first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    hand.button("Resend their access mail", at=card)
    deadline = time.monotonic() + NEWEST_S
    while site.world.truth()["mails_sent"] == mails and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    no_trouble(page)
    print(f"\nfrom any page to one person's mail once more: {hand.presses - before} clicks: {'; '.join(hand.told)}")
    assert site.world.truth()["mails_sent"] == mails + 1
    assert hand.presses - before <= MOST_TO_HELP

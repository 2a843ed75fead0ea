"""People register themselves: the portal opened by an organizer, used on a phone and on a desk without any script, the
link out of the mail, and the way in through the same onboarding as everybody's. Chapters of one story, in order.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import (
    PATIENCE_MS,
    PICTURES,
    SCREENS,
    Site,
    fill,
    no_trouble,
    open_page,
    picture,
    press,
    wait_idle,
)
from tests.e2e.test_journeys import choose, made, metric, seen

pytestmark = pytest.mark.e2e
EVENT = "Open Cup"
PHONE, DESK = (390, 844), (1440, 900)
LINK = re.compile(r"http://127\.0\.0\.1:\d+/register/[\w-]+/me/[\w-]+")


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


@pytest.fixture(scope="module")
def addresses(site: Site) -> list[str]:
    """Four people whom the practice directory knows."""
    rows = csv.reader(io.StringIO(site.world.control("GET", "people.csv", n=4, seed=1)))
    found = [cell for row in rows for cell in row if "@" in cell]
    assert len(found) >= 4
    return found


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A window of somebody who is signed in nowhere, without scripts."""
    contexts = []

    def opened(size: tuple[int, int], language: str = "en-GB") -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=False, locale=language
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield opened
    for context in contexts:
        context.close()


def shot(page: Page, name: str) -> None:
    if not PICTURES:
        return
    SCREENS.mkdir(exist_ok=True)
    size = page.viewport_size or {"width": 0, "height": 0}
    page.screenshot(path=SCREENS / f"{name}-{size['width']}x{size['height']}.png", full_page=True)


def fits(page: Page) -> None:
    """Nothing is cut off at the side: without scripts a page cannot be asked, so the browser measures its root."""
    box = page.locator("main").bounding_box()
    size = page.viewport_size
    assert box
    assert size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]


def register(page: Page, site: Site, email: str, *, racer_name: str = "", language: str = "en") -> None:
    """Fill in the form and send it."""
    page.goto(f"{site.console.public}/register?lang={language}")
    yes, no, button, ml, aws, consent = {
        "en": ("Yes", "No", "Register", "Are you new to machine learning?", "Are you new to AWS?", "I have read"),
        "it": ("Sì", "No", "Iscriviti", "prima volta col machine", "prima volta con AWS", "Ho letto"),
    }[language]
    page.locator("#email").fill(email)
    page.locator("#racer_name").fill(racer_name)
    page.get_by_role("group", name=ml).get_by_label(yes, exact=True).check()
    page.get_by_role("group", name=aws).get_by_label(no, exact=True).check()
    page.get_by_label(consent).check()
    page.get_by_role("button", name=button, exact=True).click()


def link_to(site: Site, email: str, subject: str) -> str:
    """The link of the newest mail to this address with these words in its subject, once it is there."""
    found: list[str] = []

    def there() -> bool:
        mails = [m for m in site.world.outbox() if m["to"] == email and subject in m["subject"]]
        found.extend(LINK.findall(mails[-1]["text"]) if mails else [])
        return bool(found)

    made(there)
    return found[-1]


def test_01_an_organizer_says_who_may_register_and_opens_the_portal(
    organizer: Page, site: Site, addresses: list[str]
) -> None:
    fill(organizer, "Name", EVENT)
    press(organizer, "Create the event")
    expect(organizer.get_by_role("tab", name="Pre-flight")).to_be_visible(timeout=PATIENCE_MS)
    open_page(organizer, "Attendees")
    choose(organizer, "Portal")
    seen(organizer, "Closed: nobody can register")
    choose(organizer, "Who may register")
    fill(organizer, "Domains of addresses that may register, one a line", addresses[0].rpartition("@")[2])
    press(organizer, "Save who may register")
    press(organizer, "Open the portal")
    seen(organizer, "Open: people can register")
    picture(organizer, "portal-rules")
    choose(organizer, "Questions")
    picture(organizer, "portal-questions")
    choose(organizer, "Texts and material")
    picture(organizer, "portal-texts")
    choose(organizer, "Registrations")
    no_trouble(organizer)


def test_02_somebody_registers_on_a_phone(site: Site, visitor: Callable[..., Page], addresses: list[str]) -> None:
    page = visitor(PHONE)
    page.goto(f"{site.console.public}/register")
    expect(page.get_by_role("heading", level=1)).to_have_text("Take part")
    fits(page)
    shot(page, "register")
    register(page, site, addresses[0], racer_name="Turbo-7")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    shot(page, "register-sent")


def test_03_a_form_that_is_not_fit_says_what_to_do_on_a_desk(site: Site, visitor: Callable[..., Page]) -> None:
    page = visitor(DESK)
    register(page, site, "ada@evil.example", racer_name="x")
    expect(page.get_by_role("alert")).to_contain_text("2 things need another look")
    fits(page)
    shot(page, "register-wrong")


def test_04_the_link_of_the_mail_only_shows_and_its_button_registers(
    site: Site, visitor: Callable[..., Page], organizer: Page, addresses: list[str]
) -> None:
    link = link_to(site, addresses[0], "confirm your address")
    page = visitor(PHONE)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your address")
    assert not site.world.truth()["in_group"]
    shot(page, "register-confirm")
    page.get_by_role("button", name="Confirm and register").click()
    expect(page.get_by_role("status")).to_have_text("Thank you, your address is confirmed.")
    made(lambda: "You have a place" in ((page.goto(link) and page.content()) or ""))
    expect(page.get_by_text("Turbo-7")).to_be_visible()
    shot(page, "register-own")
    open_page(organizer, "Messages")
    choose(organizer, "Outbox")
    seen(organizer, re.compile("confirm your address"))
    no_trouble(organizer)


def test_05_attendees_and_onboarding_show_them_and_the_way_in_comes(
    site: Site, organizer: Page, visitor: Callable[..., Page], addresses: list[str]
) -> None:
    open_page(organizer, "Attendees")
    choose(organizer, "The list")  # the page stays where it was left
    seen(organizer, re.compile("1 person"))
    choose(organizer, "Portal")
    assert metric(organizer, "Have a place") == "1"
    picture(organizer, "portal-registrations")
    open_page(organizer, "Onboarding")
    press(organizer, "Start onboarding")
    made(lambda: any("your way in" in mail["subject"] for mail in site.world.outbox()), within_s=180)
    mails = [mail["subject"] for mail in site.world.outbox() if mail["to"] == addresses[0]]
    assert sum("your way in" in subject for subject in mails) == 1
    assert sum("confirm your address" in subject for subject in mails) == 1
    page = visitor(DESK)
    page.goto(link_to(site, addresses[0], "confirm your address"))
    made(lambda: "It was mailed to you" in ((page.reload() and page.content()) or ""))
    shot(page, "register-own")
    no_trouble(organizer)


def test_06_without_a_free_place_people_wait_and_move_up_in_italian(
    site: Site, organizer: Page, visitor: Callable[..., Page], addresses: list[str]
) -> None:
    open_page(organizer, "Attendees")
    choose(organizer, "Portal")
    choose(organizer, "Who may register")
    fill(organizer, "Places on the event's list (0 = no ceiling)", "1")
    press(organizer, "Save who may register")
    choose(organizer, "Registrations")
    page = visitor(PHONE, "it-IT")
    register(page, site, addresses[1], language="it")
    expect(page.get_by_role("heading", level=1)).to_have_text("Guarda la tua posta")
    link = link_to(site, addresses[1], "conferma il tuo indirizzo")
    page.goto(link)
    page.get_by_role("button", name="Conferma e iscriviti").click()
    made(lambda: "Sei in lista d'attesa" in ((page.goto(link) and page.locator("h1").inner_text()) or ""))
    shot(page, "register-waiting")
    made(lambda: metric(organizer, "On the waiting list") == "1")  # it shows by itself
    picture(organizer, "portal-waiting")
    choose(organizer, "Who may register")
    fill(organizer, "Places on the event's list (0 = no ceiling)", "2")
    press(organizer, "Save who may register")
    link_to(site, addresses[1], "hai un posto")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Hai un posto")
    no_trouble(organizer)


def test_07_a_second_form_of_the_same_person_doubles_nothing(
    site: Site, organizer: Page, visitor: Callable[..., Page], addresses: list[str]
) -> None:
    page = visitor(DESK)
    register(page, site, addresses[0].upper(), racer_name="Other-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
    open_page(organizer, "Attendees")
    choose(organizer, "The list")
    seen(organizer, re.compile("2 people"))
    confirms = [m for m in site.world.outbox() if m["to"] == addresses[0] and "confirm" in m["subject"]]
    assert len(confirms) == 1


def test_08_after_closing_nobody_registers(site: Site, organizer: Page, visitor: Callable[..., Page]) -> None:
    choose(organizer, "Portal")
    press(organizer, "Close the portal")
    seen(organizer, "Closed: nobody can register")
    page = visitor(PHONE)
    page.goto(f"{site.console.public}/register")
    expect(page.get_by_role("heading", level=1)).to_have_text("No registration is open")
    shot(page, "register-closed")
    wait_idle(organizer)
    no_trouble(organizer)

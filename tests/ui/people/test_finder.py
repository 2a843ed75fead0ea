"""The search of the frame and the card of a person, on any page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Outcome, Profile, Role, State, Step
from deepracer_admin.ui.kit.page_table import PAGES, PageEntry
from tests.pages.conftest import NOW, Browser, click, texts

RACES = "pages/run/races.py"


def find(app: AppTest, text: str) -> AppTest:
    return app.button(key="find-person").click().run().text_input(key="finder-text").set_value(text).run()


def found(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.key and button.key.startswith("finder-open-")]


def test_one_who_is_meant_is_opened_at_once_and_helped_with_one_click(
    browser: Browser, console: Console, people: list[Attendee], profiles: list[Profile]
) -> None:
    stuck = Outcome("at-2", Step.PROFILE, State.REFUSED, "few", "A mailbox is missing.")
    console.store.record("ev-1", [stuck], lease=None, now=NOW)
    app = find(browser.open(RACES), "racer 2")
    assert "**Racer 2**" in texts(app)
    click(app, "card-at-2-retry")
    assert "Racer 2: 1 step put back to the start" in texts(app)
    assert "**Racer 2**" in texts(app), "the card stays open, with what it came to"
    (row,) = [row for row in console.store.steps_of("ev-1", "at-2") if row.step is Step.PROFILE]
    assert row.state is State.TODO


def test_of_several_the_chosen_one_is_opened_and_the_way_back_leads_to_the_others(
    browser: Browser, people: list[Attendee]
) -> None:
    app = find(browser.open(RACES), "racer")
    assert len(found(app)) == len(people)
    click(app, "finder-open-at-3")
    assert "**Racer 3**" in texts(app)
    assert found(app) == []
    click(app, "finder-back")
    assert len(found(app)) == len(people)


def test_other_letters_let_go_of_who_was_open(browser: Browser, people: list[Attendee]) -> None:
    app = click(find(browser.open(RACES), "racer"), "finder-open-at-3")
    app.text_input(key="finder-text").set_value("racer 1").run()
    assert "**Racer 1**" in texts(app)
    assert "**Racer 3**" not in texts(app)


def test_nobody_who_fits_is_said_and_one_letter_finds_nobody(browser: Browser, people: list[Attendee]) -> None:
    assert "Nobody on the list of Autumn Cup fits" in texts(find(browser.open(RACES), "zebra"))
    app = find(browser.open(RACES), "r")
    assert found(app) == []


def test_somebody_erased_under_the_open_card_is_said_to_be_gone(
    browser: Browser, console: Console, people: list[Attendee]
) -> None:
    app = click(find(browser.open(RACES), "racer"), "finder-open-at-3")
    console.store.delete_attendees("ev-1", ["at-3"])
    app.run()
    assert not app.exception
    assert app.error


def test_the_letters_and_the_person_are_never_in_the_address(browser: Browser, people: list[Attendee]) -> None:
    app = click(find(browser.open(RACES), "racer"), "finder-open-at-3")
    address = str(dict(app.query_params))
    assert "racer" not in address
    assert "at-3" not in address


def test_another_page_and_another_event_close_the_card(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = click(find(browser.open(RACES), "racer"), "finder-open-at-3")
    opened = app.session_state["finder-open"]
    for elsewhere in (replace(opened, page="usage"), replace(opened, event="ev-2")):
        app.session_state["finder-open"] = elsewhere
        assert "**Racer 3**" not in texts(app.run())


def test_a_viewer_finds_nobody_and_has_no_way_in(browser: Browser, people: list[Attendee]) -> None:
    app = browser.open(RACES, Role.VIEWER)
    assert "find-person" not in {button.key for button in app.button}


def acts(role: Role, browser: Browser) -> set[str]:
    app = find(browser.open(RACES, role), "racer 2")
    return {button.key for button in app.button if button.key and "-at-2" in button.key}


def test_the_card_offers_what_the_role_may_and_no_more(
    browser: Browser, console: Console, people: list[Attendee], profiles: list[Profile]
) -> None:
    floor = {"card-at-2-resend", "card-at-2-retry", "card-at-2-grant", "person-at-2-change"}
    assert acts(Role.FACILITATOR, browser) == floor
    organizer = acts(Role.ORGANIZER, browser)
    assert {*floor, "card-at-2-sponsor", "person-at-2-change", "person-at-2-erase", "person-at-2-remove"} <= organizer


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.address)
def test_the_search_stands_on_every_page(browser: Browser, people: list[Attendee], entry: PageEntry) -> None:
    app = find(browser.open(entry.file), "racer 2")
    assert "**Racer 2**" in texts(app)

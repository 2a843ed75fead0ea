"""An address opened in a new session shows what it names; what is not there any more is as if it named nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, AuditEntry, Event, Profile, Quota, Race, RaceDraft, Role, Standing
from deepracer_admin.model.registrations import Registration, RegistrationState, registration_id
from deepracer_admin.records.boards import FROZEN_BOARDS, FrozenBoard
from deepracer_admin.records.entrants import ENTRY_LISTS, EntryList
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.rules.portal_mails import REFUSED
from deepracer_admin.store import ProfileLink
from tests.busy import busy_event
from tests.pages.conftest import NOW, Browser, texts
from tests.ui.choosing import tick

ATTENDEES, SETUP, MESSAGES = "pages/plan/attendees.py", "pages/plan/setup.py", "pages/run/messages.py"
RACES, USAGE, BOARD = "pages/run/races.py", "pages/run/usage.py", "pages/run/leaderboard.py"
AUDIT = "pages/close/audit.py"
MANY = 130
NOWHERE = "nobody-has-this"


@dataclass(frozen=True)
class Place:
    """`value` is not the first choice; `beside` is what the address names besides, so that the place is there."""

    page: str
    name: str
    value: str
    beside: Mapping[str, str] = field(default_factory=dict[str, str])


PORTAL = {"attendees-view": "Portal"}
MAILS = {**PORTAL, "portal-part": "Mails"}
TEMPLATES, EVERY = {"section": "Templates"}, {"section": "Every mail"}
CUP = {"race": "r-1"}
PLACES = [
    Place(ATTENDEES, "attendees-view", "Portal"),
    Place(ATTENDEES, "roster-cohort", "office:Roma"),
    Place(ATTENDEES, "roster-kind", "Needs a human"),
    Place(ATTENDEES, "roster-sort", "Office"),
    Place(ATTENDEES, "roster-columns", "Office"),
    Place(ATTENDEES, "roster-page", "2"),
    Place(ATTENDEES, "stuck-columns", "Office", {"roster-kind": "Needs a human"}),
    Place(ATTENDEES, "portal-part", "Mails", PORTAL),
    Place(ATTENDEES, "registrations-order", "Name", PORTAL),
    Place(ATTENDEES, "registrations-page", "2", PORTAL),
    Place(ATTENDEES, "registrations-columns", "State", PORTAL),
    Place(ATTENDEES, "registrations-kind", "To decide", PORTAL),
    Place(ATTENDEES, "portal-mail-name", REFUSED, MAILS),
    Place(ATTENDEES, "portal-mail-language", "it", MAILS),
    Place(ATTENDEES, "upload-how", "Paste", {"attendees-view": "Upload"}),
    Place(SETUP, "setup-part", "Alarms"),
    Place(SETUP, "create-another", "true", {"setup-part": "Other events"}),
    Place(MESSAGES, "section", "Templates"),
    Place(MESSAGES, "send-mail", "true"),
    Place(MESSAGES, "template-name", "reminder", TEMPLATES),
    Place(MESSAGES, "template-language", "it", TEMPLATES),
    Place(MESSAGES, "mail-shown-as", "Text", TEMPLATES),
    Place(MESSAGES, "ledger-state", "unknown", EVERY),
    Place(MESSAGES, "mails-order", "Address", EVERY),
    Place(MESSAGES, "mails-page", "2", EVERY),
    Place(MESSAGES, "mails-columns", "Mail", EVERY),
    Place(RACES, "race", "r-2"),
    Place(RACES, "race-change", "true", CUP),
    Place(RACES, "race-create", "true"),
    Place(RACES, "races-done", "true"),
    Place(RACES, "entrants-side", "out", CUP),
    Place(RACES, "entrants-cohort", "Office: Roma", CUP),
    Place(RACES, "entrants-sort", "Office", CUP),
    Place(RACES, "entrants-page", "2", CUP),
    Place(RACES, "entrants-in-columns", "Office", CUP),
    Place(RACES, "entrants-out-columns", "Office", {**CUP, "entrants-side": "out"}),
    Place(USAGE, "top-by", "Cost centre"),
    Place(USAGE, "usage-only", "Near their limit"),
    Place(USAGE, "usage-cohort", "Office: Roma"),
    Place(USAGE, "usage-sort", "Name"),
    Place(USAGE, "usage-page", "3"),
    Place(USAGE, "profiles-columns", "Office"),
    Place(USAGE, "budget-guard", "true"),
    Place(USAGE, "waves-part", "true"),
    Place(USAGE, "usage-changes", "true"),
    Place(BOARD, "board-race", "r-1"),
    Place(BOARD, "board-tabs", "Run the board"),
    Place(BOARD, "board-orders", "As it stands now", {"board-race": "r-1"}),
    Place(BOARD, "sponsors", "true"),
    Place(AUDIT, "audit-action", "attendees.add"),
    Place(AUDIT, "audit-page", "2"),
    Place(AUDIT, "audit-columns", "Role"),
    Place("pages/close/report.py", "report-language", "it"),
]
"""Every part, filter, race, order and page that the address keeps; tests/test_places.py finds a new one."""


@pytest.fixture
def full(console: Console, event: Event, profiles: list[Profile]) -> Event:
    """Lists of several pages, two races of which one is held, and somebody at every desk."""
    event, store = busy_event(console, event, profiles, NOW), console.store
    store.amend_event(event.id, lambda each: replace(each, portal_url="https://portal.example.com"))
    numbers = range(10, 10 + MANY)
    store.save_attendees(
        event.id,
        [
            Attendee(f"at-{n}", f"racer{n}@example.com", f"Racer {n}", f"racer-{n}", office=("Milano", "Roma")[n % 2],
                     cost_centre="CC-1", added_at=NOW)
            for n in numbers
        ],
    )  # fmt: skip
    more = [Profile(f"pr-{n}", f"racer-{n}", minutes_used=299.0, quota=Quota(300, 3)) for n in numbers]
    every = [*store.profiles(event.id)[0], *more]
    store.save_profiles(event.id, every, seen_at=NOW, lease=None)
    store.link(event.id, [ProfileLink(f"at-{n}", f"pr-{n}", "created", NOW) for n in numbers])
    console.history.add_usage(event.id, NOW + timedelta(minutes=1), every)
    store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=1), NOW + timedelta(hours=8))
    final = RaceDraft("Final", "t-1", NOW, NOW + timedelta(hours=8))
    races = [Race("r-1", draft, share_link="https://race.example.com/r-1"), Race("r-2", final)]
    store.save_races(event.id, races, seen_at=NOW, lease=None)
    half = tuple(f"at-{n}" for n in numbers if n % 2 or n % 4 == 0)
    store.change_rows(event.id, ENTRY_LISTS, lambda _: {"r-1": EntryList(half)}, keys=("r-1",))
    store.change_rows(event.id, FROZEN_BOARDS, lambda _: {"r-1": FrozenBoard(NOW)}, keys=("r-1",))
    console.history.save_standings(event.id, "r-1", NOW + timedelta(minutes=1), [Standing(1, "racer-1", 8_000)])
    guests = [
        Registration(registration_id(f"g{n}@example.com"), f"g{n}@example.com", RegistrationState.VERIFIED, NOW)
        for n in range(60)
    ]
    store.change_rows(event.id, REGISTRATIONS, lambda _: {guest.id: guest for guest in guests})
    store.plan_deliveries(event.id, [(f"at-{n}", "access", 1) for n in numbers], campaign="access", lease=None)
    for number in range(60):
        store.append_audit(AuditEntry(0, NOW, event.id, "o", "Somebody", "organizer", "event.edit", f"{number}", 1))
    return event


def opened(browser: Browser, place: Place, value: str | None) -> AppTest:
    address = {**place.beside, **({} if value is None else {place.name: value})}
    app = browser.open(place.page, address=address)
    assert not app.error, [each.value for each in app.error]
    return app


def chosen(app: AppTest, name: str) -> Any:
    """What is chosen in this place now."""
    if name == "race":
        return next(iter(app.session_state["table-races"].chosen), "")
    if name.endswith("-page"):
        return next(int(each.value or 0) for each in app.number_input if str(each.key).startswith(name))
    found = app.session_state[name]
    return [*found] if isinstance(found, (list, tuple)) else found


def meant(place: Place) -> Any:
    if place.name.endswith("-page"):
        return int(place.value)
    if place.name.endswith("-columns"):
        return [place.value]
    return True if place.value == "true" else place.value


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_an_address_opened_by_somebody_else_shows_the_same(browser: Browser, full: Event, place: Place) -> None:
    first = chosen(opened(browser, place, None), place.name)
    assert first != meant(place), "the first choice would be shown without the address"
    app = opened(browser, place, place.value)
    assert chosen(app, place.name) == meant(place)
    assert dict(app.query_params)[place.name] == place.value, "the address still names it"
    app.run()
    assert chosen(app, place.name) == meant(place)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_what_is_not_there_any_more_shows_the_first_choice_and_no_error(
    browser: Browser, full: Event, place: Place
) -> None:
    first = chosen(opened(browser, place, None), place.name)
    app = opened(browser, place, NOWHERE)
    assert chosen(app, place.name) == first
    app.run()
    assert chosen(app, place.name) == first
    assert not app.error


def test_a_chosen_race_stands_in_the_address_and_is_opened_by_it(browser: Browser, full: Event) -> None:
    app = tick(browser.open(RACES), "races", "r-2")
    assert app.query_params["race"] == "r-2"
    other = browser.open(RACES, Role.VIEWER, address={"race": "r-2"})
    assert other.subheader[0].value == "Final"


def test_the_way_back_leads_to_the_race_before_and_to_none(browser: Browser, full: Event) -> None:
    """A browser's Back runs the page with the address of then."""
    app = tick(tick(browser.open(RACES), "races", "r-1"), "races", "r-2")
    app.query_params["race"] = "r-1"
    assert app.run().subheader[0].value == "Cup"
    del app.query_params["race"]
    assert not app.run().subheader
    assert "Choose a race to" in texts(app)


def test_a_race_that_was_deleted_at_the_service_is_said_to_be_gone(browser: Browser, full: Event) -> None:
    app = browser.open(RACES, address={"race": "r-gone"})
    assert "The race that was chosen is not in the list any more." in texts(app)
    assert "race" not in app.query_params


def test_a_page_is_of_its_list_another_filter_begins_with_its_first(browser: Browser, full: Event) -> None:
    app = browser.open(USAGE, address={"usage-page": "3"})
    app.selectbox(key="usage-cohort").set_value("Office: Roma").run()
    assert chosen(app, "usage-page") == 1
    assert "usage-page" not in app.query_params


def test_a_search_is_not_in_the_address_and_gives_the_page_back_when_it_is_over(browser: Browser, full: Event) -> None:
    app = browser.open(USAGE, address={"usage-page": "3"})
    app.text_input(key="usage-search").input("racer-1").run()
    assert chosen(app, "usage-page") == 1
    assert "racer" not in str(dict(app.query_params))
    assert app.query_params["usage-page"] == "3"
    app.text_input(key="usage-search").input("").run()
    assert chosen(app, "usage-page") == 3


def test_a_page_that_is_past_the_end_is_the_first(browser: Browser, full: Event) -> None:
    app = browser.open(USAGE, address={"usage-page": "99"})
    assert chosen(app, "usage-page") == 1
    assert not app.error


def test_the_page_that_is_turned_stands_in_the_address_and_back_turns_it_again(browser: Browser, full: Event) -> None:
    app = browser.open(USAGE)
    page = next(each for each in app.number_input if str(each.key).startswith("usage-page"))
    page.set_value(2).run()
    assert app.query_params["usage-page"] == "2"
    del app.query_params["usage-page"]
    assert chosen(app.run(), "usage-page") == 1


def test_a_link_to_the_first_part_leads_there_though_another_was_open_before(browser: Browser, full: Event) -> None:
    """As a next step's does. Streamlit keeps the part of the visit before, and takes the first for no choice."""
    app = browser.open(ATTENDEES, address=PORTAL)
    app.switch_page("pages/plan/event.py").run()
    follow(app, ATTENDEES, {"event": full.id, "attendees-view": "The list", "roster-kind": "Needs a human"})
    assert chosen(app, "attendees-view") == "The list"
    assert chosen(app, "roster-kind") == "Needs a human"


def test_a_link_shows_nothing_of_the_visit_before(browser: Browser, full: Event) -> None:
    app = browser.open(USAGE, address={"usage-sort": "Name", "usage-cohort": "Office: Roma", "usage-page": "2"})
    app.switch_page("pages/plan/event.py").run()
    follow(app, USAGE, {"event": full.id, "budget-guard": "true"})
    found = [chosen(app, each) for each in ("budget-guard", "usage-sort", "usage-cohort", "usage-page")]
    assert found == [True, "Most hours", "", 1]


def follow(app: AppTest, page: str, address: dict[str, str]) -> None:
    """A link to another page: its address is the new one alone."""
    for each in [*app.query_params]:
        del app.query_params[each]
    for each, value in address.items():
        app.query_params[each] = value
    app.switch_page(page).run()

"""The Portal view of the Attendees page, by role: state, settings, registrations as they come, decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.flows.people.registrations import forget_registrations
from deepracer_admin.model import Event, Role
from deepracer_admin.model.registrations import (
    Asked,
    Portal,
    Question,
    QuestionKind,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.services.people import registrations
from tests.pages.conftest import NOW, Browser, answer, click, texts
from tests.ui.choosing import tick

PAGE = "pages/plan/attendees.py"
VIEW = {"attendees-view": "Portal"}
"""A session that opens the view at once."""


@pytest.fixture
def portal(console: Console, event: Event) -> Portal:
    made = Portal(
        open=True,
        domains=("example.com",),
        places=120,
        questions=(Question("size", QuestionKind.CHOICE, "T-shirt size", ("S", "M")),),
    )
    console.store.amend_event("ev-1", lambda each: replace(each, public_url="https://cup.example.com"))
    console.store.update("ev-1", PORTAL, lambda _: made)
    return made


def registered(console: Console, local: str, state: RegistrationState, **values: Any) -> str:
    email = f"{local}@example.com"
    made = replace(Registration(registration_id(email), email, state, NOW), **values)
    console.store.change_rows("ev-1", REGISTRATIONS, lambda _: {made.id: made}, keys=(made.id,))
    return made.id


def test_a_portal_that_was_never_set_up_says_what_to_do(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE, state=VIEW)
    assert "Closed: nobody can register" in texts(app)
    assert "Say under “Who may register”" in texts(app)
    assert "The portal has no address yet" in texts(app)
    app = click(app, "portal-open")
    assert "second listener" in texts(app)


def test_rules_are_saved_and_the_portal_opened_and_closed(browser: Browser, console: Console, event: Event) -> None:
    console.store.amend_event("ev-1", lambda each: replace(each, public_url="https://cup.example.com"))
    app = browser.open(PAGE, state={**VIEW, "portal-part": "Who may register"})
    next(each for each in app.text_area if "Domains" in each.label).input("Example.com\nmünchen.example")
    next(each for each in app.number_input if "Places" in each.label).set_value(50)
    app = click(app, "Save who may register")
    portal = console.store.read("ev-1", PORTAL)
    assert (portal.domains, portal.places) == (("example.com", "xn--mnchen-3ya.example"), 50)
    app = click(app, "portal-open")
    assert "Open: people can register" in texts(app)
    assert "Places left 50 of 50" in texts(app)
    click(app, "portal-close")
    assert not console.store.read("ev-1", PORTAL).open


def test_a_domain_that_is_none_is_refused_in_a_sentence(browser: Browser, console: Console, portal: Portal) -> None:
    app = browser.open(PAGE, state={**VIEW, "portal-part": "Who may register"})
    next(each for each in app.text_area if "Domains" in each.label).input("*.example.com")
    app = click(app, "Save who may register")
    assert "is no domain of addresses" in texts(app)
    assert console.store.read("ev-1", PORTAL) == portal


def test_registrations_stand_in_the_table_with_their_answers(
    browser: Browser, console: Console, portal: Portal
) -> None:
    registered(console, "ada", RegistrationState.VERIFIED, name="Ada", answers={"size": "M"}, new_to_ml=True)
    registered(console, "bob", RegistrationState.WAITING)
    app = browser.open(PAGE, state=VIEW)
    (frame,) = [each.value for each in app.dataframe]
    assert {*frame["Address"]} == {"ada@example.com", "bob@example.com"}
    ada = frame[frame["Address"] == "ada@example.com"].iloc[0]
    assert (ada["T-shirt size"], ada["New to AI/ML"], ada["State"]) == ("M", "yes", "… confirmed")
    assert "On the waiting list 1" in texts(app)


@pytest.mark.parametrize(
    ("act", "state", "approved"),
    [("registrations-accept", "verified", True), ("registrations-refuse", "refused", False)],
)
def test_who_is_chosen_is_accepted_or_refused(
    browser: Browser,
    console: Console,
    portal: Portal,
    act: str,
    state: str,
    approved: bool,
) -> None:
    console.store.update("ev-1", PORTAL, lambda each: replace(each, by_hand=True))
    key = registered(console, "ada", RegistrationState.VERIFIED)
    other = registered(console, "bob", RegistrationState.VERIFIED)
    app = browser.open(PAGE, state=VIEW)
    tick(app, "registrations", key)
    answer(app, act) if act.endswith("refuse") else click(app, act)
    decided, left = (console.store.row("ev-1", REGISTRATIONS, each) for each in (key, other))
    assert decided is not None
    assert (decided.state, decided.approved) == (state, approved)
    assert left is not None
    assert (left.state, left.approved) == ("verified", False)


def test_all_who_fit_are_chosen_over_the_pages_and_those_who_are_gone_are_told(
    browser: Browser, console: Console, portal: Portal
) -> None:
    console.store.update("ev-1", PORTAL, lambda each: replace(each, by_hand=True))
    keys = [registered(console, f"p{n:03}", RegistrationState.VERIFIED, name=f"P {n}") for n in range(60)]
    app = browser.open(PAGE, state={**VIEW, "registrations-text": "p05"})
    assert "10 registrations" in texts(app)
    app = browser.open(PAGE, state=VIEW)
    assert "1 to 50 of 60 registrations" in texts(app)
    app.checkbox(key="registrations-all").check().run()
    assert "Chosen: **60 people**: P 0, P 1, P 2, P 3, P 4 and 55 more" in texts(app)
    forget_registrations(console.store, "ev-1", {"p059@example.com"})
    press = next(button for button in app.button if button.key == "registrations-accept")
    app = press.click().run()
    assert "59 registrations accepted" in texts(app)
    assert "1 was gone already" in texts(app)
    assert all(row.approved for row in console.store.rows("ev-1", REGISTRATIONS, keys).values())


def test_a_facilitator_sees_who_registers_and_no_control(browser: Browser, console: Console, portal: Portal) -> None:
    registered(console, "ada", RegistrationState.VERIFIED)
    app = browser.open(PAGE, Role.FACILITATOR, state=VIEW)
    assert not app.exception
    assert len(app.dataframe) == 1
    keys = {button.key for button in app.button}
    assert not keys & {"portal-open", "portal-close", "registrations-accept", "registrations-refuse"}
    assert "portal-part" not in {each.key for each in app.get("button_group")} or "Questions" not in texts(app)


@pytest.mark.parametrize(("address", "shown"), [("https://cup.example.com", True), ("http://127.0.0.1:8502", False)])
def test_a_qr_code_is_shown_only_where_a_phone_can_use_it(
    browser: Browser, console: Console, portal: Portal, address: str, shown: bool
) -> None:
    console.store.amend_event("ev-1", lambda each: replace(each, public_url=address))
    app = browser.open(PAGE, state=VIEW)
    assert app.code[0].value == f"{address}/register/ev-1"
    assert ("QR as SVG" in {each.proto.label for each in app.get("download_button")}) is shown
    assert ("works on this computer only" in texts(app)) is not shown


def test_questions_and_texts_are_shown_as_they_are_stored(browser: Browser, console: Console, portal: Portal) -> None:
    app = browser.open(PAGE, state={**VIEW, "portal-part": "Questions"})
    assert "Always asked" in texts(app)
    click(app, "Save the questions")
    assert console.store.read("ev-1", PORTAL).questions[0].options == ("S", "M")
    app = browser.open(PAGE, state={**VIEW, "portal-part": "Texts and material"})
    next(each for each in app.text_area if each.label == "Consent").input("We keep it until Sunday.")
    click(app, "Save texts and material")
    assert console.store.read("ev-1", PORTAL).consent_version == 1


def test_a_mail_is_written_anew_and_goes_back_to_the_consoles_words(
    browser: Browser, console: Console, portal: Portal
) -> None:
    app = browser.open(PAGE, state={**VIEW, "portal-part": "Mails"})
    assert "The console's own words" in texts(app)
    next(each for each in app.text_area if each.label == "Text").input("Ciao, press here.")
    app = click(app, "Save the mail")
    assert "without it the mail leads nowhere" in texts(app)
    assert console.store.read("ev-1", PORTAL).mails == {}
    next(each for each in app.text_area if each.label == "Text").input("Ciao, press here: {own_page}")
    app = click(app, "Save the mail")
    assert console.store.read("ev-1", PORTAL).mails["register_confirm.en"].body == "Ciao, press here: {own_page}"
    assert "Your own words" in texts(app)
    click(app, "Back to the console's words")
    assert console.store.read("ev-1", PORTAL).mails == {}


def test_forms_that_wait_because_nobody_confirms_are_told(
    browser: Browser, console: Console, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrations, "unconfirmed_at_most", lambda _: 1)
    registered(console, "ada", RegistrationState.ASKED)
    console.store.change_rows("ev-1", ASKED, lambda _: {"f": Asked("bob@example.com", NOW)}, keys=("f",))
    assert "Forms that wait: 1." in texts(browser.open(PAGE, state=VIEW))

"""Several people of the attendee list: chosen over pages and searches, named in a bar, reached once, and told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Attendee, Event, Outcome, Role, Sending, State, Step
from deepracer_admin.records.current_event import CURRENT_EVENT
from tests.pages.conftest import NOW, Browser, answer, click, texts
from tests.ui.choosing import press_to_open, shown, tick

LIST = "pages/plan/attendees.py"


def listed(console: Console, many: int) -> None:
    """So many people in three offices; every second has access, one in fifty was refused a profile."""
    console.store.amend_event("ev-1", lambda each: replace(each, portal_url="https://portal.example.com"))
    people = [
        Attendee(f"at-{n}", f"racer{n}@example.com", f"Racer {n:04}", f"racer-{n}", office=f"Office {n % 3}")
        for n in range(many)
    ]
    console.store.save_attendees("ev-1", people)
    rows = [Outcome(f"at-{n}", Step.ACCESS, State.DONE) for n in range(0, many, 2)]
    rows += [Outcome(f"at-{n}", Step.PROFILE, State.REFUSED, "bad", "No mailbox.") for n in range(7, many, 50)]
    console.store.record("ev-1", rows, lease=None, now=NOW)


def bar(app: AppTest) -> str:
    """The line that names the choice; "" while there is none."""
    found = [each.proto.popover.label for each in app.get("popover")]
    return next((re.sub(r"\\|⁠", "", label) for label in found if " chosen: " in label), "")


def ticks(app: AppTest) -> list[str]:
    sent = app.session_state["table-roster"]
    return [sent.order[place] for place in app.session_state[f"roster.{sent.generation}"]["selection"]["rows"]]


def said(app: AppTest) -> str:
    return re.sub(r"\\|⁠", "", texts(app))


def turned_to(app: AppTest, page: int) -> AppTest:
    return app.number_input[0].set_value(page).run()


def looked_for(app: AppTest, text: str) -> AppTest:
    return app.text_input(key="roster-text").input(text).run()


def pending(console: Console) -> list[str]:
    return sorted(row.attendee for row in console.store.deliveries("ev-1", state=Sending.PENDING))


def off(console: Console) -> set[str]:
    return {person.id for person in console.store.attendees("ev-1", wanted=False)}


# ------------------------------------------------------------------------------------------------ choosing


def test_people_stay_chosen_over_pages_searches_orders_and_while_the_list_moves(
    browser: Browser, console: Console, event: Event
) -> None:
    listed(console, 130)
    app = browser.open(LIST)
    assert bar(app) == ""
    tick(app, "roster", "at-1", "at-3")
    turned_to(app, 3)
    tick(app, "roster", "at-120")
    assert bar(app) == "3 chosen: Racer 0001, Racer 0003 and Racer 0120"
    looked_for(app, "racer99@")
    tick(app, "roster", "at-99")
    looked_for(app, "nobody at all")
    assert "Nobody fits" in texts(app)
    assert bar(app).startswith("4 chosen: ")
    looked_for(app, "")
    app.selectbox(key="roster-sort").set_value("Name").run()
    console.store.save_attendees("ev-1", [Attendee("new", "aaa@example.com", "Aaron")])
    app.run()
    assert shown(app, "Name")[0] == "Aaron"
    assert ticks(app) == ["at-1", "at-3"]
    assert bar(app).startswith("4 chosen: Racer 0001, Racer 0003, Racer 0099 and Racer 0120")
    turned_to(app, 3)
    assert ticks(app) == ["at-99", "at-120"]


def test_all_who_fit_are_chosen_beside_those_before_and_forgotten_at_once(
    browser: Browser, console: Console, event: Event
) -> None:
    listed(console, 130)
    app = tick(browser.open(LIST), "roster", "at-0", "at-1")
    app.selectbox(key="roster-cohort").set_value("office:Office 2").run()
    assert app.button(key="roster-choose-all").label == "Choose all 43 that fit"
    click(app, "roster-choose-all")
    assert bar(app).startswith("45 chosen: Racer 0000, Racer 0001, Racer 0002, Racer 0005, Racer 0008 and 40 more")
    assert len(ticks(app)) == 43
    assert app.button(key="roster-choose-all").disabled
    app.selectbox(key="roster-cohort").set_value("").run()
    assert bar(app).startswith("45 chosen")
    assert not app.button(key="roster-choose-all").disabled
    click(app, "roster-forget-all")
    assert bar(app) == ""
    assert ticks(app) == []


def test_all_of_ten_thousand_are_chosen_on_every_page_and_one_is_let_go(
    browser: Browser, console: Console, event: Event
) -> None:
    listed(console, 10_000)
    app = click(browser.open(LIST), "roster-choose-all")
    assert bar(app).startswith("10,000 chosen: ")
    assert bar(app).endswith(" and 9,995 more")
    turned_to(app, 200)
    assert len(ticks(app)) == 50
    tick(app, "roster", *(f"at-{n}" for n in range(9_950, 9_999)))
    assert bar(app).startswith("9,999 chosen")
    assert "5,000 of 9,999 can be sent it, 4,999 have no access yet." in texts(app)


def test_everybody_who_is_chosen_is_behind_a_click(browser: Browser, console: Console, event: Event) -> None:
    listed(console, 60)
    app = click(browser.open(LIST), "roster-choose-all")
    assert [len(table.value) for table in app.dataframe] == [50]
    app.session_state["roster-chosen"] = True
    app.run()
    assert len(app.dataframe[-1].value) == 60


def test_a_press_on_a_name_opens_their_card_each_time_and_chooses_nobody(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = press_to_open(browser.open(LIST), "roster", "at-3")
    assert "**Racer 3**" in texts(app)
    assert bar(app) == ""
    app = press_to_open(browser.open(LIST), "roster", "at-3")
    assert "**Racer 3**" in texts(app)


def test_whoever_uses_keys_opens_the_card_of_the_one_chosen(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = tick(browser.open(LIST), "roster", "at-2")
    click(app, "roster-open")
    assert "**Racer 2**" in texts(app)
    app = tick(browser.open(LIST), "roster", "at-2", "at-3")
    assert "roster-open" not in [button.key for button in app.button]


def test_a_facilitator_chooses_one_and_nothing_in_bulk(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = tick(browser.open(LIST, Role.FACILITATOR), "roster", "at-2")
    assert "**Racer 2**" in texts(app)
    assert not [button.key for button in app.button if (button.key or "").startswith("roster-")]
    assert bar(app) == ""


def test_a_name_that_would_be_a_sign_or_a_list_stays_text(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    names = {"at-1": ":material/delete: x", "at-2": '["a", "b"]', "at-3": "", "at-4": "Rossi, [Anna]"}
    console.store.amend_attendees("ev-1", lambda each: replace(each, name=names[each.id]), ids=names)
    assert shown(browser.open(LIST), "Name")[:4] == [
        "\u2060:material/delete: x",
        '\u2060["a", "b"]',
        "No name",
        "Rossi, [Anna]",
    ]


# ------------------------------------------------------------------------------------------------ acts


@pytest.fixture
def busy(console: Console, event: Event, people: list[Attendee]) -> Event:
    """1, 2 and 3 have access; 3 and 4 were refused a profile."""
    console.store.amend_event(event.id, lambda each: replace(each, portal_url="https://portal.example.com"))
    rows = [Outcome(f"at-{n}", Step.ACCESS, State.DONE) for n in (1, 2, 3)]
    rows += [Outcome(f"at-{n}", Step.PROFILE, State.REFUSED, "bad", "No mailbox.") for n in (3, 4)]
    console.store.record(event.id, rows, lease=None, now=NOW)
    return event


def everybody(browser: Browser) -> AppTest:
    return click(browser.open(LIST), "roster-choose-all")


def test_what_each_act_reaches_stands_beside_it(browser: Browser, busy: Event) -> None:
    app = everybody(browser)
    assert "3 of 5 can be sent it, 2 have no access yet." in said(app)
    assert "2 of 5 were refused at a step" in said(app)
    assert "5 of 5 would lose their access." in said(app)


def test_the_mail_goes_to_whom_the_dialog_names_and_the_bar_says_so(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = click(everybody(browser), "roster-mail")
    assert "**3 people**: Racer 1, Racer 2 and Racer 3" in said(app)
    assert pending(console) == []
    answer(app, "roster-mail")
    assert pending(console) == ["at-1", "at-2", "at-3"]
    assert "The access mail is on its way to 3 people." in said(app)
    assert "0 of 5 can be sent it, 2 have no access yet, 3 have one on its way already." in said(app)
    assert app.button(key="roster-mail").disabled


def test_who_was_refused_is_tried_again(browser: Browser, console: Console, busy: Event) -> None:
    app = click(everybody(browser), "roster-retry")
    assert not [row for row in console.store.steps("ev-1") if row.state is State.REFUSED]
    assert "2 people put back to the start of what was refused." in said(app)
    assert app.button(key="roster-retry").disabled


def test_who_is_taken_off_is_not_chosen_any_more_and_it_is_said_where_the_bar_was(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = tick(browser.open(LIST), "roster", "at-2", "at-4")
    answer(app, "roster-off", typed="Autumn Cup")
    assert off(console) == {"at-2", "at-4", "at-6"}
    assert bar(app) == ""
    assert "2 people taken off the list: their access is being taken back." in said(app)
    assert shown(app, "Name") == ["Racer 1", "Racer 3", "Racer 5"]


def test_the_chosen_are_saved_and_no_others(
    browser: Browser, console: Console, busy: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    real = st.download_button

    def kept(label: str, data: Any, *given: Any, **look: Any) -> bool:
        made[look["key"]] = data
        return real(label, data, *given, **look)

    monkeypatch.setattr(st, "download_button", kept)
    tick(browser.open(LIST), "roster", "at-2", "at-4")
    lines = made["roster-save"]().decode("utf-8-sig").splitlines()
    assert [line.split(",")[1].strip('"') for line in lines[1:]] == ["racer2@example.com", "racer4@example.com"]


# ------------------------------------------------------------------------------------------------ bad days


def test_who_vanished_since_they_were_chosen_is_named_and_the_others_are_reached(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = tick(browser.open(LIST), "roster", "at-1", "at-2", "at-4")
    click(app, "roster-mail")
    console.store.delete_attendees("ev-1", ["at-2"])
    answer(app, "roster-mail")
    assert pending(console) == ["at-1"]
    assert "1 of 3 chosen is not in this list any more: Racer 2" in said(app)
    assert bar(app) == "2 chosen: Racer 1 and Racer 4"


def test_who_vanishes_while_the_dialog_is_open_is_left_out_and_told(
    browser: Browser, console: Console, busy: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog was drawn with two; the press itself finds one."""
    app = tick(browser.open(LIST), "roster", "at-1", "at-2")
    real, waiting = type(console.first.several).send_again, ["at-2"]

    def pressed(self, asking, ids, *, seen):
        console.store.delete_attendees("ev-1", [waiting.pop()])
        return real(self, asking, ids, seen=seen)

    monkeypatch.setattr(type(console.first.several), "send_again", pressed)
    answer(app, "roster-mail")
    assert pending(console) == ["at-1"]
    assert "on its way to 1 person. Left out: 1 is not on the list any more." in said(app)


def test_a_second_tab_sends_nothing_twice_and_says_why(browser: Browser, console: Console, busy: Event) -> None:
    one = tick(browser.open(LIST), "roster", "at-1", "at-2")
    other = tick(browser.open(LIST), "roster", "at-2", "at-3")
    answer(one, "roster-mail")
    answer(other, "roster-mail")
    assert pending(console) == ["at-1", "at-2", "at-3"]
    assert "on its way to 1 person." in said(other)
    assert "0 of 2 can be sent it, 2 have one on its way already." in said(other)


def test_the_second_half_of_a_double_click_does_nothing_more(browser: Browser, console: Console, busy: Event) -> None:
    app = everybody(browser)
    app.button(key="roster-retry").click()
    pressed = app._tree.get_widget_states()
    app.run()
    before = console.store.audit("ev-1", limit=1)[0].seq
    app._run(pressed)
    assert console.store.audit("ev-1", limit=1)[0].seq == before
    assert "2 people put back to the start of what was refused." in said(app)


def test_a_tick_that_comes_with_the_press_is_not_reached_before_it_was_named(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = tick(browser.open(LIST), "roster", "at-3")
    sent = app.session_state["table-roster"]
    app.session_state[f"roster.{sent.generation}"] = {"selection": {"rows": [2, 3], "columns": [], "cells": []}}
    click(app, "roster-retry")
    assert {row.attendee for row in console.store.steps("ev-1") if row.state is State.REFUSED} == {"at-4"}


def test_another_event_that_opens_first_meanwhile_changes_nothing_here(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = tick(browser.open(LIST), "roster", "at-1", "at-4")
    console.store.save_event(replace(busy, id="ev-2", name="Spring Cup"))
    console.store.save_attendees("ev-2", [Attendee("at-1", "racer1@example.com", "Racer 1", "racer-1")])
    console.store.update("", CURRENT_EVENT, lambda _: "ev-2")
    answer(app, "roster-off", typed="Autumn Cup")
    assert off(console) == {"at-1", "at-4", "at-6"}
    assert console.store.attendees("ev-2", wanted=False) == []


def test_the_choice_of_one_event_is_not_carried_into_another(browser: Browser, console: Console, busy: Event) -> None:
    app = tick(browser.open(LIST), "roster", "at-1", "at-4")
    console.store.save_event(replace(busy, id="ev-2", name="Spring Cup"))
    console.store.save_attendees("ev-2", [Attendee("at-1", "racer1@example.com", "Racer 1", "racer-1")])
    app.query_params["event"] = "ev-2"
    app.run()
    assert shown(app, "Name") == ["Racer 1"]
    assert bar(app) == ""
    assert "not in this list any more" not in texts(app)


def test_in_a_closed_event_the_chosen_can_be_saved_and_nothing_else(
    browser: Browser, console: Console, busy: Event
) -> None:
    app = tick(browser.open(LIST), "roster", "at-1", "at-4")
    assert "roster-mail" in [button.key for button in app.button]
    console.store.amend_event(busy.id, lambda each: replace(each, closed_at=NOW))
    app.run()
    assert not {button.key for button in app.button} & {"roster-mail", "roster-retry", "roster-off"}
    assert "roster-save" in [each.key for each in app.get("download_button")]
    assert "The event is closed" in texts(app)


def test_an_event_that_closes_under_an_open_dialog_refuses_and_says_why(
    browser: Browser, console: Console, busy: Event, organizer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tick(browser.open(LIST), "roster", "at-1", "at-4")
    real = type(console.first.several).take_off

    def pressed(self, asking, ids, *, typed_name):
        console.store.amend_event(busy.id, lambda each: replace(each, closed_at=NOW))
        return real(self, asking, ids, typed_name=typed_name)

    monkeypatch.setattr(type(console.first.several), "take_off", pressed)
    answer(app, "roster-off", typed="Autumn Cup")
    assert off(console) == {"at-6"}
    assert "The event is closed: nobody of it is mailed" in said(app)
    assert bar(app) == "2 chosen: Racer 1 and Racer 4"

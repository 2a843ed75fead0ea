"""What is typed into a part of the Set up page stays: while another part is looked at, and when a colleague changes
what the part was filled with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Attendee, Event, Quota
from deepracer_admin.records.calls import CALL_LIST, CallList
from tests.pages.conftest import Browser, click, texts
from tests.pages.test_setup import PAGE, field
from tests.pages.test_setup_capacity import looked_at

PARTS = ("Slots and hours", "Prices", "Pre-flight", "Alarms", "Staff", "Other events")


def inputs(app: AppTest) -> dict[str, Any]:
    """What one can type into outside of Settings, by key."""
    every = (*app.text_input, *app.number_input, *app.text_area)
    return {str(each.key): each for each in every if not str(each.key).startswith("edit-")}


def is_in_form(each: Any) -> bool:
    return bool(each.proto.form_id)


@pytest.mark.parametrize("part", PARTS)
def test_what_is_typed_stays_while_another_part_is_looked_at(
    browser: Browser, console: Console, event: Event, part: str
) -> None:
    """An input that is heard at once has its value again. What stands in a form is in the browser alone until it is
    sent: there it stays as long as the very same input is drawn (a test in a browser looks at that)."""
    app = browser.open(PAGE, state={"setup-part": part, "create-another": part == "Other events"})
    before, typed = inputs(app), {}
    assert before
    for key, each in before.items():
        if not is_in_form(each):
            typed[key] = f"typed-{key}" if each.type.startswith("text") else (each.value or 0) + 1
            each.set_value(typed[key])
    app.run()
    looked_at(app, "Sponsorship")
    unseen = inputs(app)
    assert {key for key, each in before.items() if is_in_form(each)} <= unseen.keys()
    looked_at(app, part)
    after = inputs(app)
    assert {key: after[key].value for key in typed} == typed
    assert {key: each.proto.id for key, each in before.items()} == {key: each.proto.id for key, each in after.items()}
    assert console.store.event(event.id) == event, "nothing was saved"


def test_what_nobody_opened_is_not_drawn(browser: Browser, event: Event) -> None:
    assert inputs(browser.open(PAGE, state={"setup-part": "Sponsorship"})) == {}


def test_a_colleagues_prices_take_nothing_typed_and_are_not_overwritten(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    app = browser.open(PAGE, state={"setup-part": "Prices"})
    next(each for each in app.number_input if each.label == "Storage (USD a GB-month)").set_value(0.5)
    shown = console.first.prices.view(organizer).prices
    theirs = replace(shown, training_per_hour=9.0, source="a colleague")
    console.first.prices.put_in_force(organizer, theirs, shown)
    click(app, "Put these in force")
    assert field(app, "Storage (USD a GB-month)").value == 0.5
    assert "Something of this was changed" in texts(app)
    assert "A colleague changed the prices meanwhile" in app.error[0].value
    assert console.first.prices.view(organizer).prices.training_per_hour == 9.0
    click(app, "prices-shown-ev-1-anew")
    assert field(app, "Training instance (USD an hour)").value == 9.0
    assert field(app, "Storage (USD a GB-month)").value != 0.5


def test_who_is_told_is_not_overwritten_by_a_form_that_was_opened_before(
    browser: Browser, console: Console, event: Event
) -> None:
    app = browser.open(PAGE, state={"setup-part": "Alarms"})
    app.text_area[0].set_value("olivia@example.com")
    console.store.update(event.id, CALL_LIST, lambda _: CallList(("sam@example.com",), "Sam"))
    click(app, "Save who is told")
    assert "A colleague changed who is told meanwhile" in app.error[0].value
    assert app.text_area[0].value == "olivia@example.com"
    click(app, "Show it as it is now")
    assert app.text_area[0].value == "sam@example.com"
    app.text_area[0].set_value("sam@example.com\nolivia@example.com")
    click(app, "Save who is told")
    assert console.store.read(event.id, CALL_LIST).addresses == ("sam@example.com", "olivia@example.com")
    assert "Something of this was changed" not in texts(app)


def test_another_event_has_a_form_of_its_own(browser: Browser, console: Console, event: Event) -> None:
    console.store.save_event(replace(event, id="ev-2", name="Winter Cup"))
    console.store.update("ev-2", CALL_LIST, lambda _: CallList(("winter@example.com",)))
    app = browser.open(PAGE, state={"setup-part": "Alarms"})
    app.text_area[0].set_value("olivia@example.com")
    click(app, "Save who is told")
    app.query_params["event"] = "ev-2"
    app.run()
    assert [each.value for each in app.text_area] == ["winter@example.com"]


def test_an_address_that_was_refused_stays_to_be_corrected_and_one_that_was_taken_goes(
    browser: Browser, console: Console, event: Event
) -> None:
    def address(app: AppTest) -> TextInput:
        return next(each for each in app.text_input if each.label == "Address of somebody who runs the deployment")

    app = browser.open(PAGE, state={"setup-part": "Staff"})
    address(app).set_value("nobody")
    click(app, "Keep this address out")
    assert app.error
    assert address(app).value == "nobody"
    address(app).set_value("admin@example.com")
    click(app, "Keep this address out")
    assert not app.error
    assert address(app).value == ""


def test_hours_of_a_cohort_stay_typed_and_leave_a_colleagues_alone(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    app = browser.open(PAGE, state={"setup-part": "Hours per cohort"})
    widget = next(table.proto.id for table in app.dataframe if "cohorts-ev-1" in table.proto.id)
    editor = widget[widget.index("cohorts-ev-1") :]
    app.session_state[editor] = {"edited_rows": {0: {"Hours": 8.0}}, "added_rows": [], "deleted_rows": []}
    app.run()
    console.store.amend_event(event.id, lambda one: replace(one, cohort_quotas={"office:Elsewhere": Quota(60, 3)}))
    looked_at(app, "Sponsorship")
    looked_at(app, "Hours per cohort")
    assert "Not saved yet" in texts(app)
    assert "Something of this was changed" in texts(app)
    click(app, "Save the hours")
    kept = console.store.event(event.id).cohort_quotas
    assert sorted(quota.minutes for quota in kept.values()) == [60, 480]
    assert "office:Elsewhere" in kept

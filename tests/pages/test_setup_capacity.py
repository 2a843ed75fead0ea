"""Set up, Slots and hours: the page asks and goes on; green only where simulated events say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from deepracer_admin.records.capacity import PLAN_CHOICES, SLOT_QUOTAS, SlotQuotas
from deepracer_admin.rules.capacity import Band, Plan, outlook
from deepracer_admin.services.setup.capacity_desk import CapacityDesk
from tests.pages.conftest import NOW, Browser, click, texts

PAGE = "pages/plan/setup.py"
SLOTS = {"setup-part": "Slots and hours"}
SMALL = asdict(outlook(Plan(people=6, hours_per_person=0.5, models_per_person=-1, window_h=0.5, slots=8), runs=2))


class Answers:
    """Says what a test wants to be said of whatever plan."""

    def __init__(self) -> None:
        self.fits = False
        self.fails = False

    def ask(self, kind: str, plan: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if self.fails:
            return None
        if kind == "enough":
            return {"found": {"slots": 62, "most_tried": 80, "why": ()}}
        never = asdict(Band(0, 0, 0) if self.fits else Band(100, 114, 120))
        why = () if self.fits else ("114 people of 200 will never train.",)
        return {"found": {**SMALL, "plan": plan, "never_trained": never, "fits": self.fits, "why_not": why}}

    def interrupt(self) -> None:
        pass

    close = interrupt


@pytest.fixture
def answers(console: Console, monkeypatch: pytest.MonkeyPatch) -> Answers:
    made = Answers()
    monkeypatch.setattr(console.plans, "_calculator", made)
    return made


def work_off(desk: CapacityDesk) -> None:
    while desk.work_once():
        pass


def test_the_page_does_not_wait_and_then_says_it_plainly(
    browser: Browser, console: Console, event: Event, answers: Answers
) -> None:
    app = browser.open(PAGE, state=SLOTS)
    assert "Being worked out: some seconds" in texts(app)
    work_off(console.plans)
    app.run()
    shown = texts(app)
    assert "With 8 slots 114 of 200 people will never train; 62 slots are enough" in shown
    assert "The plan does not fit" in shown
    assert "The plan fits" not in shown
    assert "Never train of 200 people | 100 | 114 | 120" in shown
    codes = "\n".join(each.value for each in app.code)
    assert "L-1EC4D7FD" in codes
    assert "L-00C91CB5" in codes
    assert "--desired-value 62" in codes


def test_green_stands_there_only_when_the_simulation_says_so(
    browser: Browser, console: Console, event: Event, answers: Answers
) -> None:
    answers.fits = True
    app = browser.open(PAGE, state=SLOTS)
    assert ":green-badge" not in texts(app).split("now not known")[0]
    work_off(console.plans)
    app.run()
    assert "The plan fits" in texts(app)


def test_moving_an_input_asks_anew_and_saves_nothing(
    browser: Browser, console: Console, event: Event, answers: Answers
) -> None:
    app = browser.open(PAGE, state=SLOTS)
    work_off(console.plans)
    app.run()
    field = next(each for each in app.number_input if each.label.startswith("Slots"))
    field.set_value(62).run()
    assert "Being worked out" in texts(app)
    assert console.store.event(event.id).slots == 8
    click(app, "plan-keep")
    assert console.store.event(event.id).slots == 62
    assert console.store.read(event.id, PLAN_CHOICES).arrivals == "weeks"
    assert not app.error


def looked_at(app: AppTest, part: str) -> None:
    """Another part of the page, as its tab opens it: by the address."""
    app.query_params["setup-part"] = part
    app.session_state["setup-part"] = part
    app.run()


def test_what_was_moved_stays_moved_while_another_part_is_looked_at(
    browser: Browser, console: Console, event: Event, answers: Answers
) -> None:
    app = browser.open(PAGE, state=SLOTS)
    slots = next(str(each.key) for each in app.number_input if each.label.startswith("Slots"))
    hours = next(str(each.key) for each in app.number_input if each.label.startswith("Hours a person"))
    app.number_input(key=slots).set_value(62)
    app.checkbox(key=f"{hours}-none").check().run()
    looked_at(app, "Prices")
    assert slots not in [each.key for each in app.number_input]
    looked_at(app, "Slots and hours")
    assert app.number_input(key=slots).value == 62
    assert app.checkbox(key=f"{hours}-none").value
    assert app.number_input(key=hours).disabled
    assert console.store.event(event.id).slots == 8


def test_a_calculation_that_failed_is_said(browser: Browser, console: Console, event: Event, answers: Answers) -> None:
    answers.fails = True
    app = browser.open(PAGE, state=SLOTS)
    work_off(console.plans)
    app.run()
    assert any("did not come through" in each.value for each in app.warning)


def test_quotas_that_were_read_are_shown_with_their_age(browser: Browser, console: Console, event: Event) -> None:
    console.store.keep(event.id, SLOT_QUOTAS, SlotQuotas(100, 6, "eu-west-1", NOW))
    shown = texts(browser.open(PAGE, state=SLOTS))
    assert "100 instances of ml.c7i.4xlarge and 6 in all in eu" in shown
    assert "AWS Service Quotas" in shown
    click(browser.open(PAGE, state=SLOTS), "quotas-read")
    assert [job.kind for job in console.store.jobs(event.id, live=True)] == ["quotas.read"]

"""Plans are asked for and worked off beside the pages: the newest first, none twice, and no failure for ever."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest

from deepracer_admin import capacity_process
from deepracer_admin.errors import BadInput
from deepracer_admin.rules.capacity import Plan, outlook
from deepracer_admin.services.setup.capacity_child import ChildCalculator
from deepracer_admin.services.setup.capacity_desk import CapacityDesk

PLAN = Plan(people=8, hours_per_person=0.5, models_per_person=-1, window_h=0.5, slots=4)
OTHER = replace(PLAN, slots=5)
FOUND = asdict(outlook(PLAN, runs=2))
ENOUGH = {"slots": 4, "most_tried": 8, "why": ()}


class Answers:
    """A calculator that answers at once and notes what it was asked; None while `fails`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.fails = False
        self.interrupted = 0
        self.on_ask: Any = lambda kind: None

    def ask(self, kind: str, plan: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self.asked.append((kind, plan["slots"]))
        self.on_ask(kind)
        if self.fails:
            return None
        return {"found": {**FOUND, "plan": plan} if kind == "outlook" else ENOUGH}

    def interrupt(self) -> None:
        self.interrupted += 1

    def close(self) -> None:
        self.interrupted += 1


@pytest.fixture
def answers() -> Answers:
    return Answers()


def test_a_page_never_waits_and_sees_what_is_known_by_then(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    assert desk.look(PLAN).is_working
    assert answers.asked == []
    assert desk.work_once()
    half = desk.look(PLAN)
    assert half.outlook is not None
    assert half.outlook.plan == PLAN
    assert half.is_working
    assert desk.work_once()
    assert desk.look(PLAN).enough is not None
    assert not desk.look(PLAN).is_working
    assert not desk.work_once()
    assert answers.asked == [("outlook", 4), ("enough", 4)]


def test_the_newest_plan_goes_first_and_old_ones_are_let_go(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    for slots in range(10):
        desk.look(replace(PLAN, slots=slots))
    while desk.work_once():
        pass
    assert [slots for kind, slots in answers.asked if kind == "outlook"] == [9, 8, 7, 6]
    assert [kind for kind, _ in answers.asked] == ["outlook"] * 4 + ["enough"] * 4


def test_whoever_asks_for_the_outlook_alone_has_nothing_else_worked_out(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    desk.look(PLAN, slots=False)
    while desk.work_once():
        pass
    assert answers.asked == [("outlook", 4)]
    assert desk.look(PLAN, slots=False).outlook is not None
    desk.look(PLAN)
    while desk.work_once():
        pass
    assert answers.asked == [("outlook", 4), ("enough", 4)]
    assert not desk.look(PLAN).is_working


def test_a_newer_plan_ends_the_search_for_an_older_one(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    desk.look(PLAN)
    desk.work_once()

    def somebody_moves_a_slider(kind: str) -> None:
        if kind == "enough" and not answers.fails:
            answers.fails = True
            desk.look(OTHER)

    answers.on_ask = somebody_moves_a_slider
    desk.work_once()
    assert answers.interrupted == 1
    assert not desk.look(PLAN).trouble, "it was given up, not tried in vain"
    answers.fails, answers.on_ask = False, lambda kind: None
    desk.look(OTHER)
    desk.work_once()
    assert answers.asked[-1] == ("outlook", 5)


def test_what_failed_is_said_and_tried_again_after_a_minute(answers: Answers) -> None:
    now = [0.0]
    desk = CapacityDesk(answers, lambda: now[0])
    answers.fails = True
    desk.look(PLAN)
    desk.work_once()
    assert "did not come through" in desk.look(PLAN).trouble
    assert not desk.work_once(), "not again and again"
    answers.fails, now[0] = False, 61.0
    assert desk.look(PLAN).is_working
    desk.work_once()
    assert desk.look(PLAN).outlook is not None


def test_an_answer_that_is_none_is_trouble_and_no_crash(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    answers.ask = lambda kind, plan: {"found": {"nonsense": 1}}  # type: ignore[method-assign]
    desk.look(PLAN)
    desk.work_once()
    assert desk.look(PLAN).trouble


def test_a_plan_that_cannot_be_is_refused_at_once(answers: Answers) -> None:
    desk = CapacityDesk(answers, lambda: 0.0)
    with pytest.raises(BadInput, match="People"):
        desk.look(replace(PLAN, people=0))
    assert not desk.work_once()


def test_the_thread_works_and_ends(answers: Answers) -> None:
    done = threading.Event()
    answers.on_ask = lambda kind: done.set() if kind == "enough" else None
    desk = CapacityDesk(answers, lambda: 0.0)
    desk.start()
    desk.look(PLAN)
    assert done.wait(300)
    desk.close()
    assert desk._thread is not None
    assert not desk._thread.is_alive()


def test_the_child_answers_a_line_with_a_line() -> None:
    said = io.StringIO()
    wrong = {"kind": "outlook", "plan": {**asdict(PLAN), "people": 0}}
    asked = "\n".join(json.dumps(each) for each in ({"kind": "outlook", "plan": asdict(PLAN)}, wrong))
    assert capacity_process.main(io.StringIO(asked), said) == 0
    good, refused = (json.loads(line) for line in said.getvalue().splitlines())
    assert good["found"]["runs"] == 20
    assert refused["refused"].startswith("People")


def test_a_real_child_is_started_killed_and_started_again() -> None:
    child = ChildCalculator()
    try:
        answer = child.ask("outlook", asdict(PLAN))
        assert answer is not None
        child.interrupt()
        again = child.ask("outlook", asdict(PLAN))
        assert again == answer
    finally:
        child.close()


def test_a_child_that_dies_gives_no_answer() -> None:
    child = ChildCalculator([sys.executable, "-c", "raise SystemExit(1)"])
    assert child.ask("outlook", asdict(PLAN)) is None
    child.close()

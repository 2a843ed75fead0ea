"""The event that a pre-flight simulates: in a child, with the same outcome, ended whatever it does."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from deepracer_admin.errors import BadInput, Unavailable
from deepracer_admin.rules.capacity import Plan, outlook
from deepracer_admin.services.setup import capacity_child
from deepracer_admin.services.setup.capacity_child import ChildCalculator, outlook_apart

PLAN = Plan(people=6, hours_per_person=0.5, models_per_person=-1, window_h=0.5, slots=8)
ROOT = Path(__file__).resolve().parents[3]


def test_it_is_what_the_arithmetic_says() -> None:
    assert outlook_apart(PLAN) == outlook(PLAN)
    with pytest.raises(BadInput, match=r"\w"):
        outlook_apart(Plan(people=0, hours_per_person=1.0, models_per_person=1, window_h=1.0, slots=1))


@pytest.mark.parametrize(
    "program",
    ["raise SystemExit(3)", "print('no answer', flush=True); input()", "input(); input()", "input(); print('{}')"],
    ids=["dies", "talks nonsense", "hangs", "answers something else"],
)
def test_a_child_that_has_no_answer_leaves_it_not_known_and_is_ended(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    started: list[ChildCalculator] = []

    def start() -> ChildCalculator:
        longest = 0.01 if "input(); input()" in program else 120.0
        started.append(ChildCalculator((sys.executable, "-c", program), seconds=longest))
        return started[-1]

    monkeypatch.setattr(capacity_child, "ChildCalculator", start)
    with pytest.raises(Unavailable, match="did not come through"):
        outlook_apart(PLAN)
    assert [each._child for each in started] == [None]


def test_nobody_simulates_an_event_in_the_consoles_own_process() -> None:
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "deepracer_admin").rglob("*.py")
        if "rules/capacity" not in path.as_posix() and "outlook" in (text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("outlook", "enough_slots")
    }
    assert callers == {"deepracer_admin/capacity_process.py"}

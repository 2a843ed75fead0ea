"""Numbers are written alike: a table says 2,000 where the sentence beside it does, and over the budget is red."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from tests.pages.conftest import Browser
from tests.pages.test_many_people import listed

UI = Path(__file__).parents[2] / "deepracer_admin" / "ui"
POSITIONS = {"Row", "Line", "No.", "Place", "Tries", "Hours", "Laps"}
"""Which one it is, or never many: written as it is."""


def unwritten(app: Any) -> Iterator[str]:
    """Tables on the page with a column of numbers that no format writes."""
    for table in app.dataframe:
        columns = json.loads(table.proto.columns or "{}")
        for title, kind in table.value.dtypes.items():
            form = (columns.get(title, {}).get("type_config") or {}).get("format")
            if kind.kind in "iuf" and title not in POSITIONS and not form:
                yield f"{table.proto.id}: {title}"


@pytest.mark.parametrize(
    ("page", "table"),
    [("pages/plan/event.py", "People"), ("pages/run/onboarding.py", "Done"), ("pages/run/usage.py", "Used (h)")],
)
def test_every_column_of_numbers_says_how_it_is_written(
    console: Console, event: Event, browser: Browser, page: str, table: str
) -> None:
    listed(console, event, 0, 30)
    app = browser.open(page)
    assert any(table in each.value for each in app.dataframe), "the page shows no such table"
    assert [*unwritten(app)] == []


def test_a_number_column_is_a_position_or_has_a_format() -> None:
    found: list[str] = []
    for file in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Dict):
                continue
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(value, ast.Call)
                    and isinstance(value.func, ast.Attribute)
                    and value.func.attr == "NumberColumn"
                    and not any(each.arg == "format" for each in value.keywords)
                    and not (isinstance(key, ast.Constant) and key.value in POSITIONS)
                ):
                    found.append(f"{file.name}:{value.lineno}")
    assert found == []


@pytest.mark.parametrize(("budget", "colour", "sign"), [(10_000_000.0, "GRAY", ""), (1.0, "RED", "✗ ")])
def test_over_the_budget_is_red_and_has_a_sign(
    console: Console, event: Event, browser: Browser, budget: float, colour: str, sign: str
) -> None:
    listed(console, event, 0, 20)
    console.store.save_event(replace(event, budget_usd=budget))
    app = browser.open("pages/run/usage.py")
    for label in ("Spend so far (estimate)", "Committed on top (estimate)"):
        [figure] = [each for each in app.metric if each.label == label]
        assert type(figure.proto).MetricColor.Name(figure.proto.color) == colour
        assert figure.delta.removeprefix("with it ").startswith(sign)
        assert ("✗" in figure.delta) is bool(sign)

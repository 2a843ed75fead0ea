"""What takes something away for good, or access from people, is drawn in red: every such button of the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.ui.kit.danger import DANGER, LOOK, is_danger

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*(ROOT / "pages").rglob("*.py"), *(ROOT / "deepracer_admin" / "ui").rglob("*.py")])
DESTROYS = re.compile(
    r"(Delete|Erase|Remove|Take (out|away|it away|off)|Withdraw|Disqualify|Close the event|Turn off)\b"
)
HARMLESS = {
    "*-expel": "one racer leaves one race's list; their results stay, and the same place puts them back",
}


def text_of(node: ast.expr | None) -> str | None:
    """A string, with `*` where something is put in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)  # type: ignore[misc]
    return None


def buttons() -> Iterator[tuple[str, str, str]]:
    """(where, label, key) of every button of the source whose label stands there."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in ("button", "press", "form_submit_button") or not node.args:
                continue
            key = next((each.value for each in node.keywords if each.arg == "key"), None)
            label = text_of(node.args[0])
            if label and (found := text_of(key)):
                yield f"{source.name}:{node.lineno}", label, found


def test_every_button_that_destroys_is_red() -> None:
    found = {(where, label, key) for where, label, key in buttons() if DESTROYS.match(label)}
    assert len(found) > 8
    plain = {(where, label, key) for where, label, key in found if not is_danger(key.replace("*", "x", 1))}
    assert {key for _, _, key in plain} <= {*HARMLESS}, plain


def test_no_key_of_the_table_is_forgotten() -> None:
    source = "\n".join(each.read_text("utf-8") for each in SOURCES if each.name != "danger.py")
    assert [key for key in DANGER if key.strip("*").split("*")[-1] not in source] == []


@pytest.mark.parametrize(
    ("key", "red"),
    [
        ("race-delete", True),
        ("race-delete-go", True),
        ("person-at-1-erase", True),
        ("race-new", False),
        ("erase", False),
    ],
)
def test_a_key_is_red_by_the_table_alone(key: str, red: bool) -> None:
    assert is_danger(key) is red


def test_the_style_is_for_the_buttons_of_the_table() -> None:
    assert ".st-key-race-delete button" in LOOK
    assert ".st-key-race-delete-go button" in LOOK
    assert '[class*="st-key-person-"][class*="-erase"] button' in LOOK

"""Whom an act reaches: every act of every service says it, and what takes people takes those who stood on the page.

A press runs a moment after the page was drawn, and people come and go. So an act either takes the ids that were shown,
or is about one, or by its words about everybody, or about nobody.
"""

from __future__ import annotations

import ast
import inspect
import typing
from pathlib import Path

import pytest

from deepracer_admin.compose import EventDesk
from deepracer_admin.services.base import Service

ROOT = Path(__file__).resolve().parents[2]
SCREENS = sorted([*(ROOT / "pages").rglob("*.py"), *(ROOT / "deepracer_admin" / "ui").rglob("*.py")])
PEOPLE = {"attendees", "keys", "take_out"}
"""What a parameter with several people is called."""

NAMED = {
    *("messages.send", "onboarding.retry", "onboarding.remove", "passwords.resend"),
    *("usage.set_quotas", "usage.sponsor", "usage.delete_models", "races.admit", "races.expel"),
    *("attendees.run_import", "attendees.export"),
    *("several.send_again", "several.try_again", "several.take_off"),
}
"""These reach the people they are given, and nobody else."""
READS = {"usage.plan_quotas", "usage.given_elsewhere", "several.reach"}
"""These say what would be."""
EVERYBODY = {
    "onboarding.start": "everybody on the list, now and later; the page says so",
    "onboarding.pause": "stops it for everybody",
    "closeout.start": "the whole event, whose name is typed",
    "events.switch_sponsorship": "all profiles of the event, or of the account",
    "races.drop_list": "the race is for everybody again",
    "races.delete": "one race with all its results",
    "jobs.undo": "those whom that job reached",
    "attendees.undo_import": "those whom that import reached",
}
"""These name nobody, because they are about all by their own words; the dialog says how many that is at the moment."""


def methods() -> dict[str, set[str]]:
    """Parameters of every method of every service."""
    return {
        f"{name}.{method}": {*inspect.signature(function).parameters}
        for name, kind in typing.get_type_hints(EventDesk).items()
        if inspect.isclass(kind) and issubclass(kind, Service)
        for method, function in inspect.getmembers(kind, inspect.isfunction)
        if not method.startswith("_")
    }


def test_every_act_that_takes_people_is_known() -> None:
    """A new one is put into the table, and its screen hands over ids."""
    takes = {name for name, parameters in methods().items() if parameters & PEOPLE}
    assert takes == NAMED | READS


def test_every_act_about_everybody_is_still_there_and_takes_nobody() -> None:
    known = methods()
    assert {*EVERYBODY} <= {*known}
    assert not any(known[name] & PEOPLE for name in EVERYBODY)


def calls_of(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [
        (node.func.attr, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_screen_hands_over_whom_it_named(path: Path) -> None:
    """The mails and the retries work their people out by themselves: they take what stood there at the press, or what
    the dialog of the press names, which it works out once, when it opens."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    dialogs = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "confirm" in ast.unparse(node.func)]
    confirmed = {id(inside) for dialog in dialogs for inside in ast.walk(dialog)}
    for called, call in calls_of(tree):
        owner = ast.unparse(call.func).rpartition(".")[0].rpartition(".")[2]
        if f"{owner}.{called}" in ("messages.send", "onboarding.retry"):
            given = {word.arg: ast.unparse(word.value) for word in call.keywords}.get("attendees", "")
            named = bool(given) and "(" not in given.replace("()", "") if id(call) in confirmed else False
            assert named or given.startswith("as_shown("), f"{path.name}:{call.lineno} {called}"


def test_no_act_means_everybody_by_naming_nobody() -> None:
    """An empty choice is nobody, never all."""
    source = (ROOT / "deepracer_admin" / "services").rglob("*.py")
    for path in source:
        assert "if attendees else [*" not in path.read_text(encoding="utf-8"), path

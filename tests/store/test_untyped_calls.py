"""Nobody writes a value without a type: it is declared in records/ and changed through the store's typed methods.

`LEFT` are the files that still call the untyped ones; a file that does no more is taken off, and none is added.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import deepracer_admin

PACKAGE = Path(deepracer_admin.__file__).parent
SOURCES = [
    path
    for path in (*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "pages").rglob("*.py"), PACKAGE.parent / "app.py")
    if path.relative_to(PACKAGE.parent).parts[1:2] not in (("store",), ("rehearsal",))
]
LEFT = {
    "flows/closeout/freeze_boards.py",
    "flows/closeout/run.py",
    "flows/letters.py",
    "flows/mail/campaigns.py",
    "flows/mail/sender.py",
    "flows/races/entrants.py",
    "flows/races/race_jobs.py",
    "flows/races/watch.py",
    "flows/readings/profiles.py",
    "flows/setup/connect_check.py",
    "flows/setup/staff.py",
    "rehearse.py",
    "services/access/passwords.py",
    "services/mail/messages.py",
    "services/races/boards.py",
    "services/races/entrants.py",
    "services/races/races.py",
    "services/setup/connection.py",
    "services/setup/events.py",
    "services/setup/racing_choice.py",
    "services/setup/sponsorship.py",
    "services/setup/staff.py",
    "worker/event_runtime.py",
    "worker/practice.py",
}  # fmt: skip
SAVE_EVENTS = {
    "services/setup/events.py",  # a new event
}  # fmt: skip
SAVE_PEOPLE = {
    "services/people/attendees.py",  # new people, and those whom an undo brings back
    "services/people/one_person.py",  # a walk-up
}  # fmt: skip


def calls(names: set[str]) -> Iterator[str]:
    """Files that call such a method of something that is called a store."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in names
                and ast.unparse(node.func.value).endswith("store")
            ):
                yield path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


def test_only_what_is_left_calls_the_untyped_methods() -> None:
    assert {*calls({"get", "put", "amend"})} == LEFT


def test_an_event_is_saved_only_when_it_is_made() -> None:
    assert {*calls({"save_event"})} == SAVE_EVENTS


def test_people_are_saved_only_when_they_come_onto_the_list() -> None:
    assert {*calls({"save_attendees"})} == SAVE_PEOPLE

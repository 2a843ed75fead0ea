"""Nobody writes a value without a type: it is declared in records/ and changed through the store's typed methods."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import deepracer_admin
from deepracer_admin.records import every
from deepracer_admin.store import EventStore
from deepracer_admin.store.sqlite import SqliteEventStore
from deepracer_admin.store.version_4 import MOVES

PACKAGE = Path(deepracer_admin.__file__).parent
ROOT = PACKAGE.parent
SOURCES = [
    path
    for path in (*PACKAGE.rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py")
    if path.relative_to(ROOT).parts[1:2] not in (("store",), ("rehearsal",))
]
SAVE_EVENTS = {
    "services/setup/events.py",  # a new event
}  # fmt: skip
SAVE_PEOPLE = {
    "flows/people/joining.py",  # new people, and those whom an undo brings back
    "services/people/one_person.py",  # a walk-up
}  # fmt: skip


def untyped(path: Path, names: set[str]) -> Iterator[ast.Call]:
    """Calls of such a method of something that is called a store."""
    text = path.read_text(encoding="utf-8")
    if not re.search(rf"store[\s\\)\]]*\.\s*({'|'.join(names)})\s*\(", text):
        return  # and need not be taken apart
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in names
            and ast.unparse(node.func.value).endswith("store")
        ):
            yield node


def calls(names: set[str]) -> Iterator[str]:
    """Files that make such calls."""
    for path in SOURCES:
        if any(untyped(path, names)):
            yield path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


def test_there_are_no_untyped_methods_and_nobody_calls_them() -> None:
    assert not {"get", "put", "amend"} & {*dir(EventStore), *dir(SqliteEventStore)}
    assert {*calls({"get", "put", "amend"})} == set()


def test_an_event_is_saved_only_when_it_is_made() -> None:
    assert {*calls({"save_event"})} == SAVE_EVENTS


def test_people_are_saved_only_when_they_come_onto_the_list() -> None:
    assert {*calls({"save_attendees"})} == SAVE_PEOPLE


def test_no_untyped_call_names_what_has_a_type() -> None:
    """It would read and write beside the typed value."""
    typed = {*every(), *MOVES}
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{call.lineno} {word.value}"
        for path in [
            *SOURCES,
            *(ROOT / "tests").rglob("*.py"),
            *(ROOT / "benchmarks").rglob("*.py"),
        ]
        for call in untyped(path, {"get", "put", "amend"})
        for word in call.args[1:2]
        if isinstance(word, ast.Constant) and word.value in typed and "tests/store/" not in path.as_posix()
    }
    assert found == set()


def test_a_call_that_is_broken_over_lines_is_found_too(tmp_path: Path) -> None:
    path = tmp_path / "made.py"
    text = "x = ((self.ports.store)\n    .get ('', 'x'))\nstore . put('', 'y')\nbox.get('z')\n"
    path.write_text(text, encoding="utf-8")
    assert len([*untyped(path, {"get", "put", "amend"})]) == 2

"""Tests own their clock: none sleeps, and none gives a machine that is slow less time than it may need."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
SHORTEST_PATIENCE_S = 300.0
"""What only ends a test that hangs may not end one on a machine that is busy: two seconds alone were a minute there."""

WAITING = {"wait", "join", "acquire", "communicate", "result"}
ASKING = {
    f"httpx.{word}"
    for word in (
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "request",
        "stream",
        "Client",
        "AsyncClient",
    )
}
SLEEPING = {"time.sleep", "sleep", "asyncio.sleep"}

PROCESSES = {
    "console_process.py",
    "e2e/test_chosen_people.py",
    "e2e/test_journeys.py",
    "e2e/test_static_portal.py",
    "faults/calling.py",
    "faults/client.py",
    "faults/closing.py",
    "faults/killing.py",
    "faults/stream.py",
    "faults/test_kills.py",
    "faults/test_shared_table.py",
    "practice.py",
    "start/test_children.py",
    "store/test_sqlite_processes.py",
    "test_command_line.py",
}
"""They look again and again, for minutes, whether another process is ready."""
OWN_RATE = {"directory/test_identity_center.py", "flows/access/test_proof.py"}
"""They keep to the rate that a practice service allows in real time; slower is as good."""
POLLS = {
    "console_process.py",
    "directory/test_graph_client.py",
    "edge/adapters.py",
    "faults/calling.py",
    "faults/closing.py",
    "faults/test_kills.py",
    "files/test_process.py",
    "flows/conftest.py",
    "flows/mail/test_claims.py",
    "services/mail/test_steering.py",
    "worker/test_two_events.py",
}
"""Short by intention: they ask once more, or let another thread run for a moment."""


def sources() -> list[Path]:
    return [path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__)]


def calls(path: Path, words: Iterable[str]) -> Iterator[tuple[ast.Call, str]]:
    """Calls of a file that holds one of these words; most hold none, and need not be taken apart."""
    text = path.read_text(encoding="utf-8")
    if not any(word in text for word in words):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node, ast.unparse(node.func)


def sleeps(path: Path) -> list[int]:
    """Lines on which a test sleeps; a pause of nothing only lets others run."""
    return [
        call.lineno
        for call, name in calls(path, ["sleep"])
        if name in SLEEPING and not (call.args and ast.unparse(call.args[0]) == "0")
    ]


def short_patience(path: Path) -> list[int]:
    """Lines that end a test after less than five minutes; httpx waits five seconds where nothing is said."""
    found = []
    for call, name in calls(path, ["timeout", "patience", "httpx.", *(f".{word}(" for word in WAITING)]):
        if name in ASKING and not any(each.arg in ("timeout", None) for each in call.keywords):
            found.append(call.lineno)
        given = [value for word, value in _named(call) if word in ("timeout", "timeout_s", "patience")]
        if name.rpartition(".")[2] in WAITING and "." in name and not name.startswith("clock."):
            given += call.args[:1]
        seconds = [each.value for each in given if isinstance(each, ast.Constant) and _is_number(each.value)]
        if any(0 < each < SHORTEST_PATIENCE_S for each in seconds):
            found.append(call.lineno)
    return found


def _named(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call gives by name, also by `**{...}`."""
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.value
        elif isinstance(keyword.value, ast.Dict):
            yield from (
                (key.value, value)
                for key, value in zip(keyword.value.keys, keyword.value.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def names(found: dict[str, list[int]]) -> set[str]:
    return {name for name, lines in found.items() if lines}


def test_only_who_must_sleeps() -> None:
    found = {path.relative_to(TESTS).as_posix(): sleeps(path) for path in sources()}
    assert names(found) == PROCESSES | OWN_RATE, found


def test_nobody_is_hurried() -> None:
    found = {path.relative_to(TESTS).as_posix(): short_patience(path) for path in sources()}
    assert names(found) == POLLS, found


def test_a_property_may_take_its_time() -> None:
    """Hypothesis gives an example 0.2 s by itself, and examples together a second to be thought of."""
    assert settings.default is not None
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check
    hurried = [
        path.name
        for path in sources()
        for call, name in calls(path, ["deadline"])
        for given in call.keywords
        if name == "settings" and given.arg == "deadline" and ast.unparse(given.value) != "None"
    ]
    assert hurried == []


@pytest.mark.parametrize(
    "line",
    ["time.sleep(0.1)", "sleep(seconds)", "asyncio.sleep(1)"],
)
def test_a_sleep_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "test_new.py").write_text(f"import time\n\n\ndef test_it():\n    {line}\n", encoding="utf-8")
    assert sleeps(tmp_path / "test_new.py") == [5]


@pytest.mark.parametrize(
    "line",
    [
        "thread.join(5)",
        "process.wait(timeout=10)",
        "httpx.get(url, timeout=5.0)",
        "httpx.Client(trust_env=False)",
        "get(**{'timeout_s': 5})",
    ],
)
def test_a_short_patience_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "test_new.py").write_text(f"def test_it():\n    {line}\n", encoding="utf-8")
    assert short_patience(tmp_path / "test_new.py") == [2]

"""May it be asked again? One rule, and every loop that repeats a call asks it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deepracer_admin.edge.repeats import Repeats, may_repeat, status_may_repeat
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)

PACKAGE = Path(__file__).resolve().parents[2] / "deepracer_admin"
PASSING = (Throttled, Unreachable, Unavailable, LostAnswer)
FINAL = (Refused, NotThere, Unsupported, AccessDenied, CredentialsExpired)


@pytest.mark.parametrize("kind", [*PASSING, *FINAL])
def test_what_may_have_been_done_is_not_asked_again_unless_that_is_harmless(kind: type[ServiceError]) -> None:
    error = kind("A sentence.")
    assert may_repeat(error, harmless=True) == (kind in PASSING)
    assert not may_repeat(error, harmless=False)
    assert may_repeat(error, harmless=False, undone=(Unreachable,)) == (kind is Unreachable)


def test_a_status_says_the_same() -> None:
    for status in (0, 408, 409, 423, 425, 429, 500, 502, 503, 504):
        assert status_may_repeat(status, harmless=True)
        assert not status_may_repeat(status, harmless=False)
    for status in (200, 400, 401, 403, 404, 407):
        assert not status_may_repeat(status, harmless=True)
    assert status_may_repeat(429, harmless=False, undone=frozenset({429}))


def test_waits_grow_and_end() -> None:
    repeats = Repeats(attempts=4, first=0.25, longest=4.0, in_all=60.0)
    error = Unavailable("A sentence.")
    waits = [repeats.wait(error, harmless=True, attempt=n, waited=0.0) for n in (1, 2, 3)]
    assert all(wait is not None and 0.25 <= wait <= 4.0 for wait in waits)
    assert repeats.wait(error, harmless=True, attempt=4, waited=0.0) is None
    assert repeats.wait(error, harmless=True, attempt=1, waited=59.9) is None
    short = repeats.wait(Throttled("A sentence.", retry_after=2.0), harmless=True, attempt=1, waited=0.0)
    assert short is not None
    assert 2.0 <= short <= 2.5
    long = Throttled("A sentence.", retry_after=300.0)
    assert repeats.wait(long, harmless=True, attempt=1, waited=0.0) is None, "the caller comes back later"


def test_every_loop_that_waits_before_a_repeat_asks_the_rule() -> None:
    waiting = {
        str(path.relative_to(PACKAGE)).replace("\\", "/")
        for room in ("racing", "directory", "mail")
        for path in (PACKAGE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("sleep", "_sleep", "pause")
    }
    asking = {
        str(path.relative_to(PACKAGE)).replace("\\", "/")
        for path in PACKAGE.rglob("*.py")
        if "from deepracer_admin.edge.repeats import" in path.read_text("utf-8")
    }
    waits_for_a_read_back = {"racing/on_aws/quotas.py"}
    assert waiting - waits_for_a_read_back == asking

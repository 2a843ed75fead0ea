"""Readings on a bad day: one hangs, one throws, one is refused, one is slowed down; the others are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import AccessDenied, Throttled, Unavailable
from deepracer_admin.flows.setup.bounded import read_all
from deepracer_admin.rules.preflight.facts import Kind


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a probe that hangs waits for; opened at the end, so that no thread is left."""
    opened = threading.Event()
    yield opened
    opened.set()


def test_one_that_hangs_is_not_known_and_holds_nobody_up(gate: threading.Event) -> None:
    found = read_all(
        {"stuck": ("the stuck service", gate.wait), "well": ("the other", lambda: 7)}, SystemClock(), longest_s=0.2
    )
    assert found["well"].value == 7
    trouble = found["stuck"].trouble
    assert trouble is not None
    assert (trouble.kind, trouble.sentence) == (Kind.PASSING, "the stuck service did not answer within 0.2 s.")


def test_who_may_take_longer_is_waited_for(gate: threading.Event) -> None:
    def slow() -> int:
        threading.Timer(0.3, gate.set).start()
        gate.wait(300)
        return 8

    found = read_all({"slow": ("it", slow)}, SystemClock(), longest_s=0.05, longer_s={"slow": 60.0})
    assert found["slow"].value == 8


def _throw(error: Exception) -> None:
    raise error


def test_a_refusal_is_evidence_and_nothing_else_is() -> None:
    troubles = {
        "denied": AccessDenied("The role is missing.", code="firewall"),
        "busy": Throttled("Too many requests."),
        "page": Unavailable("Something answered in its place."),
        "bug": ZeroDivisionError("secret"),
    }
    probes = {name: (name, lambda error=error: _throw(error)) for name, error in troubles.items()}
    found = read_all(probes, SystemClock())
    kinds = {name: read.trouble.kind for name, read in found.items() if read.trouble}
    assert kinds == {"denied": Kind.REFUSED, "busy": Kind.PASSING, "page": Kind.PASSING, "bug": Kind.PASSING}
    denied, bug = found["denied"].trouble, found["bug"].trouble
    assert denied
    assert denied.code == "firewall"
    assert bug
    assert "secret" not in bug.sentence
    assert "I-" in bug.sentence

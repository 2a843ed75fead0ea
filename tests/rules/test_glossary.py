"""The words of the field: the page is made of the module, and what no screen says is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepracer_admin.model import State
from deepracer_admin.rules.glossary import STATES, TERMS, forbidden_in

PAGE = Path(__file__).resolve().parents[2] / "docs/words.md"


def test_the_page_says_every_term_and_no_other() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert {row[0].strip("| "): row[1].rstrip(" |") for row in rows[1:]} == dict(TERMS)


def test_every_state_of_a_step_has_a_name() -> None:
    assert {state.value for state in State} <= STATES.keys()


@pytest.mark.parametrize(
    "shown",
    [
        "The worker waits.",
        "reads back not known",
        "Limit: -1",
        "None",
        "nan h",
        "job-0123456789abcdef is done",
        "Ledger",
    ],
)
def test_what_no_screen_says_is_found(shown: str) -> None:
    assert forbidden_in(shown.replace("Ledger", "the ledger"))


@pytest.mark.parametrize(
    "shown", ["10-12 people", "None of them".lower(), "race 1-1", "at-1", "−1.5 h", "2026-11-29", "co-worker".upper()]
)
def test_what_people_say_is_not(shown: str) -> None:
    assert forbidden_in(shown) == []

"""What a page asks the stores and sends to a browser does not grow with the list while nothing of the event changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Outcome, Profile, Quota, State, Step
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.store import ProfileLink
from tests.pages.conftest import NOW, Browser

FEW, MANY = 120, 600
PAGES: dict[str, list[dict[str, Any]]] = {
    "pages/plan/setup.py": [
        {"setup-part": part}
        for part in ("Settings", "Slots and hours", "Prices", "Pre-flight", "Alarms", "Sponsorship", "Hours per cohort")
    ]
    + [{"setup-part": "Staff"}, {"setup-part": "Other events", "create-another": True}],
    "pages/run/onboarding.py": [{}],
    "pages/run/messages.py": [{}],
    "pages/run/usage.py": [{}],
    "pages/close/closeout.py": [{}],
}
SCENES = [(page, state) for page, states in PAGES.items() for state in states]
LISTS = (
    *("SELECT body FROM attendees", "SELECT attendee, step, state", "SELECT body FROM profiles"),
    *("SELECT attendee, profile, how", "FROM usage_profiles"),
)
"""How a whole list is read; counts, which the frame asks for anew every five seconds, are others."""


def listed(console: Console, event: Event, first: int, end: int) -> None:
    """People of these numbers, everybody with a profile, hours and all steps done but a refused one in a hundred."""
    people = [
        Attendee(f"at-{n}", f"racer{n}@example.com", f"Racer {n}", f"racer-{n}", office=f"Office {n % 7}", added_at=NOW)
        for n in range(first, end)
    ]
    profiles = [
        Profile(f"pr-{n}", f"racer-{n}", f"racer{n}@example.com", minutes_used=60.0 + n % 200, quota=Quota(600, 5))
        for n in range(end)
    ]
    console.store.save_attendees(event.id, people)
    links = [ProfileLink(f"at-{n}", f"pr-{n}", "created", NOW) for n in range(end)]
    console.store.save_profiles(event.id, profiles, seen_at=NOW, lease=None)
    console.store.link(event.id, links)
    done = [
        Outcome(person.id, step, State.REFUSED if n % 100 == 7 else State.DONE, sentence="The mailbox is full.")
        for n, person in enumerate(people)
        for step in Step
    ]
    console.store.record(event.id, done, lease=None, now=NOW)
    console.history.add_usage(event.id, NOW - timedelta(minutes=4), profiles)
    console.history.add_usage(event.id, NOW, profiles)
    console.store.update(event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))


@pytest.fixture
def said(console: Console, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reads from the stores."""
    found: list[str] = []
    for store in (console.store, console.history):
        real = store._borrow  # type: ignore[attr-defined]

        def borrow(real: Any = real) -> sqlite3.Connection:
            connection = real()
            connection.set_trace_callback(found.append)
            return connection

        monkeypatch.setattr(store, "_borrow", borrow)
    return found


def elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from elements(child)
        else:
            yield child


def weight(app: AppTest) -> int:
    return sum(each.proto.ByteSize() for each in elements(app.main) if hasattr(each, "proto"))


def rerun(app: AppTest, said: list[str]) -> list[str]:
    """What a run that shows nothing new reads; of three, for one of them may be that in which the frame looks anew."""
    runs: list[list[str]] = []
    for _ in range(3):
        said.clear()
        app.run()
        assert not app.exception
        assert not app.error
        runs.append([*said])
    return min(runs, key=len)


def test_a_rerun_reads_no_list_and_sends_no_more_for_more_people(
    browser: Browser, console: Console, event: Event, said: list[str]
) -> None:
    listed(console, event, 0, FEW)
    small: dict[str, tuple[int, int]] = {}
    for page, state in SCENES:
        app = browser.open(page, state=state)
        asked = rerun(app, said)
        assert not [each for each in asked if any(name in each for name in LISTS)], (page, state)
        small[f"{page} {state}"] = len(asked), weight(app)
    listed(console, event, FEW, MANY)
    for page, state in SCENES:
        app = browser.open(page, state=state)
        asked = rerun(app, said)
        statements, size = small[f"{page} {state}"]
        assert not [each for each in asked if any(name in each for name in LISTS)], (page, state)
        assert len(asked) <= statements, (page, state, asked)
        assert weight(app) <= 1.1 * size, (page, state)
    assert len(small) == len(SCENES)


def test_the_first_look_at_onboarding_reads_of_the_steps_only_who_is_stuck(
    browser: Browser, console: Console, event: Event, said: list[str]
) -> None:
    listed(console, event, 0, MANY)
    said.clear()
    browser.open("pages/run/onboarding.py")
    whole = [each for each in said if each.startswith("SELECT attendee, step, state")]
    assert whole
    assert all("json_each('[" in each for each in whole), whole

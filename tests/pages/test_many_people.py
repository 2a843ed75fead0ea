"""What a page asks the stores and sends to a browser does not grow with the list while nothing of the event changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks._parts import PARTS, Part, fill_lists
from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Outcome, Profile, Quota, Race, RaceDraft, Standing, State, Step
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.store import ProfileLink
from deepracer_admin.ui.kit.page_table import PAGES
from tests.pages.conftest import NOW, Browser
from tests.ui.choosing import tick_places

FEW, MANY = 260, 780
SCENES = [*(Part(page.address, "", {}) for page in PAGES), *PARTS]
"""Every page as it opens, and every part of one."""
FILES = {page.address: page.file for page in PAGES}
LISTS = (
    *("SELECT body FROM attendees", "SELECT attendee, step, state", "SELECT body FROM profiles"),
    *("SELECT attendee, profile, how", "FROM usage_profiles", "SELECT * FROM deliveries", "SELECT * FROM audit"),
)
"""How a whole list is read; counts, which the frame asks for anew every five seconds, are others."""
OF_FEW = (" id = '", " profile = (", " attendee = '", "json_each('[", "LIMIT 1", "LIMIT 50")
"""Of one person, of those on a page, the newest."""


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
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=3), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft, participants=end)], seen_at=NOW, lease=None)
    board = [Standing(n + 1, f"racer-{n}", 40_000 + 7 * n, profile_id=f"pr-{n}") for n in range(end)]
    console.history.save_standings(event.id, "r-1", NOW + timedelta(seconds=end), board)
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


def opened(browser: Browser, part: Part) -> AppTest:
    """The part as it stands once somebody looks at it."""
    app = browser.open(FILES[part.page], state=part.state)
    if part.ticks:
        tick_places(app, part.ticks, [0])
    return app


def cost(browser: Browser, said: list[str], part: Part) -> tuple[int, int]:
    """Statements of a rerun, none of which reads a list, and bytes that it sends."""
    app = opened(browser, part)
    asked = rerun(app, said)
    read = [each for each in asked if any(name in each for name in LISTS) and not any(few in each for few in OF_FEW)]
    assert not read, (part, read)
    return len(asked), weight(app)


def test_a_rerun_reads_no_list_and_sends_no_more_for_more_people(
    browser: Browser, console: Console, event: Event, said: list[str]
) -> None:
    console.store.amend_event(event.id, lambda each: replace(each, head_count=MANY))
    listed(console, event, 0, FEW)
    fill_lists(console, FEW, refused_one_in=5)
    small = {(part.page, part.name): cost(browser, said, part) for part in SCENES}
    listed(console, event, FEW, MANY)
    fill_lists(console, MANY, refused_one_in=5)
    for part in SCENES:
        statements, size = cost(browser, said, part)
        before = small[part.page, part.name]
        assert statements <= before[0], part
        assert size <= 1.1 * before[1], (part, size, before)


def test_the_first_look_at_onboarding_reads_of_the_steps_only_who_is_stuck(
    browser: Browser, console: Console, event: Event, said: list[str]
) -> None:
    listed(console, event, 0, MANY)
    said.clear()
    browser.open("pages/run/onboarding.py")
    whole = [each for each in said if each.startswith("SELECT attendee, step, state")]
    assert whole
    assert all("json_each('[" in each for each in whole), whole

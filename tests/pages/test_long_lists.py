"""Pages of long lists: a look costs what is shown, not what there is; everybody can be reached on some page."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.made_once import Shared
from deepracer_admin.model import Attendee, Event, Outcome, Profile, Race, RaceDraft, Role, Standing, State, Step
from deepracer_admin.services.setup.events import EventView
from deepracer_admin.store import ProfileLink
from deepracer_admin.ui.kit import cached
from tests.pages.conftest import NOW, Browser, actor_of, click, texts
from tests.ui.choosing import press_to_open, shown

LIST, BOARD, REPORT = "pages/plan/attendees.py", "pages/run/leaderboard.py", "pages/close/report.py"
SMALL, LARGE = 260, 780


def fill(console: Console, many: int) -> None:
    """So many people with steps, a profile, a mail and a place."""
    people = [
        Attendee(id=f"at-{n}", email=f"racer{n}@example.com", name=f"Racer {n:04}", alias=f"racer-{n}",
                 office=f"Office {n % 12}", added_at=NOW)
        for n in range(many)
    ]  # fmt: skip
    console.store.save_attendees("ev-1", people)
    done = [Outcome(person.id, step, State.DONE) for person in people for step in Step]
    console.store.record("ev-1", done, lease=None, now=NOW)
    profiles = [Profile(f"pr-{n}", f"racer-{n}", minutes_used=60.0) for n in range(many)]
    console.store.save_profiles("ev-1", profiles, seen_at=NOW, lease=None)
    console.history.add_usage("ev-1", NOW, profiles)
    console.store.link("ev-1", [ProfileLink(f"at-{n}", f"pr-{n}", "created", NOW) for n in range(many)])
    console.store.plan_deliveries("ev-1", [(f"at-{n}", "access", 1) for n in range(many)], campaign="c", lease=None)
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=3), NOW + timedelta(days=1))
    console.store.save_races("ev-1", [Race("r-1", draft)], seen_at=NOW, lease=None)
    for rows in (
        [Standing(n + 1, f"racer-{n}", 40_000 + 7 * n) for n in range(many)],
        [Standing(n + 1, f"racer-{n}", 30_000 + 7 * n) for n in range(many)],
    ):
        at = NOW - timedelta(hours=2 if rows[0].score_ms == 40_000 else 0)
        console.history.save_standings("ev-1", "r-1", at, rows)


def counted(console: Console, run: Callable[[], object]) -> int:
    """Rows that SQLite gave out meanwhile."""
    number = 0

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        nonlocal number
        number += 1
        return sqlite3.Row(cursor, values)

    stores: list[Any] = [console.store, console.history]
    for store in stores:
        store._pool.clear()
        store._connect_reader = counting(store._connect_reader, row)
    run()
    return number


def counting(connect: Callable[[], sqlite3.Connection], factory: Callable[..., Any]) -> Callable[[], Any]:
    def opened() -> sqlite3.Connection:
        connection = connect()
        connection.row_factory = factory
        return connection

    return opened


@pytest.fixture
def lasting_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame's view of the event is kept for five real seconds; here as long as a test takes."""
    kept: Shared[EventView] = Shared(fresh_s=math.inf, longest_s=math.inf, most=16)
    monkeypatch.setattr(cached, "_event_views", lambda: kept)


def weight(app: AppTest) -> int:
    """Bytes of what is sent, before compression."""

    def of(block: Any) -> int:
        proto = block.proto.ByteSize() if getattr(block, "proto", None) is not None else 0
        return proto + sum(of(child) for child in getattr(block, "children", {}).values())

    return sum(of(child) for child in app.main.children.values())


ASKED_ANEW = 5
"""Rows that the frame reads once its five real seconds are over, which may be in the second look and not in the first:
the events, of which there is one here."""


@pytest.mark.usefixtures("lasting_view")
@pytest.mark.parametrize(
    ("page", "state"), [(LIST, {}), (BOARD, {}), (BOARD, {"board-tabs": "Run the board"}), (REPORT, {})]
)
def test_a_look_costs_the_same_however_many_people_there_are(
    browser: Browser, console: Console, event: Event, page: str, state: dict[str, Any]
) -> None:
    """Rows read and bytes sent, where nothing has changed since the last look."""
    found: list[tuple[int, int]] = []
    for many in (SMALL, LARGE):
        if many == LARGE:
            console.store.delete_attendees("ev-1", [f"at-{n}" for n in range(SMALL)])
        fill(console, many)
        app = browser.open(page, state=state)
        rows = counted(console, app.run)
        found.append((rows, weight(app)))
    (few_rows, few_bytes), (many_rows, many_bytes) = found
    assert many_rows <= 1.1 * few_rows + ASKED_ANEW
    assert many_rows < SMALL
    assert many_bytes <= 1.1 * few_bytes


def test_whoever_is_on_another_page_is_reached_and_opened(browser: Browser, console: Console, event: Event) -> None:
    fill(console, 130)
    app = browser.open(LIST)
    assert shown(app, "Name") == [f"Racer {n:04}" for n in range(50)]
    assert "130 people" in texts(app)
    app.number_input[0].set_value(3).run()
    assert shown(app, "Name") == [f"Racer {n:04}" for n in range(100, 130)]
    assert "101 to 130 of 130" in texts(app)
    app = press_to_open(app, "roster", "at-129")
    assert "**Racer 0129**" in texts(app)
    console.store.delete_attendees("ev-1", [f"at-{n}" for n in range(60, 130)])
    app.run()
    assert shown(app, "Name") == [f"Racer {n:04}" for n in range(50, 60)]  # the last page that there is now


def test_one_of_very_many_racers_is_found_by_letters_or_place(browser: Browser, console: Console, event: Event) -> None:
    fill(console, 230)
    app = browser.open(BOARD, Role.FACILITATOR, state={"board-tabs": "Run the board"})
    assert len(app.selectbox(key="desk-racer").options) == 200
    assert "first 200 of 230 racers" in texts(app)
    app.text_input(key="desk-find").input("RACER-22").run()
    assert [each.split(" ")[1] for each in app.selectbox(key="desk-racer").options] == [
        "racer-22", *(f"racer-{n}" for n in range(220, 230))
    ]  # fmt: skip
    app.text_input(key="desk-find").input("230").run()
    app.selectbox(key="desk-racer").select_index(0).run()
    click(app, "board-hide")
    assert [entry.row.hidden for entry in console.first.boards.entries(actor_of(Role.ORGANIZER), "r-1")][-2:] == [
        False,
        True,
    ]


def test_a_search_looks_on_every_page_and_an_order_is_of_all(browser: Browser, console: Console, event: Event) -> None:
    fill(console, 130)
    app = browser.open(LIST, Role.FACILITATOR)
    app.number_input[0].set_value(2).run()
    app.text_input(key="roster-text").input("racer12").run()
    assert shown(app, "Name") == ["Racer 0012", *(f"Racer {n:04}" for n in range(120, 130))]
    app.text_input(key="roster-text").input("").run()
    app.selectbox(key="roster-sort").set_value("Office").run()
    offices = shown(app, "Office")
    assert offices == sorted(str(each) for each in offices)
    assert offices[0] == "Office 0"

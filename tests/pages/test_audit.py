"""The Audit page: newest first, filtered, the chain verified."""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import NotAllowed
from deepracer_admin.model import Actor, Event, Role
from tests.pages.conftest import Browser, actor_of, texts
from tests.ui.choosing import tick

PAGE = "pages/close/audit.py"


@pytest.fixture
def acts(console: Console, event: Event, organizer: Actor) -> None:
    """Three entries: a walk-up, a check, and a refusal."""
    console.first.attendees.add(organizer, email="ada@example.com", name="Ada")
    console.first.events.run_check(organizer)
    with contextlib.suppress(NotAllowed):
        console.first.events.run_check(actor_of(Role.VIEWER))


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_others_than_organizers_are_refused(browser: Browser, acts: None, role: Role) -> None:
    app = browser.open(PAGE, role)
    assert "You may not see the audit" in texts(app)
    assert len(app.dataframe) == 0


def test_without_a_session_nothing_is_shown(browser: Browser, acts: None) -> None:
    app = browser.open(PAGE, None)
    assert "Your session has ended" in texts(app)
    assert len(app.dataframe) == 0


def test_the_newest_stands_first_and_a_refusal_is_an_entry(browser: Browser, acts: None) -> None:
    table = browser.open(PAGE).dataframe[0].value
    assert list(table["No."]) == [3, 2, 1]
    assert table.iloc[0]["Allowed"] == "✗ refused"
    assert table.iloc[0]["Who"] == "Viewer Person"


def test_words_and_actions_filter(browser: Browser, acts: None) -> None:
    app = browser.open(PAGE)
    app.text_input(key="audit-text").input("viewer person").run()
    assert list(app.dataframe[0].value["No."]) == [3]
    app.text_input(key="audit-text").input("").run()
    app.selectbox(key="audit-action").set_value("attendees.add").run()
    assert list(app.dataframe[0].value["No."]) == [1]


def test_nothing_fits_is_said(browser: Browser, acts: None) -> None:
    app = browser.open(PAGE)
    app.text_input(key="audit-text").input("zzz").run()
    assert "No entry fits" in texts(app)


def test_the_chain_is_verified_with_its_count(browser: Browser, acts: None) -> None:
    assert "Chain verified: 3 entries" in texts(browser.open(PAGE))


def test_an_altered_entry_breaks_the_chain_on_screen(browser: Browser, console: Console, acts: None) -> None:
    connection = sqlite3.connect(console.settings.home / "events.sqlite")
    with connection:
        connection.execute("DROP TRIGGER IF EXISTS the_audit_is_not_rewritten")
        connection.execute("UPDATE audit SET action = 'attendees.eat' WHERE seq = 1")
    connection.close()
    app = browser.open(PAGE)
    assert "Chain broken at entry 1 of 3" in texts(app)
    assert "Somebody changed or removed an entry" in app.error[0].value


def test_the_export_is_whole_oldest_first_and_audited(console: Console, acts: None, organizer: Actor) -> None:
    rows = list(csv.DictReader(io.StringIO(console.first.audit.export(organizer).decode("utf-8-sig"))))
    assert [row["action"] for row in rows[:-2]] == ["attendees.add", "setup.check", "setup.check"]
    assert [row["seq"] for row in rows[-2:]] == ["note", "seal"]
    assert console.first.audit.entries(organizer)[0].action == "audit.export"


def test_a_bare_word_is_shown_as_it_stands(browser: Browser, console: Console, acts: None, organizer: Actor) -> None:
    console.first.onboarding.start(organizer)
    app = tick(browser.open(PAGE), "audit", "4")
    assert {code.value for code in app.code} == {"idle", "running"}

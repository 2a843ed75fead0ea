"""Where several computers share a store, every page says how old what it shows is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Event
from deepracer_admin.store.sqlite import SqliteEventStore
from tests.pages.conftest import NOW, Browser, texts

PAGE = "pages/plan/event.py"


@pytest.fixture
def shared(console: Console, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The console's store says that it is a copy."""
    object.__setattr__(console.settings, "store", "dynamodb")
    monkeypatch.setattr(SqliteEventStore, "followed_at", NOW - timedelta(seconds=2))
    return monkeypatch


def test_a_store_of_ones_own_has_no_age(browser: Browser, event: Event) -> None:
    assert "Shared store" not in texts(browser.open(PAGE))


def test_a_fresh_copy_tells_its_age(browser: Browser, event: Event, shared: pytest.MonkeyPatch) -> None:
    assert "Shared store: read 2 s ago" in texts(browser.open(PAGE))


def test_an_old_copy_is_a_warning_with_the_reason(browser: Browser, event: Event, shared: pytest.MonkeyPatch) -> None:
    shared.setattr(SqliteEventStore, "followed_at", NOW - timedelta(minutes=3))
    shared.setattr(SqliteEventStore, "trouble", "The shared table cannot be reached; check the network.")
    shown = texts(browser.open(PAGE))
    assert "was read 3 min ago, so what is shown may be old" in shown
    assert "The shared table cannot be reached; check the network." in shown


def test_a_copy_that_was_never_read_is_a_warning(browser: Browser, event: Event, shared: pytest.MonkeyPatch) -> None:
    shared.setattr(SqliteEventStore, "followed_at", None)
    assert "not read since the start" in texts(browser.open(PAGE))

"""Parts of pages alone, without a console: somebody is signed in, and a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from deepracer_admin.model import Actor, Role
from deepracer_admin.ui.kit import session
from tests import one_scan

assert one_scan
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class HandClock:
    """Stands still until a test moves it (seconds)."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch, clock: HandClock) -> list[str]:
    """Who is signed in: the last name of the list; nobody while it is empty. `clock` is the console's."""
    import streamlit as st

    names = ["Ada"]

    def actor() -> Actor:
        if not names:
            st.error("Your session has ended.")
            st.stop()
        return Actor(oid=names[-1], tid="t", name=names[-1], roles=frozenset({Role.ORGANIZER}))

    monkeypatch.setattr(session, "actor", actor)
    monkeypatch.setattr(session, "console", lambda: SimpleNamespace(clock=clock))
    return names

"""A page is drawn anew when a job that it shows has ended, but never under an open dialog."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.ui.kit import refresh, session

PATIENCE_S = 30


@pytest.fixture
def jobs(signed_in: list[str], monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """The jobs that have ended, as the service lists them."""
    ended: list[SimpleNamespace] = []
    desk = SimpleNamespace(jobs=SimpleNamespace(list=lambda who, live: ended))
    monkeypatch.setattr(session, "desk", lambda: desk)
    monkeypatch.setattr(session, "may", lambda who, action: True)
    return ended


@pytest.fixture
def redrawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for every time that the page was drawn anew by itself."""
    times: list[str] = []
    monkeypatch.setattr(refresh, "rerun_unasked", lambda: times.append("anew"))
    return times


def tick() -> None:
    """A tick of the timed fragment, of a page that was drawn when no job had ended."""
    import streamlit as st

    from deepracer_admin.ui.kit import refresh

    if st.session_state.get("opens"):
        refresh.dialog_opened()
    if st.session_state.get("dismisses"):
        refresh.dialog_closed()
    drawn = refresh._Drawn(frozenset())
    drawn.in_page_run = False
    refresh._watch(("quota",), drawn)


def ticked(**state: bool) -> None:
    app = AppTest.from_function(tick, default_timeout=PATIENCE_S)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception


def test_nothing_happens_while_nothing_ends(jobs: list[SimpleNamespace], redrawn: list[str]) -> None:
    jobs.append(SimpleNamespace(id="job-1", kind="mail.test"))
    ticked()
    assert redrawn == []


def test_the_end_of_a_job_draws_the_page_anew(jobs: list[SimpleNamespace], redrawn: list[str]) -> None:
    jobs.append(SimpleNamespace(id="job-1", kind="quota"))
    ticked()
    assert redrawn == ["anew"]


def test_not_under_an_open_dialog_but_once_it_was_dismissed(jobs: list[SimpleNamespace], redrawn: list[str]) -> None:
    jobs.append(SimpleNamespace(id="job-1", kind="quota"))
    ticked(opens=True)
    assert redrawn == []
    ticked(opens=True, dismisses=True)
    assert redrawn == ["anew"]

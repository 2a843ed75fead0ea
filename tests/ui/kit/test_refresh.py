"""A page is drawn anew when a job that it shows has ended, but never under an open dialog."""

from __future__ import annotations

import ast
from pathlib import Path
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


def under_a_dialog() -> None:
    import streamlit as st

    from deepracer_admin.ui.kit import refresh

    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if st.session_state["runs"] == 1:
        if st.session_state.get("opens"):
            refresh.dialog_opened()
        refresh.rerun_unasked()


@pytest.mark.parametrize(("opens", "runs"), [(False, 2), (True, 1)])
def test_whatever_asks_for_a_page_anew_waits_for_an_open_dialog(opens: bool, runs: int) -> None:
    app = AppTest.from_function(under_a_dialog, default_timeout=PATIENCE_S)
    app.session_state["opens"] = opens
    app.run()
    assert app.session_state["runs"] == runs


def test_no_timed_fragment_draws_the_page_anew_past_the_dialog() -> None:
    """Streamlit's own rerun, from a fragment with a clock, closes a dialog in the middle of somebody's typing."""
    root = Path(refresh.__file__).parents[3]
    files = [*(root / "deepracer_admin" / "ui").rglob("*.py"), *(root / "pages").rglob("*.py"), root / "app.py"]
    timed = 0
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not any(
                "run_every" in ast.unparse(d) for d in node.decorator_list
            ):
                continue
            timed += 1
            assert "st.rerun(" not in ast.unparse(node), f"{file.name}: {node.name} asks kit/refresh.py instead"
    assert timed > 5

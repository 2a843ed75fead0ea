"""Draw the whole page anew when work that it shows has ended.

Such a run is nobody's doing: it says so beforehand, and the frame does not count it as a sign of life (keeper.py). It
would close a dialog under the hands of whoever reads it, so it waits until none is open.
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session

__all__ = ["dialog_closed", "dialog_opened", "is_dialog_open", "rerun_unasked", "rerun_when_done", "was_unasked"]

_UNASKED = "run-unasked"
_DIALOG = "dialog-open"


def rerun_unasked() -> None:
    """A full run that no person asked for, from a timed fragment; none while a dialog is open, so the next look asks
    again."""
    if is_dialog_open():
        return
    st.session_state[_UNASKED] = True
    st.rerun()


def was_unasked() -> bool:
    """Did a timed fragment begin this run? Asked once a run, by the frame."""
    return bool(st.session_state.pop(_UNASKED, False))


def dialog_opened() -> None:
    """A dialog is drawn: pages are not drawn anew under it."""
    st.session_state[_DIALOG] = True


def dialog_closed() -> None:
    """Somebody dismissed it, or a full run begins, which closes it (the frame says so)."""
    st.session_state.pop(_DIALOG, None)


def is_dialog_open() -> bool:
    """Would drawing the page anew close a dialog under somebody's hands?"""
    return _DIALOG in st.session_state


class _Drawn:
    """The jobs that had ended when the page was drawn."""

    def __init__(self, ended: frozenset[str]) -> None:
        self.ended = ended
        self.in_page_run = True


def rerun_when_done(kinds: Collection[str]) -> None:
    """Once a job of these kinds (() = any) ends, one full run: tables and buttons show its result.

    Call it before the page reads what it shows: ended jobs are compared, so none is missed, however short it was.
    """
    who = session.actor()
    if session.may(who, "jobs.view"):
        _watch(kinds, _Drawn(_ended(who, kinds)))


@st.fragment(run_every=2)
def _watch(kinds: Collection[str], drawn: _Drawn) -> None:
    if drawn.in_page_run:  # a click further down the page still waits for its turn in this run
        drawn.in_page_run = False
        return
    if not is_dialog_open() and _ended(session.actor(), kinds) - drawn.ended:
        rerun_unasked()


def _ended(who: Actor, kinds: Collection[str]) -> frozenset[str]:
    found = session.desk().jobs.list(who, live=False)
    return frozenset(job.id for job in found if not kinds or job.kind in kinds)

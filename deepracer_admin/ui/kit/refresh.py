"""Draw the whole page anew when work that it shows has ended.

Such a run is nobody's doing: it says so beforehand, and the frame does not count it as a sign of life (keeper.py).
"""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session

__all__ = ["rerun_unasked", "rerun_when_done", "was_unasked"]

_UNASKED = "run-unasked"


def rerun_unasked() -> None:
    """A full run that no person asked for, from a timed fragment."""
    st.session_state[_UNASKED] = True
    st.rerun()


def was_unasked() -> bool:
    """Did a timed fragment begin this run? Asked once a run, by the frame."""
    return bool(st.session_state.pop(_UNASKED, False))


class _Drawn:
    """The jobs that had ended when the page was drawn."""

    def __init__(self, ended: frozenset[str]) -> None:
        self.ended = ended
        self.in_page_run = True


def rerun_when_done(kinds: Collection[str]) -> None:
    """Once a job of these kinds ends, one full run: tables show its result; nothing happens while nothing ends.

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
    if _ended(session.actor(), kinds) - drawn.ended:
        rerun_unasked()


def _ended(who: Actor, kinds: Collection[str]) -> frozenset[str]:
    found = session.desk().jobs.list(who, live=False)
    return frozenset(job.id for job in found if job.kind in kinds)

"""Draw the whole page anew when work that it shows has ended."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from deepracer_admin.ui import session

__all__ = ["rerun_when_done"]


@st.fragment(run_every=2)
def rerun_when_done(kinds: Collection[str], *, key: str) -> None:
    """Once a job of these kinds ends, one full run: tables show its result; nothing happens while nothing ends."""
    who = session.actor()
    if not session.may(who, "jobs.view"):
        return
    now = {job.id for job in session.console().jobs.list(who, live=True) if job.kind in kinds}
    before: set[str] = st.session_state.get(f"live-{key}", set())
    st.session_state[f"live-{key}"] = now
    if before - now:
        st.rerun()

"""The top of a page: title, what the page is for, and what to do when there is no event yet."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAPIException

from deepracer_admin.model import Actor, Event
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.page_table import PAGES

__all__ = ["link_to", "masthead"]


def masthead(who: Actor, title: str, purpose: str) -> Event:
    """Draw the top; the event of this tab. Without one: what to do next, and the script ends."""
    st.title(title, anchor=False)
    st.caption(purpose)
    event = session.desk().events.event()
    if event is None:
        st.info("There is no event yet. An organizer creates one on the Set up page.", icon=":material/flag:")
        link_to(who, "setup", "Create the event")
        st.stop()
    return event


def link_to(who: Actor, address: str, label: str) -> None:
    """A link to another page, for those who may open it."""
    entry = next(entry for entry in PAGES if entry.address == address)
    if not session.may(who, entry.action):
        return
    try:
        st.page_link(entry.file, label=label, icon=":material/arrow_forward:", query_params=session.address())
    except StreamlitAPIException:  # a page that this run does not offer
        st.caption(f"{label}: open “{entry.title}” in the menu.")

"""The top of a page: title, what the page is for, and what to do when there is no event yet, or one that waits."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.errors import StreamlitAPIException

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.known import NextStep
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import event_view
from deepracer_admin.ui.kit.page_table import PAGES
from deepracer_admin.ui.kit.words import plain

__all__ = ["link_to", "masthead", "next_link", "say_that_it_waits"]

ARROW = ":material/arrow_forward:"


def masthead(who: Actor, title: str, purpose: str) -> Event:
    """Draw the top; the event of this tab. Without one: what to do next, and the script ends."""
    st.title(title, anchor=False)
    st.caption(purpose)
    event = session.desk().events.event()
    if event is None:
        st.info("There is no event yet. An organizer creates one on the Set up page.", icon=":material/flag:")
        link_to(who, "setup", "Create the event")
        st.stop()
    if title != PAGES[0].title:  # which says it at length
        say_that_it_waits(who)
    return event


def say_that_it_waits(who: Actor) -> None:
    """For an event that came from a backup; nothing for any other."""
    if event_view(who).restored is not None:
        st.warning(
            "This event came from a backup and waits: what stands here as under way does not go on, and what is asked "
            "for is done once an organizer says on the Event page that it goes on here.",
            icon=":material/pause_circle:",
        )


def next_link(who: Actor, step: NextStep, *, label: str | None = None) -> None:
    """The way to the very place of a next step, for those who may go there.

    `label` "": only where to go ("Go to Set up"), beside a text that says what; None: what to do. Where a step leads
    nowhere, or not for this role, what to do is said all the same, and leads to the Event page, which says why.
    """
    entry = next((entry for entry in PAGES if entry.address == step.page and session.may(who, entry.action)), None)
    if label is None:
        address, narrow = (step.page, step.narrow) if entry else (PAGES[0].address, None)
        sign = ":material/error:" if step.is_red else ARROW
        link_to(who, address, f"Next: {plain(step.title)}", narrow, icon=sign)
    elif entry is not None:
        link_to(who, step.page, label or f"Go to {entry.title}", step.narrow)


def link_to(
    who: Actor, address: str, label: str, narrow: Mapping[str, str] | None = None, *, icon: str = ARROW
) -> None:
    """A link to another page, for those who may open it; `narrow`: its part and filter, by the names that its widgets
    have in the address."""
    entry = next(entry for entry in PAGES if entry.address == address)
    if not session.may(who, entry.action):
        return
    try:
        st.page_link(
            entry.file,
            label=label,
            icon=icon,
            query_params={**session.address(), **(narrow or {})},
        )
    except StreamlitAPIException:  # a page that this run does not offer
        st.caption(f"{label}: open “{entry.title}” in the menu.")

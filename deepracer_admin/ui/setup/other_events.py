"""Other events on the Set up page: these settings as a file, which event opens first, one more event."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.setup import setup_form

__all__ = ["other_events"]


def other_events(who: Actor) -> None:
    """The form for another event is drawn on once it was opened: what is typed there stays."""
    desk = session.desk()
    download(
        "Export these settings (JSON, no secrets)",
        desk.events.export_settings,
        "event-settings.json",
        "application/json",
        key="settings-export",
    )
    events = {each.id: each.name for each in desk.events.list(who)}
    first = session.console().opens_first
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    chosen = left.selectbox(
        "Opens first",
        [*events],
        index=[*events].index(first) if first in events else 0,
        format_func=events.__getitem__,
        key="event-first",
        persist_state="page",
        help="The event that a browser opens when its address names none. Open screens stay where they are.",
    )
    with right:
        press(
            "Open this first",
            lambda asking: desk.events.open_first(asking, chosen),
            key="event-first-save",
            done=f"Opens first from now on: {events[chosen]}",
            line=False,
            disabled=chosen == first,
        )
    said("event-first-save")
    another = fold("Create another event", key="create-another", stays=setup_form.is_create_typed_in())
    if another is not None:
        with another:
            setup_form.create(who)

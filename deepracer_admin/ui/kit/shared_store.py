"""How old what is shown may be, where several computers share a store: said on every page."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.words import span

__all__ = ["shared_store"]

OLD = timedelta(seconds=15)


def shared_store(who: Actor) -> None:
    """The age in a line; a warning with the reason when the shared store cannot be read."""
    fresh = session.desk().events.freshness(who)
    if fresh is None:
        return
    age = "not read since the start" if fresh.age is None else f"read {span(fresh.age)} ago"
    if fresh.trouble or fresh.age is None or fresh.age > OLD:
        st.warning(
            f"The shared store was {age}, so what is shown may be old, and changes may be refused. {fresh.trouble}",
            icon=":material/cloud_off:",
        )
    else:
        st.caption(f"Shared store: {age}")

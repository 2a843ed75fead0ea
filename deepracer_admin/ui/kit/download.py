"""Files to take away: made at the press, for whoever is signed in then."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session

__all__ = ["download"]


def download(
    label: str,
    make: Callable[[Actor], bytes | str],
    file: str,
    mime: str,
    *,
    key: str,
    icon: str | None = ":material/download:",
) -> None:
    """A button that downloads what `make` answers. Streamlit calls it outside of any script run: it may not draw,
    nor ask `session.desk()`; it gets the person whose session this browser's cookie names at the press.
    """
    cookie = session.session_cookie()
    st.download_button(
        label,
        lambda: make(session.actor_of(cookie)),
        file,
        mime,
        icon=icon,
        on_click="ignore",
        key=key,
    )

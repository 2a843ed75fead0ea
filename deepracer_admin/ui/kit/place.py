"""What of a page stands in its address: a reload, the way back and a colleague's link land in the same place.

Parts and filters with lasting names are bound by Streamlit itself (`bind="query-params"`). A choice whose label moves
(a race with its state, an office with its number) is kept here by its lasting value. Never a search, never a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

__all__ = ["choose_place"]


def choose_place(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    format_func: Callable[[str], str],
    at: Any = st,
    **look: Any,
) -> str:
    """A drop-down list, the first option where the address names none; `format_func` says what an option is called now.

    `at`: where it is drawn (a column). What the address names and is not offered is as if it named nothing.
    """
    named, written = st.query_params.get(key), f"place-{key}"
    if key not in st.session_state or named != st.session_state.get(written):
        st.session_state[key] = named if named in options else options[0]  # a link, or the way back
    elif st.session_state[key] not in options:
        st.session_state[key] = options[0]
    chosen: str = at.selectbox(label, options, format_func=format_func, key=key, **look)
    if chosen == options[0]:
        st.query_params.pop(key, None)
    elif named != chosen:
        st.query_params[key] = chosen
    st.session_state[written] = st.query_params.get(key)
    return chosen

"""Long lists, one page at a time: at 10,000 things a browser gets the few that it shows."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.ui.kit.words import whole

__all__ = ["page_of"]


def page_of(
    ids: tuple[str, ...], *, key: str, rows: int, told: str, as_of: str, at: DeltaGenerator
) -> tuple[tuple[str, ...], int]:
    """The ids of the page that is chosen, and its number.

    `at`: where it is said how many there are (`told`, e.g. "1,500 people"), as of when, and the way to other pages.
    `key` is of what narrowed and sorted the list: another list begins with its first page.
    """
    pages = max(1, math.ceil(len(ids) / rows))
    page = 1
    if pages > 1:
        if st.session_state.get(key, 1) > pages:  # whoever was on the last page, and it is gone
            st.session_state[key] = pages
        page = int(at.number_input(f"Page of {whole(pages)}", 1, pages, key=key, width=130))
        first, last = (page - 1) * rows + 1, min(page * rows, len(ids))
        told = f"{whole(first)} to {whole(last)} of {told}"
    at.caption(f"{told} · {as_of}", width="content")
    return ids[(page - 1) * rows : page * rows], page

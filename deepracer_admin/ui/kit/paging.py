"""Long lists, one page at a time: at 10,000 things a browser gets the few that it shows."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.ui.kit.place import keep_place, newly_named
from deepracer_admin.ui.kit.words import whole

__all__ = ["page_number", "page_of"]


def page_of(
    ids: tuple[str, ...], *, key: str, rows: int, told: str, as_of: str, at: DeltaGenerator, place: str = ""
) -> tuple[tuple[str, ...], int]:
    """The ids of the page that is chosen, and its number.

    `at`: where it is said how many there are (`told`, e.g. "1,500 people"), as of when, and the way to other pages.
    `key` is of what narrowed and sorted the list: another list begins with its first page. `place`: as `page_number`.
    """
    pages = max(1, math.ceil(len(ids) / rows))
    page = page_number(pages, key=key, at=at, place=place)
    if pages > 1:
        first, last = (page - 1) * rows + 1, min(page * rows, len(ids))
        told = f"{whole(first)} to {whole(last)} of {told}"
    at.caption(f"{told} · {as_of}", width="content")
    return ids[(page - 1) * rows : page * rows], page


def page_number(pages: int, *, key: str, at: DeltaGenerator, place: str = "") -> int:
    """The page that is chosen, from 1; nothing is drawn where there is one only. `key`: as in `page_of`.

    `place`: the name under which the address keeps it; "" for a list that was searched, for the address does not hold
    what was searched for. When the search is over, the page is again the one before it.
    """
    if place:
        _follow_address(pages, key, place)
    page = 1
    if pages > 1:
        if st.session_state.get(key, 1) > pages:  # whoever was on the last page, and it is gone
            st.session_state[key] = pages
        page = int(at.number_input(f"Page of {whole(pages)}", 1, pages, key=key, width=130))
    if place:
        keep_place(place, str(page) if page > 1 else "")
        st.session_state[_list(place)] = key
    return page


def _follow_address(pages: int, key: str, place: str) -> None:
    """Take the page from a link or the way back; the page of another list is not this one's."""
    known = st.session_state.get(_list(place))
    begins = known is None or (known == key and key not in st.session_state)
    named = newly_named(place, {str(number) for number in range(2, pages + 1)}, begins=begins)
    if named is not None:
        st.session_state[key] = int(named or 1)


def _list(place: str) -> str:
    """Where this tab remembers of which list it has written the page."""
    return f"place-{place}-list"

"""Long lists, one page at a time: at 10,000 things a browser gets the few that it shows."""

from __future__ import annotations

import math
from collections.abc import Hashable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.ui.kit.place import keep_place, newly_named
from deepracer_admin.ui.kit.words import whole

__all__ = ["held", "page_number", "page_of", "sort_anew"]


def page_of(
    ids: tuple[str, ...], *, key: str, rows: int, told: str, at: DeltaGenerator, as_of: str = "", place: str = ""
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
    at.caption(f"{told} · {as_of}" if as_of else told, width="content")
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


def held(wanted: tuple[str, ...], *, key: str, scope: Hashable, rows: int) -> tuple[str, ...]:
    """`wanted` in the order that this tab was shown first, whoever came since at its end: while a person reads, nothing
    moves from page to page. Another `scope` (search, filter, order) and `sort_anew` take the wanted order.

    A list of one page of `rows` is given as it is: its table keeps places by itself.
    """
    kept: tuple[Hashable, tuple[str, ...], tuple[str, ...]] | None = st.session_state.get(_order(key))
    if kept is None or kept[0] != scope:
        order = wanted
    elif kept[2] is wanted:  # the same list as before: nothing has moved
        return kept[1]
    elif len(wanted) <= rows:
        order = wanted
    else:
        here, before = set(wanted), set(kept[1])
        order = (*(one for one in kept[1] if one in here), *(one for one in wanted if one not in before))
    st.session_state[_order(key)] = (scope, order, wanted)
    return order


def sort_anew(*, key: str) -> None:
    """The button that takes the wanted order of a list that `held` keeps."""
    anew_key = f"{key}-anew"
    st.button("Sort anew", key=anew_key, type="tertiary", icon=":material/sort:", on_click=_forget_order, args=(key,))


def _forget_order(key: str) -> None:
    st.session_state.pop(_order(key), None)


def _order(key: str) -> str:
    return f"held-{key}"


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

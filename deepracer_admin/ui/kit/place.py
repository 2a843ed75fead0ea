"""What of a page stands in its address: a reload, the way back and a colleague's link land in the same place.

Parts and filters whose words last are bound by Streamlit itself (`bind="query-params"`). A choice whose words move (a
race with its state, an office with its number) is kept here by its lasting value; so are the row of a table and the
page of a list. What the address names and is not there is as if it named nothing. Never a search, never a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import streamlit as st

__all__ = ["BOUND", "arrive", "choose_place", "keep_place", "newly_named"]

S = TypeVar("S", bound=str)
_PAGE = "place-page"
BOUND = frozenset(
    {
        *(
            "attendees-view",
            "audit-columns",
            "board-orders",
            "board-tabs",
            "budget-guard",
            "create-another",
            "entrants-in-columns",
        ),
        *("mails-columns", "mails-order", "registrations-columns", "registrations-order", "stuck-columns"),
        *("entrants-out-columns", "entrants-sort", "mail-shown-as", "portal-part", "profiles-columns", "race-change"),
        *("race-create", "races-done"),
        *("roster-columns", "roster-kind", "roster-sort", "section", "send-mail", "setup-part", "sponsors", "top-by"),
        *("upload-how", "usage-changes", "usage-sort", "waves-part"),
    }
)
"""Every place that Streamlit binds, by its name in the address; a test finds a new one."""


def arrive(page: str, beside: Collection[str]) -> None:
    """A run of this page begins. One that is come to anew by a link that names a place shows that and nothing of the
    visit before: Streamlit keeps what was bound, and takes a first choice in the address for no choice at all.

    `beside`: names in the address that are of no page.
    """
    came, st.session_state[_PAGE] = st.session_state.get(_PAGE) != page, page
    if not came or not {*st.query_params} - {*beside}:
        return
    for key in BOUND:
        if key in st.session_state:
            del st.session_state[key]


def choose_place(
    label: str,
    options: Sequence[S],
    *,
    key: str,
    format_func: Callable[[S], str],
    at: Any = st,
    first: str = "",
    segments: bool = False,
    **look: Any,
) -> S:
    """A drop-down list (`segments`: all options side by side); `format_func` says what an option is called now.

    `at`: where it is drawn (a column). `first`: the choice where the address names none, else the first option.
    """
    begin = next((one for one in options if one == first), options[0])
    named, written = st.query_params.get(key), _slot(key)
    if key not in st.session_state or named != st.session_state.get(written):
        st.session_state[key] = named if named in options else begin  # a link, or the way back
    elif st.session_state[key] not in options:
        st.session_state[key] = begin
    chosen: S = (
        at.segmented_control(label, options, format_func=format_func, key=key, required=True, **look)
        if segments
        else at.selectbox(label, options, format_func=format_func, key=key, **look)
    )
    keep_place(key, "" if chosen == begin else chosen)
    return chosen


def newly_named(place: str, options: Collection[str], *, begins: bool) -> str | None:
    """What the address names that this page has not shown yet: one of `options`, or "" where it names none of them.

    None: it names what is shown. `begins`: nothing is shown yet, as on a first visit.
    """
    named = st.query_params.get(place)
    if not begins and named == st.session_state.get(_slot(place)):
        return None
    return named if named in options else ""


def keep_place(place: str, chosen: str) -> None:
    """The address names `chosen` from now on; "" = it names none."""
    if not chosen:
        st.query_params.pop(place, None)
    elif st.query_params.get(place) != chosen:
        st.query_params[place] = chosen
    st.session_state[_slot(place)] = st.query_params.get(place)


def _slot(place: str) -> str:
    """Where this tab remembers what it has written: another value came from outside."""
    return f"place-{place}"

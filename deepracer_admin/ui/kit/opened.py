"""Forms that keep what is typed: while another part of the page is looked at, and when what they were filled with is
changed elsewhere.

A form's values reach the console when the form is sent, not before; until then only the browser has them, as long as
the form is drawn with inputs of the same names. So a form that was once opened is drawn on, unseen, and its inputs are
named after the values that it was opened with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

__all__ = ["as_opened", "forget_opened", "is_drawn", "is_typed", "note_typed", "offer_anew"]

T = TypeVar("T")


def is_drawn(*keys: str) -> bool:
    """Was one of these inputs drawn in the run before, on this page?"""
    return any(key in st.session_state for key in keys)


def as_opened(slot: str, now: T, *, an_input: Callable[[T], str], follows: bool = False) -> T:
    """What the form was opened with; `now` where it is opened. `an_input`: the key of one of its inputs. `follows`: its
    inputs are heard one by one (`note_typed`), so that it shows what is new as long as nothing was typed."""
    kept: T | None = st.session_state.get(slot)
    if kept is None or not is_drawn(an_input(kept)) or (follows and not is_typed(slot)):
        kept = st.session_state[slot] = now
    return kept


def note_typed(slot: str, is_typed: bool) -> None:
    """Does something stand in the inputs that they were not filled with?"""
    st.session_state[f"{slot}-typed"] = is_typed


def is_typed(slot: str) -> bool:
    """As it was noted last."""
    return bool(st.session_state.get(f"{slot}-typed"))


def forget_opened(slot: str) -> None:
    """It is filled anew the next time it is drawn: what was typed is saved, or given up."""
    st.session_state.pop(slot, None)
    st.session_state.pop(f"{slot}-typed", None)


def offer_anew(key: str, shown: T, now: T) -> None:
    """Below the form: that something has changed since, and a button that shows it. `key`: the slot of `as_opened`."""
    if shown == now:
        return
    st.caption("Something of this was changed since the form was opened.")
    if st.button("Show it as it is now", key=f"{key}-anew"):
        forget_opened(key)
        st.rerun()

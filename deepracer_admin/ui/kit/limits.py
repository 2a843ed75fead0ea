"""Limits as people read and set them: a number, "no limit", or "not read yet"; no number that stands for a word."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.model import UNLIMITED
from deepracer_admin.rules.quotas import NO_LIMIT, NOT_READ, limit_words

__all__ = ["NOTHING", "NOT_READ", "NO_LIMIT", "ask_limit", "limit_words"]

NOTHING = "–"
"""What a table shows where there is nothing to show; Streamlit's own word would be "None"."""

Number = TypeVar("Number", int, float)


def ask_limit(
    place: DeltaGenerator,
    label: str,
    value: Number,
    *,
    key: str,
    most: Number,
    step: Number,
    least: Number,
    otherwise: Number,
    in_form: bool = False,
    stays: bool = False,
) -> Number:
    """Ask for a number or for no limit; UNLIMITED for none, as `value` too. `otherwise`: the number to begin with when
    somebody sets a limit where there was none. Within a form the box counts once the form is sent. `stays`: what was
    put in is there again when the part of the page that asks was out of sight.
    """
    kept = "page" if stays else None
    box_key = f"{key}-none"
    none = bool(st.session_state.get(box_key, value == UNLIMITED))
    start = otherwise if value == UNLIMITED else min(most, max(least, value))
    number = place.number_input(
        label, least, most, start, step, key=key, disabled=none and not in_form, persist_state=kept
    )
    ticked = place.checkbox("No limit", value == UNLIMITED, key=box_key, persist_state=kept)
    return type(value)(UNLIMITED) if ticked else type(value)(number)

"""A part of a page that is worked out and sent only while it is open; whether it is, stands in the address."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

__all__ = ["fold"]


def fold(label: str, *, key: str, icon: str | None = None, stays: bool = False) -> DeltaGenerator | None:
    """Draw its heading; where its content goes, or None while it is shut.

    What is typed into it and not saved is gone once it is shut, unless its content is drawn on: `stays`.
    """
    part = st.expander(label, icon=icon, key=key, on_change="rerun", bind="query-params")
    return part if part.open or stays else None

"""Whom an act reaches: how many, the first few by name, and all of them behind a click."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.words import count, some_names, table_height

__all__ = ["FIRST", "Whom", "everyone", "say_whom", "whom"]

FIRST = 5
"""So many are named before "and 112 more"."""


class Whom(str):
    """A sentence that names the first few of `names`, and still knows the others."""

    names: tuple[str, ...] = ()


def whom(
    names: Sequence[str], singular: str = "person", plural: str = "people", *, lead: str = "", tail: str = ""
) -> Whom:
    """How many, and the first few by name, e.g. "**3 people**: Ada, Bob and Cy", between `lead` and `tail`; markdown.

    As a fact of a dialog (confirm.py) it carries the list of all of them.
    """
    named = f": {some_names(names, FIRST)}" if names else ""
    said = Whom(f"{lead}**{count(len(names), singular, plural)}**{named}{tail}")
    said.names = tuple(names)
    return said


def say_whom(said: Whom, *, key: str) -> None:
    """On a page: the sentence, and the list of all of them behind a click."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-whom"):
        st.markdown(said, width="content")
        everyone(said.names, key=f"{key}-everyone")


def everyone(names: Sequence[str], *, key: str) -> None:
    """All names behind a click; nothing where the sentence named them all. They are sent only once it is open."""
    if len(names) <= FIRST:
        return
    part = st.popover("Who they are", type="tertiary", icon=":material/list:", key=key, on_change="rerun")
    if part.open:
        with part:
            st.dataframe(
                pa.table({"Name": [*names]}),
                hide_index=True,
                lazy=True,
                height=table_height(len(names), most=8),
                key=f"{key}-names",
                placeholder=NOTHING,
                alt=f"All {count(len(names), 'name')}",
            )

"""Which columns of a long list somebody wants to see: kept in the address, so that reload and a link show the same."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import streamlit as st

__all__ = ["with_columns"]


def with_columns(table: pa.Table, *, key: str, always: Collection[str]) -> pa.Table:
    """Ask for the columns to leave out, and the table without them. `always`: those without which a row is nobody."""
    offered = [name for name in table.column_names if name not in always]
    with st.popover("Columns", icon=":material/view_column:", key=f"{key}-columns-part"):
        hidden = st.pills(
            "Leave out",
            offered,
            selection_mode="multi",
            key=f"{key}-columns",
            bind="query-params",
        )
    return table.drop_columns([name for name in hidden if name in offered]) if hidden else table

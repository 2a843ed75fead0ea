"""Which columns of a long list somebody wants to see: kept in the address, so that reload and a link show the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import pandas as pd
import pyarrow as pa
import streamlit as st

__all__ = ["with_columns"]

Table = TypeVar("Table", pa.Table, pd.DataFrame)


def with_columns(table: Table, *, key: str, always: Collection[str], later: Collection[str] = ()) -> Table:
    """Ask for the columns to leave out, and the table without them. `always`: those without which a row is nobody;
    `later`: those that are left out until somebody asks for them."""
    names = table.column_names if isinstance(table, pa.Table) else [*table.columns]
    offered = [name for name in names if name not in always]
    with st.popover("Columns", icon=":material/view_column:", key=f"{key}-columns-part"):
        hidden = st.pills(
            "Leave out",
            offered,
            selection_mode="multi",
            default=[name for name in later if name in offered],
            key=f"{key}-columns",
            bind="query-params",
        )
    left_out = [name for name in hidden or () if name in offered]
    if not left_out:
        return table
    if isinstance(table, pa.Table):
        return table.drop_columns(left_out)
    return table.drop(columns=left_out)  # pyright: ignore[reportReturnType] (a frame without columns is a frame)

"""Figures that are made once for all who look, and not in each run: making one takes longer than the rest of a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

__all__ = ["load_charts", "made_once"]

_AXIS = "#555b66"


class _Drawing(go.Figure):
    """A figure that nobody changes any more: what is sent of it is worked out once, not in each run."""

    def __init__(self, figure: go.Figure) -> None:
        super().__init__(figure)
        self._sent: dict[str, Any] = json.loads(figure.to_json() or "{}")

    def to_dict(self) -> dict[str, Any]:
        return self._sent


@st.cache_resource(max_entries=64, show_spinner=False)
def _made(stamp: Hashable, key: str, dark: bool, _make: Callable[[], go.Figure | None]) -> _Drawing | None:
    figure = _make()
    if figure is None:
        return None
    if not dark:  # Streamlit's own grey is 3.7:1 on white
        for axes in (figure.update_xaxes, figure.update_yaxes):
            axes(tickfont_color=_AXIS, title_font_color=_AXIS)
    return _Drawing(figure)


def made_once(make: Callable[[], go.Figure | None], key: str, *, stamp: Hashable) -> go.Figure | None:
    """The figure of this `stamp`, which names all that it is made from, in the theme that this browser shows. `key`:
    which figure."""
    return _made(stamp, key, st.context.theme.type == "dark", make)


def load_charts() -> None:
    """A figure of each kind that pages draw, and what they say of axes: Plotly loads each kind of part at its first
    use, a third of a second for all."""
    figure = go.Figure([go.Scatter(x=[0], y=[0], line={"width": 1}), go.Bar(x=[0], y=[0])])
    figure.update_layout(legend={"orientation": "h"}, margin={"t": 0}, hovermode="x", template="plotly")
    figure.update_xaxes(title_text="", tickfont_color=_AXIS, title_font_color=_AXIS)
    figure.update_yaxes(title_text="", rangemode="tozero", tickfont_color=_AXIS, title_font_color=_AXIS)
    _Drawing(figure)

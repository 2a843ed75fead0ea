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
    """A figure that nobody changes any more: what is sent of it is worked out once, not in each run.

    It is the figure that it was made from, by another name: Plotly's own way would check every part of it again, which
    takes as long as making it.
    """

    def __init__(self, figure: go.Figure, axis: str = "") -> None:
        """`axis`: colour of what stands along the axes; "": as the theme has it."""
        self.__dict__.update(figure.__dict__)
        self._sent: dict[str, Any] = json.loads(figure.to_json() or "{}")
        if axis:
            _colour_axes(self._sent.setdefault("layout", {}), axis)

    def to_dict(self) -> dict[str, Any]:
        return self._sent


def _colour_axes(layout: dict[str, Any], colour: str) -> None:
    """In what is sent: the figure itself would take ten times as long."""
    for name in {"xaxis", "yaxis", *(key for key in layout if key.startswith(("xaxis", "yaxis")))}:
        axis: dict[str, Any] = layout.setdefault(name, {})
        axis.setdefault("tickfont", {})["color"] = colour
        axis.setdefault("title", {}).setdefault("font", {})["color"] = colour


@st.cache_resource(max_entries=64, show_spinner=False)
def _made(stamp: Hashable, key: str, dark: bool, _make: Callable[[], go.Figure | None]) -> _Drawing | None:
    figure = _make()
    return None if figure is None else _Drawing(figure, "" if dark else _AXIS)  # Streamlit's grey is 3.7:1 on white


def made_once(make: Callable[[], go.Figure | None], key: str, *, stamp: Hashable) -> go.Figure | None:
    """The figure of this `stamp`, which names all that it is made from, in the theme that this browser shows. `key`:
    which figure."""
    return _made(stamp, key, st.context.theme.type == "dark", make)


def load_charts() -> None:
    """A figure of each kind that pages draw, and what they say of axes: Plotly loads each kind of part at its first
    use, a third of a second for all."""
    figure = go.Figure([go.Scatter(x=[0], y=[0], line={"width": 1}), go.Bar(x=[0], y=[0])])
    figure.update_layout(legend={"orientation": "h"}, margin={"t": 0}, hovermode="x", template="plotly")
    figure.update_xaxes(title_text="")
    figure.update_yaxes(title_text="", rangemode="tozero")
    _Drawing(figure, _AXIS)

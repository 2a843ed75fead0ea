"""The chart of slots in use over the event, as simulated."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st

from deepracer_admin.counted import counted
from deepracer_admin.model import Event
from deepracer_admin.rules.capacity import Outlook
from deepracer_admin.ui.kit.words import percent, whole

__all__ = ["slots_chart", "slots_title"]

# Colours of .streamlit/config.toml: what is used is blue, what limits is red, in both themes.
_LIGHT = ("#1f5fbf", "rgba(31,95,191,0.16)", "#c7403c")
_DARK = ("#6ea8fe", "rgba(110,168,254,0.22)", "#ef7a5f")


def slots_title(seen: Outlook) -> str:
    """The finding in one sentence."""
    slots, middle = seen.plan.effective_slots, seen.slots_in_use.p50
    full = sum(value >= 0.98 * slots for value in middle) / len(middle)
    if slots and full >= 0.05:
        return f"All {counted(slots, 'slot')} in use for {percent(full)} of the event"
    return f"At most {counted(round(max(middle)), 'slot')} of {whole(slots)} in use"


def slots_chart(seen: Outlook, event: Event) -> go.Figure:
    """Slots in use over event time in the event's zone: the middle, and the band of eight in ten."""
    used, band, limit = _DARK if st.context.theme.type == "dark" else _LIGHT
    start = event.starts_at.astimezone(ZoneInfo(event.zone)).replace(tzinfo=None)
    times = [start + timedelta(hours=each) for each in seen.slots_in_use.hours]
    figure = go.Figure()
    figure.add_scatter(
        x=[*times, *reversed(times)],
        y=[*seen.slots_in_use.p90, *reversed(seen.slots_in_use.p10)],
        fill="toself", fillcolor=band, line={"width": 0}, mode="lines", name="eight in ten", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=times, y=seen.slots_in_use.p50, mode="lines", name="in use", line={"color": used, "width": 3},
        hovertemplate="%{x|%d %b %H:%M}, slots: %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[times[0], times[-1]], y=[seen.plan.effective_slots] * 2, mode="lines", name="slots there are",
        line={"color": limit, "width": 2, "dash": "dash"}, hoverinfo="skip",
    )  # fmt: skip
    figure.update_layout(
        title=slots_title(seen),
        height=320,
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title=f"event time ({event.zone})",
        yaxis_title="slots in use (estimate)",
        yaxis_rangemode="tozero",
        legend={"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom"},
        uirevision="slots",
    )
    return figure

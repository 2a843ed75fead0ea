"""Charts of usage: spend over time with the budget, the top nine and the others. Never one mark per racer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st

from deepracer_admin.counted import counted
from deepracer_admin.services.usage.usage import ProfileRow, UsageView
from deepracer_admin.ui.kit.words import hours, money

__all__ = ["spend_chart", "spend_title", "top_chart"]

_TOP = 9
_LEGEND = {"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom", "traceorder": "normal"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of .streamlit/config.toml that carry a meaning here: the same thing has the same hue in both themes."""

    used: str
    queued: str
    budget: str
    band: str


_LIGHT = Palette("#1f5fbf", "#e77318", "#c7403c", "rgba(31,95,191,0.16)")
_DARK = Palette("#6ea8fe", "#fb9512", "#ef7a5f", "rgba(110,168,254,0.22)")


def palette() -> Palette:
    """The colours for the theme that this browser shows."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def spend_title(view: UsageView) -> str:
    """The finding of the spend chart in one sentence."""
    budget = view.event.budget_usd
    if view.forecast is None:
        return "No usage has been read yet"
    middle = view.forecast.middle
    if view.is_over:
        share = f": {view.spend_usd / budget:.0%} of the budget" if budget else "; no budget is set"
        return f"{money(view.spend_usd)} in the end (estimate){share}"
    if not budget:
        return f"About {money(middle)} by the end (estimate); no budget is set"
    share = middle / budget
    word = "within" if share <= 1 else "over"
    return f"About {money(middle)} by the end (estimate): {share:.0%} of the budget, {word} it"


def spend_chart(view: UsageView) -> go.Figure:
    """Estimated spend over time, the forecast band to the end, the budget line. Event time in the event's zone."""
    zone = ZoneInfo(view.event.zone)
    times = [at.astimezone(zone).replace(tzinfo=None) for at, _ in view.spend_series]
    figure, colour = go.Figure(), palette()
    figure.add_scatter(
        x=times,
        y=[usd for _, usd in view.spend_series],
        mode="lines",
        name="spent",
        line={"color": colour.used, "width": 3},
        hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
    )
    end = view.event.ends_at.astimezone(zone).replace(tzinfo=None)
    if view.forecast and times and end > times[-1] and not view.is_over:
        now, last = times[-1], view.spend_series[-1][1]
        figure.add_scatter(
            x=[now, end, end, now],
            y=[last, view.forecast.high, view.forecast.low, last],
            fill="toself",
            fillcolor=colour.band,
            line={"width": 0},
            mode="lines",
            name="forecast, slowest to fastest hour",
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[now, end],
            y=[last, view.forecast.middle],
            mode="lines",
            name="forecast",
            line={"color": colour.used, "width": 2, "dash": "dot"},
            hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
        )
    top = max([view.forecast.high if view.forecast else 0.0, *(usd for _, usd in view.spend_series)])
    far = view.event.budget_usd > 4 * top > 0  # the line would press everything else flat: said, not drawn
    if far:
        figure.add_annotation(
            text=f"budget {money(view.event.budget_usd)}, above this chart",
            xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom", showarrow=False,
            font={"color": colour.budget},
        )  # fmt: skip
    elif view.event.budget_usd and times:
        start = view.event.starts_at.astimezone(zone).replace(tzinfo=None)
        figure.add_scatter(
            x=[min(start, times[0]), max(end, times[-1])],
            y=[view.event.budget_usd] * 2,
            mode="lines",
            name=f"budget {money(view.event.budget_usd)}",
            line={"color": colour.budget, "width": 2, "dash": "dash"},
            hoverinfo="skip",
        )
    figure.update_layout(
        title=spend_title(view),
        height=340,
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title=f"event time ({view.event.zone})",
        yaxis_title="USD (estimate)",
        yaxis_rangemode="tozero",
        legend=_LEGEND,
        uirevision="spend",
    )
    return figure


def top_chart(rows: Sequence[ProfileRow], label: str) -> go.Figure:
    """Hours used and queued: the top nine by `label` ("Racer", "Office", "Cost centre") and all others together.

    The others are a bar, unless it would press the nine flat: then the title alone says their sum.
    """
    sums: dict[str, tuple[float, float]] = {}
    for row in rows:
        key = {"Office": row.office, "Cost centre": row.cost_centre}.get(label) if label != "Racer" else row.alias
        used, queued = sums.get(key or "(none)", (0.0, 0.0))
        sums[key or "(none)"] = (used + row.hours_used, queued + row.hours_queued)
    ordered = sorted(sums.items(), key=lambda pair: -sum(pair[1]))
    shown, rest = ordered[:_TOP], ordered[_TOP:]
    others = (sum(used for _, (used, _) in rest), sum(queued for _, (_, queued) in rest))
    said = ""
    if rest and sum(others) > 4 * sum(shown[0][1]):
        said = f"; {counted(len(rest), 'other')} {hours(sum(others))}"
    elif rest:
        shown = [*shown, (counted(len(rest), "other"), others)]
    total = sum(sum(value) for value in sums.values())
    top = sum(sum(value) for _, value in ordered[:_TOP])
    share = f", {top / total:.0%} of all" if total else ""
    shown.reverse()
    figure, used_colour, queued_colour = go.Figure(), palette().used, palette().queued
    for place, (word, colour) in enumerate((("used", used_colour), ("queued (committed)", queued_colour))):
        figure.add_bar(
            x=[value[place] for _, value in shown],
            y=[name if len(name) <= 24 else name[:23] + "…" for name, _ in shown],
            orientation="h",
            name=word,
            marker_color=colour,
            hovertemplate="%{y}: %{x:,.2f} h " + word + "<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        title=f"The top {min(_TOP, len(ordered))} use {hours(top)}{share}{said}",
        height=90 + 30 * len(shown),
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title="hours",
        yaxis={"automargin": True, "type": "category"},
        legend=_LEGEND,
        uirevision="top",
    )
    return figure

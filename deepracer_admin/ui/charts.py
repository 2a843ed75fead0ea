"""Charts of usage: spend over time with the budget, the top nine and the others. Never one mark per racer."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from deepracer_admin.services.usage import ProfileRow, UsageView
from deepracer_admin.ui.words import hours, money

__all__ = ["spend_chart", "spend_title", "top_chart"]

_SPEND, _BUDGET, _BAND = "#1f5fbf", "#c7403c", "rgba(31,95,191,0.16)"
_USED, _QUEUED = "#1f5fbf", "#e77318"
_TOP = 9


def spend_title(view: UsageView) -> str:
    """The finding of the spend chart in one sentence."""
    budget = view.event.budget_usd
    if view.forecast is None:
        return "No usage has been read yet"
    middle = view.forecast.middle
    if not budget:
        return f"About {money(middle)} by the end (estimate); no budget is set"
    share = middle / budget
    word = "within" if share <= 1 else "over"
    return f"About {money(middle)} by the end (estimate): {share:.0%} of the budget, {word} it"


def spend_chart(view: UsageView) -> go.Figure:
    """Estimated spend over time, the forecast band to the end, the budget line. Event time in the event's zone."""
    zone = ZoneInfo(view.event.zone)
    times = [at.astimezone(zone).replace(tzinfo=None) for at, _ in view.spend_series]
    figure = go.Figure()
    figure.add_scatter(
        x=times,
        y=[usd for _, usd in view.spend_series],
        mode="lines",
        name="spent",
        line={"color": _SPEND, "width": 3},
        hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
    )
    end = view.event.ends_at.astimezone(zone).replace(tzinfo=None)
    if view.forecast and times and end > times[-1]:
        now, last = times[-1], view.spend_series[-1][1]
        figure.add_scatter(
            x=[now, end, end, now],
            y=[last, view.forecast.high, view.forecast.low, last],
            fill="toself",
            fillcolor=_BAND,
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
            line={"color": _SPEND, "width": 2, "dash": "dot"},
            hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
        )
    top = max([view.forecast.high if view.forecast else 0.0, *(usd for _, usd in view.spend_series)])
    far = view.event.budget_usd > 4 * top > 0  # the line would press everything else flat: said, not drawn
    if far:
        figure.add_annotation(
            text=f"budget {money(view.event.budget_usd)}, above this chart",
            xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="top", showarrow=False,
            font={"color": _BUDGET},
        )  # fmt: skip
    elif view.event.budget_usd and times:
        start = view.event.starts_at.astimezone(zone).replace(tzinfo=None)
        figure.add_scatter(
            x=[min(start, times[0]), max(end, times[-1])],
            y=[view.event.budget_usd] * 2,
            mode="lines",
            name=f"budget {money(view.event.budget_usd)}",
            line={"color": _BUDGET, "width": 2, "dash": "dash"},
            hoverinfo="skip",
        )
    figure.update_layout(
        title=spend_title(view),
        height=340,
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title=f"event time ({view.event.zone})",
        yaxis_title="USD (estimate)",
        yaxis_rangemode="tozero",
        legend={"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom"},
        uirevision="spend",
    )
    return figure


def top_chart(rows: Sequence[ProfileRow], label: str) -> go.Figure:
    """Hours used and queued: the top nine by `label` ("Racer", "Office", "Cost centre") and all others as one bar."""
    sums: dict[str, tuple[float, float]] = {}
    for row in rows:
        key = {"Office": row.office, "Cost centre": row.cost_centre}.get(label) if label != "Racer" else row.alias
        used, queued = sums.get(key or "(none)", (0.0, 0.0))
        sums[key or "(none)"] = (used + row.hours_used, queued + row.hours_queued)
    ordered = sorted(sums.items(), key=lambda pair: -sum(pair[1]))
    shown, rest = ordered[:_TOP], ordered[_TOP:]
    if rest:
        others = (sum(used for _, (used, _) in rest), sum(queued for _, (_, queued) in rest))
        shown = [*shown, (f"{len(rest):,} others", others)]
    total = sum(sum(value) for value in sums.values())
    top = sum(sum(value) for _, value in ordered[:_TOP])
    share = f", {top / total:.0%} of all" if total else ""
    shown.reverse()
    figure = go.Figure()
    for place, (word, colour) in enumerate((("used", _USED), ("queued (committed)", _QUEUED))):
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
        title=f"The top {min(_TOP, len(ordered))} use {hours(top)}{share}",
        height=90 + 30 * len(shown),
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title="hours",
        yaxis={"automargin": True, "type": "category"},
        legend={"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom"},
        uirevision="top",
    )
    return figure

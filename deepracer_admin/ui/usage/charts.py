"""Charts of usage: one idea each, never one mark per racer; axes, zoom and colours hold still while they refresh."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st

from deepracer_admin.counted import counted
from deepracer_admin.rules.usage import Part
from deepracer_admin.services.usage.table import Histogram
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.ui.kit.drawing import made_once
from deepracer_admin.ui.kit.words import (
    exact,
    hours,
    money,
    percent,
)

__all__ = ["cohort_chart", "draw", "histogram_chart", "person_chart", "slots_chart", "spend_chart", "spend_title"]

_TOP = 9
_LEGEND = {"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom", "traceorder": "normal"}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of .streamlit/config.toml that carry a meaning here: the same thing has the same hue in both themes."""

    used: str
    queued: str
    waiting: str
    budget: str
    band: str
    ceiling: str


_LIGHT = Palette("#1f5fbf", "#e77318", "#7a7f87", "#c7403c", "rgba(31,95,191,0.16)", "#7a7f87")
_DARK = Palette("#6ea8fe", "#fb9512", "#a9b0ba", "#ef7a5f", "rgba(110,168,254,0.22)", "#a9b0ba")


def palette() -> Palette:
    """The colours for the theme that this browser shows."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def draw(make: Callable[[], go.Figure | None], key: str, *, alt: str, stamp: Hashable) -> None:
    """Draw it with the one button that a chart needs: its picture as PNG, twice as sharp as on the screen. None: there
    is nothing to draw. It is made once for all who look at the same `stamp`, which names all that it is made from.
    """
    figure = made_once(make, key, stamp=repr(stamp))
    if figure is None:
        return
    st.plotly_chart(
        figure,
        key=key,
        config={
            "displaylogo": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "filename": f"usage-{key}", "scale": 2},
        },
        alt=alt,
    )


def _layout(figure: go.Figure, key: str, title: str, height: int, x: str, y: str = "", **more: Any) -> go.Figure:
    figure.update_layout(
        title=title,
        height=height,
        margin={"l": 10, "r": 10, "t": 60, "b": 40},
        xaxis_title=x,
        yaxis_title=y,
        legend=_LEGEND,
        uirevision=key,
        **more,
    )
    return figure


def spend_title(view: UsageView) -> str:
    """The finding of the spend chart in one sentence."""
    budget = view.event.budget_usd
    if view.totals is None:
        return "No usage has been read yet"
    if view.is_over or view.forecast is None:
        share = f": {percent(view.spend_usd / budget)} of the budget" if budget else "; no budget is set"
        return f"{money(view.spend_usd)} in the end (estimate){share}"
    middle, high = view.forecast.p50.usd, view.forecast.p90.usd
    if not budget:
        return f"About {money(middle)} by the end (estimate); no budget is set"
    word = "over it" if middle > budget else "over it in one of ten cases" if high > budget else "within it"
    return f"About {money(middle)} by the end (estimate): {percent(middle / budget)} of the budget, {word}"


def spend_chart(view: UsageView) -> go.Figure:
    """Estimated spend over time, the forecast band to the end, its ceiling, the budget; in the event's zone."""
    zone = ZoneInfo(view.event.zone)
    times = [_local(at, zone) for at, _ in view.spend_series]
    figure, colour = go.Figure(), palette()
    figure.add_scatter(
        x=times, y=[round(usd, 2) for _, usd in view.spend_series], mode="lines", name="spent",
        line={"color": colour.used, "width": 3}, hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
    )  # fmt: skip
    end = _local(view.event.ends_at, zone)
    ahead = view.forecast if view.totals and times and end > times[-1] and not view.is_over else None
    top = max([ahead.p90.usd if ahead else 0.0, *(usd for _, usd in view.spend_series)], default=0.0)
    if ahead and view.totals:
        now, last = times[-1], view.spend_series[-1][1]
        figure.add_scatter(
            x=[now, end, end, now], y=[last, ahead.p90.usd, ahead.p10.usd, last], fill="toself",
            fillcolor=colour.band, line={"width": 0}, mode="lines", name="forecast, 8 of 10 cases", hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[now, end], y=[last, ahead.p50.usd], mode="lines", name="forecast, middle",
            line={"color": colour.used, "width": 2, "dash": "dot"},
            hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} USD<extra></extra>",
        )  # fmt: skip
        _line(
            figure, view.totals.ceiling.usd, "ceiling: limits, slots and time", times, end, top, colour.ceiling, "dot"
        )
    if times:
        _line(figure, view.event.budget_usd, "budget", times, end, top, colour.budget, "dash")
    return _layout(
        figure, "spend", spend_title(view), 360, f"event time ({view.event.zone})", "USD (estimate)",
        yaxis_rangemode="tozero",
    )  # fmt: skip


def _line(
    figure: go.Figure,
    usd: float,
    word: str,
    times: Sequence[datetime],
    end: datetime,
    top: float,
    colour: str,
    dash: str,
) -> None:
    """A line named at its end; one far above everything else would press it flat, so it is said and not drawn."""
    if not usd:
        return
    if math.isinf(usd) or usd > 4 * top > 0:
        said = "no ceiling: somebody has no limit" if math.isinf(usd) else f"{word} {money(usd)}, above this chart"
        figure.add_annotation(
            text=said, xref="paper", yref="paper", x=0, y=1 if word == "budget" else 0.93, xanchor="left",
            yanchor="bottom", showarrow=False, font={"color": colour},
        )  # fmt: skip
        return
    figure.add_scatter(
        x=[times[0], max(end, times[-1])], y=[usd, usd], mode="lines", name=f"{word} {money(usd)}",
        line={"color": colour, "width": 2, "dash": dash}, hoverinfo="skip",
    )  # fmt: skip


def slots_chart(view: UsageView) -> go.Figure | None:
    """Slots in use, models in the queue and models that wait, over time; None where the service does not tell."""
    told = [sample for sample in view.series if sample.running is not None]
    if not told:
        return None
    zone, colour, figure = ZoneInfo(view.event.zone), palette(), go.Figure()
    times = [_local(sample.at, zone) for sample in told]
    for word, values, hue, dash in (
        ("in use", [sample.running for sample in told], colour.used, "solid"),
        ("in the queue", [sample.queued for sample in told], colour.queued, "dash"),
        ("waiting for a slot", [sample.waiting for sample in told], colour.waiting, "dot"),
    ):
        figure.add_scatter(
            x=times, y=values, mode="lines", name=word, line={"color": hue, "width": 2, "dash": dash, "shape": "hv"},
            hovertemplate="%{x|%d %b %H:%M}: %{y:,} " + word + "<extra></extra>",
        )  # fmt: skip
    slots = view.event.slots
    figure.add_scatter(
        x=[times[0], times[-1]], y=[slots, slots], mode="lines", name=f"{counted(slots, 'slot')}", hoverinfo="skip",
        line={"color": colour.budget, "width": 2, "dash": "dash"},
    )  # fmt: skip
    last = told[-1]
    title = (
        f"{last.running} of {counted(slots, 'slot')} in use; {counted(last.waiting or 0, 'model waits', 'models wait')}"
    )
    return _layout(figure, "slots", title, 300, f"event time ({view.event.zone})", "models", yaxis_rangemode="tozero")


def cohort_chart(parts: Mapping[str, Part], label: str) -> go.Figure:
    """Hours used, committed and waiting: the top nine cohorts, and all others together."""
    ordered = sorted(parts.items(), key=lambda pair: -(pair[1].spent.hours + pair[1].committed.hours))
    shown, rest = ordered[:_TOP], ordered[_TOP:]
    names = [name or "(none)" for name, _ in shown]
    values = [[_of(part, what) for _, part in shown] for what in ("spent", "committed", "waiting")]
    if rest:
        names.append(counted(len(rest), "other"))
        for place, what in enumerate(("spent", "committed", "waiting")):
            values[place].append(sum(_of(part, what) for _, part in rest))
    colour, figure = palette(), go.Figure()
    short = [name if len(name) <= 24 else name[:23] + "…" for name in reversed(names)]
    for word, found, hue in zip(
        ("used", "committed", "waiting for a slot"), values, (colour.used, colour.queued, colour.waiting), strict=True
    ):
        figure.add_bar(
            x=[round(value, 3) for value in reversed(found)], y=short, orientation="h", name=word, marker_color=hue,
            hovertemplate="%{y}: %{x:,.2f} h " + word + "<extra></extra>",
        )  # fmt: skip
    total = sum(part.spent.hours for part in parts.values())
    first = (
        f"{names[0]} used {percent(values[0][0] / total)} of {hours(total)}" if total else "Nobody has used an hour yet"
    )
    return _layout(
        figure, f"cohorts-{label}", f"Hours by {label.lower()}: {first}" if total else first, 110 + 30 * len(names),
        "hours", barmode="stack", yaxis={"automargin": True, "type": "category"}, xaxis_tickformat=",",
    )  # fmt: skip


def _of(part: Part, what: str) -> float:
    return getattr(part, what).hours


def histogram_chart(found: Histogram) -> go.Figure:
    """How many people used how many hours; those who used none are said elsewhere."""
    width, colour, figure = found.width_h, palette(), go.Figure()
    figure.add_bar(
        x=[width * (place + 0.5) for place in range(len(found.counts))], y=[*found.counts], width=width * 0.96,
        marker_color=colour.used, showlegend=False,
        customdata=[f"{exact(width * place)} to {exact(width * (place + 1))} h" for place in range(len(found.counts))],
        hovertemplate="%{customdata}: %{y:,}<extra></extra>",
    )  # fmt: skip
    people = sum(found.counts)
    title = (
        f"Half of the {counted(people, 'person', 'people')} who trained used {hours(found.median_h)} or less"
        if people
        else "Nobody has used an hour yet"
    )
    return _layout(figure, "histogram", title, 300, "hours used", "people", yaxis_tickformat=",")


def person_chart(series: Sequence[tuple[datetime, float, float]], limit: float | None, zone: str) -> go.Figure:
    """Hours of one profile over time: used, and with what is asked for; the limit of a month as a line."""
    times = [_local(at, ZoneInfo(zone)) for at, _, _ in series]
    colour, figure = palette(), go.Figure()
    for word, values, hue, dash in (
        ("used", [round(used, 3) for _, used, _ in series], colour.used, "solid"),
        ("with what is asked for", [round(used + queued, 3) for _, used, queued in series], colour.queued, "dot"),
    ):
        figure.add_scatter(
            x=times, y=values, mode="lines+markers", name=word,
            line={"color": hue, "width": 2, "dash": dash, "shape": "hv"},
            hovertemplate="%{x|%d %b %H:%M}: %{y:,.2f} h<extra></extra>",
        )  # fmt: skip
    if limit is not None and times:
        figure.add_scatter(
            x=[times[0], times[-1]], y=[limit, limit], mode="lines", name=f"limit {hours(limit)} a month",
            line={"color": colour.budget, "width": 2, "dash": "dash"}, hoverinfo="skip",
        )  # fmt: skip
    title = f"{hours(series[-1][1])} used" if series else "Nothing was read of this profile yet"
    return _layout(figure, "person", title, 260, f"event time ({zone})", "hours", yaxis_rangemode="tozero")


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)

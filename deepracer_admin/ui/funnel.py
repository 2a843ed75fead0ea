"""The onboarding funnel: who is where, how fast it goes, why people are stuck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from deepracer_admin.model import Event, State, Step
from deepracer_admin.services.onboarding import FunnelRow, OnboardingView, StuckRow
from deepracer_admin.ui import session
from deepracer_admin.ui.cached import onboarding_view
from deepracer_admin.ui.words import as_of, count, plain, span

__all__ = ["STEPS", "live_funnel", "plan_sentence", "stuck_table"]

STEPS: dict[Step, str] = {
    Step.PROFILE: "Has a profile",
    Step.GROUP: "In the Entra group",
    Step.ACCESS: "Access proven",
    Step.MAIL: "Mailed",
    Step.SIGNED_IN: "Signed in",
    Step.TRAINED: "Trained",
    Step.SUBMITTED: "Submitted to a race",
}
_SEEN = (Step.SIGNED_IN, Step.TRAINED, Step.SUBMITTED)
_STATES = {
    "idle": ("not started", ":material/hourglass_empty:", "gray"),
    "running": ("running", ":material/progress_activity:", "blue"),
    "paused": ("paused", ":material/pause_circle:", "orange"),
    "closed": ("closed", ":material/lock:", "gray"),
}
# shape beside colour: every part has its own word in the legend and its number in the table below
_PARTS = (
    ("done", "done", "#1f8a5b"),
    ("waiting", "under way", "#3a7bda"),
    ("refused", "refused", "#c7403c"),
    ("unknown", "answer lost", "#8a63c9"),
    ("todo", "to do", "rgba(128,138,150,0.30)"),
)


def plan_sentence(plan: Mapping[str, int]) -> str:
    """What starting would do, e.g. "invites 1,883, adds 2,000 to the group, mails 1,883; 117 are refused"."""
    if not (plan["invite"] or plan["group"] or plan["mail"] or plan["leave"]):
        rest = f"; {count(plan['refused'], 'address is', 'addresses are')} refused" if plan["refused"] else ""
        return f"everybody is through, newcomers are taken in by themselves{rest}"
    parts = [f"invites {plan['invite']:,}"] if plan["invite"] else []
    if plan["group"]:
        parts.append(f"adds {plan['group']:,} to the group")
    parts.append(f"mails {plan['mail']:,}")
    if plan["leave"]:
        parts.append(f"takes access from {plan['leave']:,} who left")
    refused = f"; {count(plan['refused'], 'address is', 'addresses are')} refused" if plan["refused"] else ""
    return ", ".join(parts) + refused


@st.fragment(run_every=2)
def live_funnel() -> None:
    """State, rate, limit, estimate of the end, and the funnel; drawn anew every two seconds, nothing to click."""
    who, console = session.actor(), session.console()
    event = console.events.current_event()
    if event is None:
        return
    view = onboarding_view(who)
    _pace(view, event)
    for duty, sentence in sorted(view.trouble.items()):
        st.warning(f"**{plain(duty)}** waits: {plain(sentence)}", icon=":material/warning:")
    if not view.people:
        return
    st.plotly_chart(_figure(view), key="funnel-chart", config={"displayModeBar": False}, alt=_spoken(view))
    now = console.clock.now()
    st.dataframe(
        pd.DataFrame([_line(row, view.people, now) for row in view.funnel]),
        hide_index=True,
        key="funnel-table",
        placeholder="–",
        column_config={"Share": st.column_config.NumberColumn(format="%.0f %%")},
        alt="People per step and state",
    )
    if not all(row.known for row in view.funnel):
        st.caption("Signed in: the service tells only who trained; others may have signed in without training.")


def _pace(view: OnboardingView, event: Event) -> None:
    word, icon, colour = _STATES.get(view.state, (view.state, ":material/help:", "gray"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(f"Onboarding {word}", icon=icon, color=colour)  # type: ignore[arg-type]
        if view.by:
            st.caption(f"by {plain(view.by)}")
        limit = f" · limit in force: {plain(view.limit)}" if view.limit else ""
        st.caption(f"{as_of(view.as_of, 'worker', event.zone)}{limit}")
    mailed = next((row.done for row in view.funnel if row.step is Step.MAIL), 0)
    left, middle, right, last = st.columns(4)
    left.metric("People on the list", f"{view.people:,}")
    middle.metric("Have their mail", f"{mailed:,}")
    rate = f"{view.rate_per_minute:,.0f} people/min" if view.state == "running" and mailed < view.people else "–"
    right.metric("Rate, last 2 minutes", rate)
    done = "all mailed" if view.people and mailed >= view.people else "–"
    eta = f"~{span(timedelta(minutes=view.eta_minutes))}" if view.eta_minutes and view.state == "running" else done
    last.metric("Time left (estimate)", eta)


def _line(row: FunnelRow, people: int, now: datetime) -> dict[str, object]:
    seen = row.step in _SEEN
    return {
        "Step": STEPS[row.step],
        "Done": row.done,
        "Share": 100 * row.done / people,
        "Under way": None if seen else row.waiting,
        "Refused": None if seen else row.refused,
        "Answer lost": None if seen else row.unknown,
        "Not yet": row.todo,
        "Meaning of not yet": ("not seen" if row.known else "not known") if seen else "to do",
        "Oldest waits": span(now - row.oldest) if row.oldest else "–",
    }


def _figure(view: OnboardingView) -> go.Figure:
    rows = [*reversed(view.funnel)]
    figure = go.Figure()
    for name, word, colour in _PARTS:
        values = [getattr(row, name) for row in rows]
        if any(values):
            figure.add_bar(
                y=[STEPS[row.step] for row in rows],
                x=values,
                name=word,
                orientation="h",
                marker_color=colour,
                text=[f"{value:,}" if value else "" for value in values],
                textposition="inside",
                insidetextanchor="middle",
                hovertemplate="%{y}: %{x:,} " + word + "<extra></extra>",
            )
    figure.update_layout(
        barmode="stack",
        title=_spoken(view),
        height=90 + 34 * len(rows),
        margin={"l": 10, "r": 10, "t": 46, "b": 36},
        xaxis_title="people",
        legend={"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom", "traceorder": "normal"},
        yaxis={"automargin": True},
        uirevision="funnel",
        bargap=0.25,
    )
    return figure


def _spoken(view: OnboardingView) -> str:
    done = {row.step: row.done for row in view.funnel}
    return f"{done.get(Step.ACCESS, 0):,} of {view.people:,} have access, {done.get(Step.TRAINED, 0):,} have trained"


def stuck_table(rows: Sequence[StuckRow], *, key: str) -> StuckRow | None:
    """The reasons, most people first; the chosen one."""
    choice = st.dataframe(
        pd.DataFrame(
            {
                "Step": [STEPS[row.step] for row in rows],
                "People": [row.people for row in rows],
                "State": [_WORDS.get(row.state, row.state.value) for row in rows],
                "Why, and what to do": [row.sentence for row in rows],
                "Code": [row.reason for row in rows],
            }
        ),
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Why, and what to do": st.column_config.TextColumn(width="large")},
        alt="Reasons why people are stuck",
    )
    chosen = choice.selection.rows  # type: ignore[union-attr]
    return rows[chosen[0]] if chosen and chosen[0] < len(rows) else None


_WORDS = {State.REFUSED: "✗ needs a human", State.UNKNOWN: "? answer lost", State.RETRY: "↻ repeats by itself"}

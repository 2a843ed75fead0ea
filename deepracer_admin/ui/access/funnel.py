"""The onboarding funnel: who is where, how fast it goes, why people are stuck."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from deepracer_admin.model import Actor, Event, State, Step
from deepracer_admin.rules.mail_days import DAILY, MailDay
from deepracer_admin.services.access.onboarding import FunnelRow, OnboardingView, StuckRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import onboarding_plan, onboarding_view
from deepracer_admin.ui.kit.drawing import made_once
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.looks import drawn_from
from deepracer_admin.ui.kit.refresh import rerun_unasked
from deepracer_admin.ui.kit.table import choose_one, counts
from deepracer_admin.ui.kit.words import as_of, count, plain, span, when, whole

__all__ = ["STEPS", "STUCK", "live_funnel", "live_plan", "plan_sentence", "stuck_table"]

STUCK = "stuck"
"""The table of reasons why people are stuck."""
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
_DUTIES = {
    "group": "Entra group",
    "proof": "Proof of access",
    "races": "Races and standings",
    "signed in": "Who signed in",
}
_TRIED_AGAIN = "It is tried again by itself until it works."
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
    ("unknown", "not known", "#8a63c9"),
    ("todo", "to do", "rgba(128,138,150,0.30)"),
)
_ON_GREY = {False: "#31363d", True: "#d7dbe0"}  # the numbers of what is to do, in light and in the dark


def plan_sentence(plan: Mapping[str, int]) -> str:
    """What starting would do, e.g. "invites 1,883, adds 2,000 to the group, mails 1,883; 117 are refused"."""
    if not _is_something_left(plan):
        rest = f"; {count(plan['refused'], 'address is', 'addresses are')} refused" if plan["refused"] else ""
        return f"everybody is through, newcomers are taken in by themselves{rest}"
    parts = [f"invites {whole(plan['invite'])}"] if plan["invite"] else []
    if plan["group"]:
        parts.append(f"adds {whole(plan['group'])} to the group")
    parts.append(f"mails {whole(plan['mail'])}")
    if plan["leave"]:
        parts.append(f"takes access from {whole(plan['leave'])} who left")
    refused = f"; {count(plan['refused'], 'address is', 'addresses are')} refused" if plan["refused"] else ""
    return ", ".join(parts) + refused


def _is_something_left(plan: Mapping[str, int]) -> bool:
    return any(plan[what] for what in ("invite", "group", "mail", "leave"))


EVERY_S = 2
PLAN_PART, FUNNEL_PART = "onboarding-plan-part", "onboarding-funnel-part"


@st.fragment(key=PLAN_PART)
def live_plan() -> None:
    """What is left to do while onboarding runs."""
    who = session.actor()
    revision, plan = _revision(who), onboarding_plan(who)
    sentence = plan_sentence(plan)
    st.markdown(f"Under way: {sentence}." if _is_something_left(plan) else f"{sentence[0].upper()}{sentence[1:]}.")
    drawn_from(PLAN_PART, revision, _revision, every_s=EVERY_S)


def _revision(who: Actor) -> Hashable:
    return session.desk().attendees.revision(who)


def _moved(who: Actor) -> tuple[Hashable, datetime]:
    """What the funnel is drawn from, and the minute, for it says how long the oldest waits."""
    return _revision(who), session.desk().clock.now().replace(second=0, microsecond=0)


@st.fragment(key=FUNNEL_PART)
def live_funnel(drawn: OnboardingView, *, looking: bool) -> None:
    """State, rate, limit, estimate of the end, and the funnel; drawn anew at a look (looks.py) when something in them
    moved, nothing to click.

    The rest of the page shows `drawn`: when other reasons than those hold people up, or onboarding was started or
    paused elsewhere, the page is drawn anew, unless somebody is `looking` at a reason that they chose.
    """
    who = session.actor()
    event = session.desk().events.event()
    if event is None:
        return
    moved, view = _moved(who), onboarding_view(who)
    is_other_page = not looking and _outline(view) != _outline(drawn)
    if is_other_page:
        rerun_unasked()  # does nothing while a dialog is open: then the next look asks again
    _draw_funnel(view, event)
    drawn_from(FUNNEL_PART, None if is_other_page else moved, _moved, every_s=EVERY_S)


def _draw_funnel(view: OnboardingView, event: Event) -> None:
    _pace(view, event)
    for duty, sentence in sorted(view.trouble.items()):
        what = plain(_DUTIES.get(duty, duty.capitalize()))
        st.warning(f"**{what}** waits: {plain(sentence)} {_TRIED_AGAIN}", icon=":material/warning:")
    if not view.people:
        return
    figure = made_once(lambda: _figure(view), "funnel", stamp=(view.people, repr(view.funnel)))
    st.plotly_chart(figure, key="funnel-chart", config={"displayModeBar": False}, alt=_spoken(view))
    now = session.desk().clock.now()
    st.dataframe(
        pd.DataFrame([_line(row, view.people, now) for row in view.funnel]),
        hide_index=True,
        key="funnel-table",
        placeholder=NOTHING,
        column_config={
            "Share": st.column_config.NumberColumn(format="%.0f %%"),
            **counts("Done", "Under way", "Refused", "Answer lost", "Not yet"),
        },
        alt="People per step and state",
    )
    if not all(row.known for row in view.funnel):
        st.caption("Signed in: the service tells only who trained; others may have signed in without training.")


def _pace(view: OnboardingView, event: Event) -> None:
    word, icon, colour = _STATES.get(view.state, (view.state, ":material/help:", "gray"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(f"Onboarding {word}", icon=icon, color=colour)  # type: ignore[arg-type]
        by = f"by {plain(view.by)} · " if view.by else ""
        limit = f" · limit in force: {plain(view.limit)}" if view.limit else ""
        st.caption(f"{by}{as_of(view.as_of, 'console', event.zone)}{limit}")
    if view.mail_day is not None:
        _mail_day(view.mail_day, event)
    mailed = next((row.done for row in view.funnel if row.step is Step.MAIL), 0)
    under_way = view.state == "running" and mailed < view.people and view.eta_minutes != 0
    left, middle, right, last = st.columns(4)
    left.metric("People on the list", f"{whole(view.people)}")
    middle.metric("Have their mail", f"{whole(mailed)}")
    rate = f"{whole(view.rate_per_minute)} people/min" if under_way else "–"
    right.metric("Rate, last 2 minutes", rate)
    last.metric("Time left (estimate)", _time_left(view, mailed))


def _time_left(view: OnboardingView, mailed: int) -> str:
    """The reason of everybody whom no mail can reach stands below; they are not waited for."""
    if view.people and mailed >= view.people:
        return "all mailed"
    if view.state != "running" or view.eta_minutes is None:
        return "–"
    return f"~{span(timedelta(minutes=view.eta_minutes))}" if view.eta_minutes else "done"


def _outline(view: OnboardingView) -> tuple[object, ...]:
    """What the unmoving parts of the page hang on."""
    return view.state, bool(view.people), [(row.step, row.state, row.reason) for row in view.stuck]


def _as_seen(row: FunnelRow) -> FunnelRow:
    """Nobody is on the way to something that they do themselves: it was seen, or not yet."""
    return replace(row, waiting=0, todo=row.todo + row.waiting) if row.step in _SEEN else row


def _mail_day(day: MailDay, event: Event) -> None:
    """Cognito's default sender: what is left, what waits, and until when."""
    left = f"Cognito's default sender: **{day.left} of {DAILY}** invitations left in these 24 hours"
    if not day.waiting:
        st.caption(f"{left}.")
        return
    following = f", the next go {when(day.next_at, event.zone)}" if day.next_at else ""
    st.info(
        f"{left}; **{whole(day.waiting)}** wait{following}, the last about {when(day.last_at, event.zone)} (estimate). "
        "SES as the deployment's mail sender, or our own mail as the way in (Set up), knows no such limit.",
        icon=":material/schedule_send:",
    )


def _line(row: FunnelRow, people: int, now: datetime) -> dict[str, object]:
    seen, row = row.step in _SEEN, _as_seen(row)
    return {
        "Step": STEPS[row.step],
        "Done": row.done,
        "Share": 100 * row.done / people,
        "Under way": None if seen else row.waiting,
        "Refused": None if seen else row.refused,
        "Answer lost": None if seen else row.unknown,
        "Not yet": row.todo,
        "Meaning of not yet": ("not seen" if row.known else "not known") if seen else "to do",
        "Oldest waits": span(now - row.oldest) if row.oldest and not seen else "–",
    }


def _figure(view: OnboardingView) -> go.Figure:
    rows = [_as_seen(row) for row in reversed(view.funnel)]
    figure = go.Figure()
    on_grey = _ON_GREY[st.context.theme.type == "dark"]
    for name, word, colour in _PARTS:
        values = [getattr(row, name) for row in rows]
        if any(values):
            figure.add_bar(
                y=[STEPS[row.step] for row in rows],
                x=values,
                name=word,
                orientation="h",
                marker_color=colour,
                text=[f"{whole(value)}" if value else "" for value in values],
                textposition="inside",
                insidetextanchor="middle",
                insidetextfont={"color": on_grey if name == "todo" else "#ffffff"},
                hovertemplate="%{y}: %{x:,} " + word + "<extra></extra>",
            )
    figure.update_layout(
        barmode="stack",
        title=_spoken(view),
        height=90 + 34 * len(rows),
        margin={"l": 10, "r": 10, "t": 46, "b": 36},
        xaxis={"title": "people", "tickformat": ","},
        legend={"orientation": "h", "y": 1.02, "x": 1, "xanchor": "right", "yanchor": "bottom", "traceorder": "normal"},
        yaxis={"automargin": True},
        uirevision="funnel",
        bargap=0.25,
    )
    return figure


def _spoken(view: OnboardingView) -> str:
    done = {row.step: row.done for row in view.funnel}
    access, trained = done.get(Step.ACCESS, 0), done.get(Step.TRAINED, 0)
    return f"{whole(access)} of {whole(view.people)} have access, {whole(trained)} have trained"


def stuck_table(rows: Sequence[StuckRow]) -> StuckRow | None:
    """The reasons, most people first; the chosen one."""
    chosen = choose_one(
        pd.DataFrame(
            {
                "Step": [STEPS[row.step] for row in rows],
                "People": [row.people for row in rows],
                "State": [_WORDS.get(row.state, row.state.value) for row in rows],
                "Why, and what to do": [row.sentence for row in rows],
            }
        ),
        [row.id for row in rows],
        key=STUCK,
        names=[f"{STEPS[row.step]}: {row.reason}" for row in rows],
        column_config={"Why, and what to do": st.column_config.TextColumn(width="large"), **counts("People")},
        alt="Reasons why people are stuck",
    )
    return next((row for row in rows if row.id == chosen), None)


_WORDS = {State.REFUSED: "✗ refused", State.UNKNOWN: "? not known", State.RETRY: "… waiting, tried again by itself"}

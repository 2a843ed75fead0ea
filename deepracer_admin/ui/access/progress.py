"""Where the event stands: stage, next step, funnel, spend against budget, job slots, what needs a human."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Stage, State, Step
from deepracer_admin.rules.known import NextStep
from deepracer_admin.rules.still_in import number_of, still_in_words
from deepracer_admin.services.closeout.view import CloseView
from deepracer_admin.services.setup.events import EventView
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.ui.access.funnel import STEPS
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import close_view, event_view, usage_view
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.looks import drawn_from
from deepracer_admin.ui.kit.masthead import link_to, next_link
from deepracer_admin.ui.kit.table import counts
from deepracer_admin.ui.kit.words import STAGES, as_of, count, hours, money, percent, plain, when, whole

__all__ = ["funnel", "live", "next_steps", "stepper"]

SHOWN = 3
"""Steps that stand at the top of the Event page."""


EVERY_S = 2
PART = "event-part"


def _shown(who: Actor) -> tuple[EventView, UsageView, CloseView | None]:
    """What the Event page is drawn from; what was proved only once the event is closed."""
    view = event_view(who)
    is_proved = view.event.closed_at is not None and session.may(who, "closeout.view")
    return view, usage_view(who), close_view(who) if is_proved else None


@st.fragment(key=PART)
def live() -> None:
    """The Event page's moving part: reads the local store, draws, never acts; drawn anew when something in it moved."""
    who = session.actor()
    if session.desk().events.event() is None:
        return
    shown = _shown(who)
    _draw(who, *shown)
    drawn_from(PART, shown, _shown, every_s=EVERY_S)


def _draw(who: Actor, view: EventView, usage: UsageView, proof: CloseView | None) -> None:
    stepper(view.stage, closed=view.event.closed_at is not None)
    next_steps(who, view)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if view.event.closed_at:
            closing_summary(who, view, usage, proof)
        else:
            funnel(view)
        if len(view.next) > SHOWN:
            st.subheader("After that", anchor=False)
            with st.container(gap="xsmall", key="next-after"):
                for step in view.next[SHOWN:]:
                    _step(who, view, step)
    with right:
        spend(view, usage)
        if not usage.is_over:
            slots(view)


def stepper(now: Stage, *, closed: bool) -> None:
    """The five stages in a line: behind us, here with what it is about, ahead; a word and an icon each."""
    order = list(STAGES)
    here = len(order) if closed else order.index(now)
    with st.container(horizontal=True, vertical_alignment="center"):
        for place, stage in enumerate(order):
            title, hint = STAGES[stage]
            if place < here:
                st.badge(title, icon=":material/check:", color="green", help=f"Behind us: {hint}")
            elif place == here:
                st.badge(f"{title} · now: {hint}", icon=":material/flag:", color="blue")
            else:
                st.badge(title, icon=":material/radio_button_unchecked:", color="gray", help=f"Ahead: {hint}")


def next_steps(who: Actor, view: EventView) -> None:
    """The first three things to do, most urgent first, with the way to the very place for those who may go there."""
    with st.container(border=True, gap="xsmall", key="next-steps"):
        for place, step in enumerate(view.next[:SHOWN]):
            _step(who, view, step, lead="Next: " if place == 0 and not view.event.closed_at else "")


def _step(who: Actor, view: EventView, step: NextStep, *, lead: str = "") -> None:
    icon = ":red[:material/error:] " if step.is_red else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon}**{plain(lead + step.title)}** — {plain(step.why)}")
        next_link(who, step, label="")


def closing_summary(who: Actor, view: EventView, usage: UsageView, proof: CloseView | None) -> None:
    """After the close-out nobody is to have access any more: what is left to tell, and where the evidence is."""
    zone = view.event.zone
    with st.container(border=True):
        st.markdown(f"**Closed** — {when(view.event.closed_at, zone)}")
        first, second = st.columns(2)
        first.metric("Racers who trained", f"{whole(usage.active)} of {whole(usage.profiles)}")
        second.metric("Models made", f"{whole(usage.models)}", help="Before they were deleted.")
        st.caption(as_of(usage.as_of, "racing service, event time", zone))
        if proof is None:
            return
        if proof.can_still_sign_in is None:
            st.badge("Who can still sign in is not known", icon=":material/help:", color="orange")
        else:
            left, open_ = number_of(proof.can_still_sign_in), number_of(proof.not_known)
            icon, colour = (":material/warning:", "orange") if left or open_ else (":material/check_circle:", "green")
            st.badge(still_in_words(left, open_), icon=icon, color=colour)  # type: ignore[arg-type]
            st.caption(as_of(proof.read_back_at, "listing of the racing service", zone))
        link_to(who, "closeout", "Evidence, exports and certificate")


def funnel(view: EventView) -> None:
    """Per step how many people are through, how many wait and how many are stuck."""
    with st.container(border=True):
        st.markdown(f"**Funnel** — {count(view.people, 'person', 'people')} on the list")
        if not view.people:
            st.caption("Nobody is on the list yet; an organizer uploads it on the Attendees page.")
            return
        shown = [step for step in STEPS if step is not Step.GROUP or view.event.group_id]
        rows = [view.funnel.get(step, {}) for step in shown]
        done = [sum(n for state, n in row.items() if state.is_done) for row in rows]
        frame = pd.DataFrame(
            {
                "Step": [STEPS[step] for step in shown],
                "Through": [100 * n / view.people for n in done],
                "People": done,
                "On the way": [row.get(State.WAITING, 0) + row.get(State.RETRY, 0) for row in rows],
                "Refused": [row.get(State.REFUSED, 0) for row in rows],
                "Not known": [row.get(State.UNKNOWN, 0) for row in rows],
            }
        )
        st.dataframe(
            frame,
            hide_index=True,
            key="event-funnel",
            placeholder=NOTHING,
            column_config={
                **counts("Refused", "Not known", "On the way", width=80),
                **counts("People", width=70),
                "Through": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=110),
            },
            alt="Funnel: people through each step",
        )
        st.caption(as_of(view.profiles_as_of, "racing service", view.event.zone))


def spend(view: EventView, usage: UsageView) -> None:
    """Spend so far against the budget, what is committed, and where it ends."""
    budget = view.event.budget_usd
    with st.container(border=True):
        st.markdown("**Spend** — estimate from the price list")
        first, second, third = st.columns(3)
        first.metric("Spent", money(view.spend_usd), help=f"Estimate. {view.event.prices.source}")
        second.metric("Committed", money(view.committed_usd), help="Estimate for queued and running jobs.")
        third.metric("Training", hours(view.hours_used), help="Hours used by the event's profiles.")
        if budget:
            share = view.spend_usd / budget
            used = f"{percent(share)} of the budget of {money(budget)}"
            st.progress(min(1.0, share), text=f":red[✗ {used}, passed]" if share >= 1 else used)
        ahead = usage.forecast
        if usage.is_over:
            st.markdown(f"Final: **{money(view.spend_usd)}** (estimate; the bill has the last word).")
        elif ahead:
            st.markdown(
                f"At the end about **{money(ahead.p50.usd)}**, in eight of ten cases between "
                f"{money(ahead.p10.usd)} and {money(ahead.p90.usd)} (estimate)."
            )
            if ahead.budget_reached_at:
                at = when(ahead.budget_reached_at, view.event.zone)
                st.badge(f"Budget reached {at}", icon=":material/warning:", color="orange")
        st.caption(as_of(view.usage_as_of, "racing service, event time", view.event.zone))


def slots(view: EventView) -> None:
    """How much work stands before the account's job slots."""
    event = view.event
    with st.container(border=True):
        st.markdown(f"**Job slots** — {count(event.slots, 'job')} at once")
        st.markdown(f"Queued and running: {hours(view.hours_queued)}.")
        st.caption("Whether everybody's hours fit is simulated: Set up, Slots and hours.")

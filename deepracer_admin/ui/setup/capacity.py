"""Slots and hours on the Set up page: the plan, and beside it what it will take. Nothing waits for the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.capacity import PlanChoices
from deepracer_admin.rules.capacity import ARRIVALS, Band, Outlook, Plan, Queue
from deepracer_admin.services.setup.capacity import CapacityView
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import ask, press
from deepracer_admin.ui.kit.limits import ask_limit
from deepracer_admin.ui.kit.opened import as_opened, forget_opened, note_typed, offer_anew
from deepracer_admin.ui.kit.refresh import rerun_unasked
from deepracer_admin.ui.kit.words import as_of, count, hours, money, plain, span, when, whole
from deepracer_admin.ui.setup.capacity_chart import slots_chart, slots_title

__all__ = ["fit_badge", "panel"]

QUOTA_JOBS = ("quotas.read",)
_RULES = {Queue.LINE: "They wait in line (up to 1.2.x)", Queue.RETRY: "Whoever presses Retry (since 1.3)"}


def panel(who: Actor, event: Event) -> None:
    """Inputs and answer side by side; the plan is the event's until something is changed here."""
    st.caption(
        "The event before the event: simulated with these people, hours and slots, in the background. Habits of racers "
        "are assumptions; bands say how sure the answer is."
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        now, slot = session.desk().capacity.plan(who), f"plan-shown-{event.id}"
        shown = as_opened(slot, now, an_input=lambda kept: f"{_key(event, kept)}-people", follows=True)
        plan = _inputs(shown, event)
        note_typed(slot, plan != shown)
        _keep(plan, event)
        offer_anew(slot, shown, now)
        _quotas(who, event)
    with right:
        view = ask(lambda asking: session.desk().capacity.look(asking, plan))
        if view is None:
            return
        if view.look.is_working:
            _answer_live(plan)
        else:
            _answer(view, event)


def fit_badge(who: Actor) -> None:
    """Does the plan as it is saved fit? Green only where simulated events say so; what is not known is said."""
    desk = session.desk().capacity
    try:
        view = desk.look(who, desk.plan(who))
    except BadInput as wrong:
        st.caption(plain(wrong.sentence))
        return
    _badge(view)


def _key(event: Event, plan: Plan) -> str:
    return f"plan-{event.id}-{hashlib.sha256(repr(plan).encode()).hexdigest()[:8]}"


def _inputs(plan: Plan, event: Event) -> Plan:
    """What was moved stays moved while another part of the page is looked at."""
    key = _key(event, plan)
    a, b = st.columns(2)
    people = a.number_input("People", 1, 100_000, plan.people, step=10, key=f"{key}-people", persist_state="page")
    slots = b.number_input(
        "Slots (quota of ml.c7i.4xlarge)", 0, 10_000, plan.slots, key=f"{key}-slots", persist_state="page"
    )
    each = ask_limit(
        a,
        "Hours a person",
        float(plan.hours_per_person),
        key=f"{key}-h",
        least=0.0,
        most=744.0,
        step=0.5,
        otherwise=5.0,
        stays=True,
    )
    models = ask_limit(
        b,
        "Models a person",
        plan.models_per_person,
        key=f"{key}-models",
        least=1,
        most=1_000,
        step=1,
        otherwise=5,
        stays=True,
    )
    keys = [*ARRIVALS]
    coming = st.selectbox(
        "When people come",
        keys,
        index=keys.index(plan.arrivals.key),
        format_func=lambda each: ARRIVALS[each].title,
        key=f"{key}-arrivals",
        persist_state="page",
    )
    habits = plan.habits
    minutes = st.slider(
        "Minutes of a training", 10, 240, round(habits.training_min), 5, key=f"{key}-minutes", persist_state="page"
    )
    made = st.slider("Submissions a racer", 0.0, 20.0, habits.submissions, 0.5, key=f"{key}-made", persist_state="page")
    rule = st.selectbox(
        "Who gets a slot that comes free",
        [*_RULES],
        index=[*_RULES].index(plan.queue),
        format_func=_RULES.__getitem__,
        key=f"{key}-rule",
        persist_state="page",
    )
    with st.expander("More of the account and of what you may do"):
        total = st.number_input(
            "Quota of all training instances",
            0,
            10_000,
            plan.account_slots,
            key=f"{key}-total",
            persist_state="page",
            placeholder="not known",
        )
        others = st.number_input(
            "Instances used for other things", 0, 10_000, plan.others, key=f"{key}-others", persist_state="page"
        )
        room = st.slider(
            "Hours before the end without new trainings", 0.0, min(24.0, plan.window_h / 2), plan.room_h, 0.5,
            key=f"{key}-room", persist_state="page",
        )  # fmt: skip
        waves = st.toggle("Give hours out in fair waves", plan.waves, key=f"{key}-waves", persist_state="page")
    return replace(
        plan,
        people=int(people),
        slots=int(slots),
        hours_per_person=each,
        models_per_person=models,
        arrivals=ARRIVALS[coming or plan.arrivals.key],
        habits=replace(habits, training_min=float(minutes), submissions=made),
        queue=rule or plan.queue,
        account_slots=None if total is None else int(total),
        others=int(others),
        room_h=room,
        waves=waves,
    )


def _keep(plan: Plan, event: Event) -> None:
    press(
        "Make this the event's plan",
        lambda asking: _kept(asking, plan, event),
        key="plan-keep",
        done="The event has these numbers now. People who have a profile get new hours on the Usage page.",
        help="People, hours, models and slots go into the settings; the rest is remembered for the next look.",
    )


def _kept(asking: Actor, plan: Plan, event: Event) -> None:
    desk = session.desk()
    choices = PlanChoices(
        arrivals=plan.arrivals.key,
        training_min=plan.habits.training_min,
        submissions=plan.habits.submissions,
        others=plan.others,
        account_slots=plan.account_slots,
        room_h=plan.room_h,
        queue=plan.queue.value,
        waves=plan.waves,
    )
    shown = desk.events.draft_of(event)
    wanted = replace(
        shown,
        head_count=plan.people,
        hours_per_person=plan.hours_per_person,
        models_per_person=plan.models_per_person,
        slots=max(1, plan.slots),
    )
    desk.events.edit(asking, wanted, shown)
    desk.capacity.keep(asking, choices)
    forget_opened(f"plan-shown-{event.id}")


def _quotas(who: Actor, event: Event) -> None:
    """The account's quotas as AWS says, where credentials allow."""
    seen = session.desk().capacity.quotas(who)
    if seen is None:
        st.caption("The account's quotas were not read; type them in, or read them where AWS credentials allow.")
    else:
        st.caption(
            f"The account may run {count(seen.per_type, 'instance')} of ml.c7i.4xlarge and {whole(seen.total)} in all "
            f"in {plain(seen.region)}: {as_of(seen.as_of, 'AWS Service Quotas', event.zone)}."
        )
    press(
        "Read the account's quotas",
        session.desk().capacity.read_quotas,
        key="quotas-read",
        done="They are being read; what is found appears here.",
        icon=":material/sync:",
    )
    jobs.live(QUOTA_JOBS, key="setup-quotas")


@st.fragment(run_every=2)
def _answer_live(plan: Plan) -> None:
    """What is known so far; once all of it is, the page is drawn anew and rests."""
    event = session.desk().events.event()
    if event is None:
        return
    view = ask(lambda asking: session.desk().capacity.look(asking, plan))
    if view is None:
        return
    if not view.look.is_working:
        rerun_unasked()
    if view.look.outlook is None:
        st.info("Being worked out: some seconds for 2,000 people, longer for more.", icon=":material/hourglass:")
        return
    _answer(view, event)


def _badge(view: CapacityView) -> None:
    seen = view.look.outlook
    if view.look.trouble:
        st.warning(plain(view.look.trouble), icon=":material/warning:")
    elif seen is None:
        st.badge("Whether the plan fits is being worked out", icon=":material/hourglass:", color="gray")
    else:
        st.badge(
            "The plan fits" if seen.fits else "The plan does not fit",
            icon=":material/check_circle:" if seen.fits else ":material/warning:",
            color="green" if seen.fits else "orange",
        )
        st.markdown(plain(view.sentence))


def _answer(view: CapacityView, event: Event) -> None:
    _badge(view)
    seen = view.look.outlook
    if seen is None:
        return
    for why in seen.why_not:
        st.markdown(f"- {plain(why)}")
    st.markdown(_table(seen, event))
    st.caption(
        f"Estimate from {count(seen.runs, 'simulated event')}. Money is for jobs alone, by the event's price list, "
        f"without storage. If nobody ever waited, people would use {hours(seen.planned_hours.p50)} by the end, on up "
        f"to {count(round(seen.busiest.p90), 'slot')}."
    )
    st.plotly_chart(
        slots_chart(seen, event), key="slots-chart", config={"displayModeBar": False}, alt=slots_title(seen)
    )
    for request in view.requests:
        if request.value > seen.plan.slots or request.value > (seen.plan.account_slots or 0):
            st.markdown(f"**Ask AWS for {whole(request.value)}** · {plain(request.name)} · {plain(request.code)}")
            st.code(request.text, language=None, wrap_lines=True)
            st.code(request.command, language="bash", wrap_lines=True)


def _table(seen: Outlook, event: Event) -> str:
    """Rows of constants and numbers: low, middle and high of what was simulated."""
    people = f" of {count(seen.plan.people, 'person', 'people')}"
    rows = [
        ("Never train", _row(seen.never_trained, lambda value: f"{whole(value)}"), people),
        ("A training waits for its slot", _row(seen.wait_min, _minutes), ""),
        ("... of one racer in ten longer than", _row(seen.long_wait_min, _minutes), ""),
        ("Submissions that fail without a slot", _row(seen.failed_submissions, lambda value: f"{whole(value)}"), ""),
        ("Last job ends", _row(seen.end_h, lambda value: _moment(value, event)), ""),
        ("Hours used by the end", _row(seen.hours, hours), ""),
        ("Cost of all jobs", _row(seen.usd, money), ""),
    ]
    lines = [f"| {title}{more} | {' | '.join(cells)} |" for title, cells, more in rows]
    return "\n".join(["| | one in ten below | half below | nine in ten below |", "|:--|--:|--:|--:|", *lines])


def _row(band: Band, said: Callable[[float], str]) -> tuple[str, str, str]:
    return said(band.p10), said(band.p50), said(band.p90)


def _minutes(value: float) -> str:
    return span(timedelta(minutes=round(value)))


def _moment(value: float, event: Event) -> str:
    if value == float("inf"):
        return "never"
    at: datetime = event.starts_at + timedelta(hours=value)
    return plain(when(at, event.zone).rsplit(" (", 1)[0])

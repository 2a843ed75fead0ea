"""What can be done to the chosen profiles: quota, extra hours, pause, delete models; first whom and how much."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from deepracer_admin.model import UNLIMITED, Actor, Event
from deepracer_admin.services.usage.usage import GRANT_MAX_HOURS, ProfileRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import act
from deepracer_admin.ui.kit.confirm import confirm_typed
from deepracer_admin.ui.kit.words import count, hours, money, plain

__all__ = ["grant_hours", "pause_or_delete", "set_quota"]


def set_quota(who: Actor, event: Event, chosen: Sequence[ProfileRow]) -> None:
    """A quota for all chosen: the most that it can cost, then the job."""
    desk = session.desk()
    people = [row.attendee for row in chosen if row.attendee]
    start = event.quota.minutes / 60 if event.quota.minutes != UNLIMITED else -1.0
    left, right = st.columns(2)
    wanted = left.number_input("Training hours each (-1 = unlimited)", -1.0, 744.0, start, 0.5, key="quota-hours")
    models = right.number_input("Models each (-1 = unlimited)", -1, 1000, event.quota.models, key="quota-models")
    plan = act(lambda: desk.usage.plan_quotas(who, people, hours=float(wanted), models=int(models)))
    if plan is None:
        return
    words = count(plan.people, "person", "people")
    st.markdown(
        f"Changes **{words}** to {hours(float(wanted))}, {plan.same:,} have it already; "
        f"can add at most **{money(plan.most_usd)}** (estimate)."
    )
    if st.button(f"Set this quota for {words}", type="primary", disabled=not plan.people, icon=":material/tune:"):
        act(
            lambda: desk.usage.set_quotas(who, people, hours=float(wanted), models=int(models)),
            done="The worker sets the quotas and reads them back.",
        )


def grant_hours(who: Actor, event: Event, row: ProfileRow) -> None:
    """More hours for one person."""
    desk = session.desk()
    extra = st.number_input("Extra hours", 0.5, GRANT_MAX_HOURS, 1.0, 0.5, key="grant-hours")
    now = "no limit" if row.hours_limit is None else hours(row.hours_limit)
    st.markdown(
        f"{plain(row.name or row.alias)} has {now} and would get {hours(extra)} more: at most "
        f"**{money(extra * event.prices.per_hour)}** (estimate)."
    )
    if st.button(f"Grant {extra:g} h", type="primary", icon=":material/more_time:"):
        act(
            lambda: desk.usage.grant(who, row.attendee, extra_hours=float(extra)),
            done="The worker sets the hours and reads them back.",
        )


def pause_or_delete(who: Actor, event: Event, chosen: Sequence[ProfileRow]) -> None:
    """Pause, resume, delete models."""
    desk = session.desk()
    people = [row.attendee for row in chosen if row.attendee]
    paused = sum(1 for row in chosen if row.paused)
    queued = sum(row.hours_queued for row in chosen)
    st.markdown(
        f"Pausing stops new trainings and evaluations only: what is queued or running ({hours(queued)}, "
        f"{money(queued * event.prices.per_hour)}, estimate) goes on and is billed, and so do submissions to races."
    )
    words = count(len(chosen) - paused, "person", "people")
    with st.container(horizontal=True):
        if st.button(f"Pause {words}", icon=":material/pause:", disabled=paused == len(chosen)):
            act(lambda: desk.usage.sponsor(who, people, active=False), done="The worker pauses and reads back.")
        if st.button(f"Resume {count(paused, 'person', 'people')}", icon=":material/play_arrow:", disabled=not paused):
            act(lambda: desk.usage.sponsor(who, people, active=True), done="The worker resumes and reads back.")
        if st.button("Delete their models", icon=":material/delete:", type="tertiary"):
            made = sum(row.models or 0 for row in chosen)
            confirm_typed(
                f"Delete models of {count(len(people), 'person', 'people')}",
                facts=[
                    f"Deletes every model they have ({count(made, 'model was', 'models were')} made this month, older "
                    "ones go too); they cannot be brought back.",
                    "Results in races stay.",
                ],
                name=event.name,
                button="Delete models",
                run=lambda typed: desk.usage.delete_models(who, people, typed_name=typed),
                done="The worker deletes and counts again until none is left.",
            )

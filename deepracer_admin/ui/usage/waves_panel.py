"""Fair waves on screen: hours in rounds, how the round stands, on and off."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from deepracer_admin.model import Actor, Role
from deepracer_admin.services.usage.waves import WavesView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.words import count, span, whole

__all__ = ["waves_panel"]


def waves_panel(who: Actor) -> None:
    """For organizers; off until they choose it."""
    if not session.may(who, "usage.guard"):
        return
    part = fold("Hours in rounds", key="waves-part", icon=":material/waves:")
    if part is not None:
        with part:
            _rounds(_view(*session.desk().usage.stamp(who), who.roles, who))


@st.cache_data(ttl=10, max_entries=4, show_spinner=False)
def _view(event: str, revision: int, sample: datetime | None, roles: frozenset[Role], _who: Actor) -> WavesView:
    """At most ten seconds old: how long somebody waits grows by itself."""
    return session.console().of(event).budget.waves(_who)


def _rounds(view: WavesView) -> None:
    budget = session.desk().budget
    st.caption(
        "Where more people want to train than there are slots, a few may take them all. In rounds everybody may "
        "first use a little; the next round comes when everybody has, or has gone quiet. Nobody gets more than "
        "their quota, and what was begun goes on."
    )
    if view.now is not None:
        now = view.now
        st.markdown(
            f"**Round {view.waves.round}**: up to {whole(view.waves.allowed)} min each · "
            f"{count(now.through, 'person is', 'people are')} through, "
            f"{count(now.at_work, 'has', 'have')} a job that runs or waits, {whole(now.going)} may still begin, "
            f"{count(now.quiet, 'is', 'are')} quiet"
        )
        st.caption("Tell those who have hours left in this round that it is their turn: Messages, “Your turn”.")
    elif view.held:
        st.caption(f"{count(view.held, 'person is', 'people are')} held back, or being given back what they had.")
    if view.waits:
        middle = view.waits[len(view.waits) // 2]
        waits = count(len(view.waits), "person has", "people have")
        st.markdown(
            f"{waits} a model that waits for a slot: half of them for {span(middle)} or less, the longest for "
            f"{span(view.waits[0])}."
        )
    if view.why_not:
        st.caption(view.why_not)
    minutes = int(st.number_input("Minutes a round", 10, 1440, view.waves.minutes, 10, key="waves-minutes"))
    with st.container(horizontal=True):
        press(
            "Give hours in rounds" if not view.waves.on else "Begin anew with these minutes",
            lambda asking: budget.set_waves(asking, on=True, minutes=minutes),
            key="waves-on",
            done="Hours are given out in rounds; the limits follow within a minute.",
            disabled=bool(view.why_not) or (view.waves.on and minutes == view.waves.minutes),
            line=False,
        )
        press(
            "Stop the rounds",
            lambda asking: budget.set_waves(asking, on=False, minutes=minutes),
            key="waves-off",
            done="Everybody gets back what they had, within a minute.",
            disabled=not view.waves.on,
        )

"""The report on screen: its headline, and what it will say about next time."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event, Step
from deepracer_admin.rules.report.figures import Figures
from deepracer_admin.rules.report.page import next_time
from deepracer_admin.rules.report.words import words
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.words import as_of, count, hours, money, plain

__all__ = ["headline", "preview"]


def headline(who: Actor, event: Event) -> None:
    """The figures of the first sheet, with their "as of"."""
    found = _figures(*session.desk().usage.stamp(who), who)
    spent, per = found.spent, found.per_active
    figures = [
        ("On the list", count(found.people, "person", "people")),
        ("Raced", count(found.done(Step.SUBMITTED), "person", "people")),
        ("Hours", hours(spent.hours) if spent else "…"),
        ("Spend (estimate)", money(spent.usd) if spent else "…"),
        ("Per active racer (estimate)", money(per) if per is not None else "…"),
    ]
    with st.container(horizontal=True):
        for label, value in figures:
            st.metric(label, value)
    st.caption(as_of(found.as_of, "usage; the funnel is as of now", event.zone))


def preview(who: Actor, language: str) -> None:
    """What the report says about next time, in its language."""
    found = _figures(*session.desk().usage.stamp(who), who)
    say = words(language)
    st.caption(say("next"))
    st.markdown("\n".join(f"- {plain(each)}" for each in next_time(found, say)))


@st.cache_data(max_entries=4, show_spinner=False)
def _figures(event_id: str, revision: int, sampled: object, _who: Actor) -> Figures:
    return session.desk().report.figures(_who)

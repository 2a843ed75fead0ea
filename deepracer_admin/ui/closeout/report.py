"""The report on screen: its headline, and what it will say about next time."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event, Step
from deepracer_admin.rules.report.figures import Summary
from deepracer_admin.rules.report.page import next_time
from deepracer_admin.rules.report.words import words
from deepracer_admin.services.closeout.report import FULL_NAMES, RACER_NAMES
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.words import as_of, count, hours, money, plain

__all__ = ["headline", "preview", "racer_certificates"]

NAMES = {RACER_NAMES: "Racer names", FULL_NAMES: "Names of the list, where known"}


def headline(who: Actor, event: Event) -> None:
    """The figures of the first sheet, with their "as of"."""
    found = _summary(*session.desk().usage.stamp(who), who)
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


def racer_certificates(who: Actor, event: Event, language: str) -> None:
    """A sheet for each racer, once a result is final; one by one by mail with the text that is called "result"."""
    desk = session.desk().report
    sheets = desk.sheets(who)
    if not sheets:
        st.caption("Racers’ certificates come once the result of a race is final.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.selectbox("Names on certificates", [*NAMES], format_func=NAMES.__getitem__, key="certificate-names")
        download(
            "Racers’ certificates (print as PDF)",
            lambda asking: desk.certificates(asking, language, names),
            f"racers-{event.id}-{language}.html",
            "text/html",
            key="racer-certificates",
            icon=":material/workspace_premium:",
        )
    made = count(sheets, "sheet")
    st.caption(f"{made}, one for each place. To send them: Messages, the text “result”, to whoever is placed.")


def preview(who: Actor, language: str) -> None:
    """What the report says about next time, in its language."""
    found = _summary(*session.desk().usage.stamp(who), who)
    say = words(language)
    st.caption(say("next"))
    st.markdown("\n".join(f"- {plain(each)}" for each in next_time(found, say)))


@st.cache_data(max_entries=4, show_spinner=False)
def _summary(event_id: str, revision: int, sampled: object, _who: Actor) -> Summary:
    return session.console().of(event_id).report.summary(_who)

"""The attendee list as a table, cached by the event's revision; and the drawer of one person."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event, State, Step
from deepracer_admin.services.people.attendees import AttendeeRow
from deepracer_admin.ui.access.funnel import STEPS
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.table import choose_one
from deepracer_admin.ui.kit.words import as_of, count, state_mark, table_height, whole
from deepracer_admin.ui.people.finder import open_card

__all__ = ["KINDS", "drawer", "filters", "is_empty", "table"]

KINDS = ("On the list", "Refused by the service", "Needs a human", "No profile yet", "Taken out")
_OPENED = "roster-opened"
_SHORT = {
    Step.PROFILE: "Profile",
    Step.GROUP: "Group",
    Step.ACCESS: "Access",
    Step.MAIL: "Mail",
    Step.SIGNED_IN: "Signed in",
    Step.TRAINED: "Trained",
    Step.SUBMITTED: "Raced",
}


def filters(who: Actor) -> tuple[str, str, str]:
    """(words, cohort, kind) as chosen."""
    _, counts = _facts(*session.desk().attendees.revision(who), who)
    first, second, third = st.columns([2, 2, 2])
    text = first.text_input("Search", key="roster-text", type="search", placeholder="Name, address or alias")
    cohort = choose_place(
        "Cohort",
        ["", *counts],
        format_func=lambda key: f"{_cohort(key)} ({whole(counts[key])})" if key else "Everybody",
        key="roster-cohort",
        at=second,
    )
    kind = third.selectbox("Show", KINDS, key="roster-kind", bind="query-params")
    return text or "", cohort or "", kind or KINDS[0]


def is_empty(who: Actor) -> bool:
    """Has nobody ever been on the list?"""
    return not _facts(*session.desk().attendees.revision(who), who)[0]


@st.cache_data(max_entries=4, show_spinner=False)
def _facts(event: str, revision: int, _who: Actor) -> tuple[int, dict[str, int]]:
    people = session.desk().attendees
    return people.total(_who), people.cohorts(_who)


def _cohort(key: str) -> str:
    return key.replace("_", " ").replace(":", ": ", 1)


def table(who: Actor, zone: str, *, text: str, cohort: str, kind: str) -> str | None:
    """The people who fit; the id of the one chosen."""
    event, revision = session.desk().attendees.revision(who)
    ids, frame, read_at = _frame(event, revision, text, cohort, kind, who)
    st.caption(f"{count(len(ids), 'person', 'people')} · {as_of(read_at, 'list and steps', zone)}")
    if not ids:
        st.info("Nobody fits. Clear the search, or choose another cohort.", icon=":material/search_off:")
        return None
    return choose_one(
        frame,
        ids,
        key="roster",
        names=[*frame["Name"]],
        scope=(event, cohort, kind, text),
        height=table_height(len(ids), most=14),
        column_config={
            **{_SHORT[step]: st.column_config.TextColumn(width=72, help=STEPS[step]) for step in _SHORT},
            "Name": st.column_config.TextColumn(pinned=True),
            "Note": st.column_config.TextColumn(width="large"),
        },
        alt="Attendees with their steps",
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _frame(
    event: str, revision: int, text: str, cohort: str, kind: str, _who: Actor
) -> tuple[list[str], pd.DataFrame, datetime]:
    """`event` and `revision` are the key of the cache; the service authorised `_who` before it was asked."""
    wanted = kind != "Taken out"
    rows = session.desk().attendees.rows(_who, text=text, cohort=cohort, wanted=wanted)
    rows = [row for row in rows if _fits(row, kind)]
    columns = {
        "Name": [row.attendee.name for row in rows],
        "Address": [row.attendee.email for row in rows],
        "Alias": [row.attendee.alias for row in rows],
    }
    if kind in ("Refused by the service", "Needs a human"):  # the reason is what one looks for
        columns["Note"] = [_note(row) for row in rows]
    columns["Office"] = [row.attendee.office for row in rows]
    for step, title in _SHORT.items():
        columns[title] = [state_mark(row.steps[step].state.value) if step in row.steps else "·" for row in rows]
    columns.setdefault("Note", [_note(row) for row in rows])
    columns["Cost centre"] = [row.attendee.cost_centre for row in rows]
    return [row.attendee.id for row in rows], pd.DataFrame(columns), session.desk().clock.now()


def _fits(row: AttendeeRow, kind: str) -> bool:
    if kind == "Refused by the service":
        return bool(row.attendee.refusal)
    if kind == "Needs a human":
        return any(step.state in (State.REFUSED, State.UNKNOWN) for step in row.steps.values())
    return row.link is None if kind == "No profile yet" else True


def _note(row: AttendeeRow) -> str:
    stuck = [step.sentence for step in row.steps.values() if step.state in (State.REFUSED, State.UNKNOWN)]
    return row.attendee.refusal or next((sentence for sentence in stuck if sentence), "")


def drawer(event: Event, chosen: str | None) -> None:
    """Open the card when somebody else was chosen; closing it keeps it closed until the choice changes."""
    if chosen == st.session_state.get(_OPENED):
        return
    st.session_state[_OPENED] = chosen
    if chosen is not None:
        open_card(event.id, chosen)

"""The attendee list, one page of it at a time, kept by its revision: to open one, or to choose several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deepracer_admin.model import Actor, Event, State, Step
from deepracer_admin.services.people.attendees import ListLine
from deepracer_admin.services.people.list_query import KINDS, NEEDS_A_HUMAN, PAGE_ROWS, REFUSED, SORTS, Query
from deepracer_admin.ui.access.funnel import STEPS
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import cohort_counts
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.paging import page_of
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.table import as_label, choose, choose_one, chosen_in, opened_in, put_chosen
from deepracer_admin.ui.kit.words import as_of, count, state_mark, table_height, whole
from deepracer_admin.ui.people.chosen_bar import ROSTER, chosen_bar, forget_choice, names_of
from deepracer_admin.ui.people.finder import open_card

__all__ = ["filters", "is_empty", "one", "several"]

_OPENED = "roster-opened"
_EVENT = "roster-event"
_NOBODY = "Nobody fits. Clear the search, or choose another cohort."
_STUCK = (REFUSED, NEEDS_A_HUMAN)
_NOT_BY_ITSELF = (State.REFUSED, State.UNKNOWN)
_SHORT = {
    Step.PROFILE: "Profile",
    Step.GROUP: "Group",
    Step.ACCESS: "Access",
    Step.MAIL: "Mail",
    Step.SIGNED_IN: "Signed in",
    Step.TRAINED: "Trained",
    Step.SUBMITTED: "Raced",
}
_COLUMNS = {
    **{_SHORT[step]: st.column_config.TextColumn(width=72, help=STEPS[step]) for step in _SHORT},
    "Name": st.column_config.TextColumn(width=130),
    "Address": st.column_config.TextColumn(width=190),
    "Racer name": st.column_config.TextColumn(width=130),
    "Office": st.column_config.TextColumn(width=90),
    "Stuck at": st.column_config.TextColumn(width=110),
    "Note": st.column_config.TextColumn(width=380),
}
_LATER = ("Note", "Cost centre")
"""Columns that are left out until somebody asks for them: the others fill a screen of 1440 px."""


def filters(who: Actor) -> Query:
    """Whom to show and in which order, as chosen."""
    counts = cohort_counts(who)
    first, second, third, fourth = st.columns([2, 2, 2, 1.4])
    text = first.text_input("Search", key="roster-text", type="search", placeholder="Name, address or racer name")
    cohort = choose_place(
        "Cohort",
        ["", *counts],
        format_func=lambda key: f"{_cohort(key)} ({whole(counts[key])})" if key else "Everybody",
        key="roster-cohort",
        at=second,
    )
    kind = third.selectbox("Show", KINDS, key="roster-kind", bind="query-params")
    sort = fourth.selectbox("Order", [*SORTS], key="roster-sort", bind="query-params")
    return Query(text or "", cohort or "", kind or KINDS[0], sort or next(iter(SORTS)))


def is_empty(who: Actor) -> bool:
    """Has nobody ever been on the list?"""
    return not session.desk().attendees.total(who)


def _cohort(key: str) -> str:
    return key.replace("_", " ").replace(":", ": ", 1)


def one(who: Actor, event: Event, query: Query) -> None:
    """The people who fit, a page at a time; whoever is chosen, one at a time, is opened."""
    shown = _shown(who, event.zone, query)
    if not shown.ids:
        st.info(_NOBODY, icon=":material/search_off:")
        return
    chosen = choose_one(
        shown.table, shown.ids, key="roster", column_config=_COLUMNS, alt="Attendees with their steps", **shown.look
    )
    _drawer(event, chosen)


def several(who: Actor, event: Event, query: Query) -> None:
    """The people who fit, a page at a time: a press on a name opens their card, ticks choose several, over all pages
    and whatever is looked for meanwhile; what can be done with those stands in a bar."""
    shown = _shown(who, event.zone, query)
    everybody = names_of(*shown.stamp, who)
    if st.session_state.get(_EVENT, event.id) != event.id:
        forget_choice()  # they are of the event that this tab looked at before
    st.session_state[_EVENT] = event.id
    pressed = opened_in(ROSTER)
    if not shown.ids:
        st.info(_NOBODY, icon=":material/search_off:")
    chosen = choose(
        shown.table,
        shown.ids,
        key="roster",
        beyond=everybody,
        opens="Name",
        opens_help="Press a name to open their card; the boxes choose several.",
        column_config=_COLUMNS,
        alt="Attendees with their steps",
        **shown.look,
    )
    _offer_all(shown, chosen, everybody)
    chosen_bar(who, event, chosen, shown.stamp)
    if pressed is not None:
        open_card(event.id, pressed)


def _offer_all(shown: _Shown, chosen: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Everybody who fits, on all pages, beside those who were chosen before."""
    if shown.found:
        shown.at.button(
            f"Choose all {whole(len(shown.found))} that fit",
            key="roster-choose-all",
            type="tertiary",
            icon=":material/select_all:",
            disabled=len(chosen) >= len(shown.found) and {*chosen}.issuperset(shown.found),
            on_click=_choose_all,
            args=(shown.found, names),
        )


def _choose_all(found: tuple[str, ...], names: Mapping[str, str]) -> None:
    put_chosen(ROSTER, tuple(dict.fromkeys((*chosen_in(ROSTER), *found))), names)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One page of the list as it is sent. `stamp`: of what it was read; `found`: ids of all who fit, `ids` of the page;
    `at`: the line above the table; `look`: how this page of it is drawn."""

    stamp: tuple[str, int]
    found: tuple[str, ...]
    ids: tuple[str, ...]
    table: pa.Table
    at: DeltaGenerator
    look: dict[str, Any]


def _shown(who: Actor, zone: str, query: Query) -> _Shown:
    """Ask for the page, and read it."""
    stamp = session.desk().attendees.revision(who)
    found, read_at = _found(*stamp, query, who)
    at = st.container(horizontal=True, vertical_alignment="bottom")
    ids, page = page_of(
        found,
        key=f"roster-page-{hash(query)}",
        rows=PAGE_ROWS,
        told=count(len(found), "person", "people"),
        as_of=as_of(read_at, "list and steps", zone),
        at=at,
        place="" if query.text else "roster-page",
    )
    here, names, sent = _page(*stamp, ids, query.kind, who)
    look = {
        "names": names,
        "scope": (stamp[0], query, page),
        "steady": len(found) <= PAGE_ROWS,
        "height": table_height(len(here), most=14),
    }
    part, later = ("stuck", _LATER[1:]) if query.kind in _STUCK else ("roster", _LATER)
    table = with_columns(sent, key=part, always=("Name",), later=later)
    return _Shown(stamp, found, here, table, at, look)


@st.cache_resource(max_entries=16, show_spinner=False)
def _found(event: str, revision: int, query: Query, _who: Actor) -> tuple[tuple[str, ...], datetime]:
    """Everybody who fits, and when that was read. `event` and `revision` are the key; the service authorised `_who`
    before it was asked.
    """
    desk = session.console().of(event)
    return desk.attendees.found(_who, query), desk.clock.now()


@st.cache_resource(max_entries=32, show_spinner=False)
def _page(
    event: str, revision: int, ids: tuple[str, ...], kind: str, _who: Actor
) -> tuple[tuple[str, ...], tuple[str, ...], pa.Table]:
    """Ids and names of these people, and their lines as they are sent: made once for all who look at this page."""
    rows = session.console().of(event).attendees.page(_who, ids)
    columns = {
        "Name": [as_label(row.attendee.name or "No name") for row in rows],
        "Address": [row.attendee.email for row in rows],
        "Racer name": [row.attendee.alias for row in rows],
        "Office": [row.attendee.office for row in rows],
    }
    if kind in _STUCK:  # where and why is what one looks for
        columns["Stuck at"] = [_stuck_at(row) for row in rows]
    else:
        for step, title in _SHORT.items():
            columns[title] = [state_mark(row.steps[step].state.value) if step in row.steps else "·" for row in rows]
    columns["Note"] = [_note(row) for row in rows]
    columns["Cost centre"] = [row.attendee.cost_centre for row in rows]
    names = tuple(row.attendee.name or row.attendee.email for row in rows)
    return tuple(row.attendee.id for row in rows), names, pa.table(columns)


def _stuck_at(row: ListLine) -> str:
    """The first step that does not go on by itself, as its column says it."""
    stuck = (step for step in _SHORT if step in row.steps and row.steps[step].state in _NOT_BY_ITSELF)
    found = next(stuck, None)
    return f"{state_mark(row.steps[found].state.value)}: {_SHORT[found]}" if found else "address"


def _note(row: ListLine) -> str:
    stuck = [step.sentence for step in row.steps.values() if step.state in _NOT_BY_ITSELF]
    return row.attendee.refusal or next((sentence for sentence in stuck if sentence), "")


def _drawer(event: Event, chosen: str | None) -> None:
    """Open the card when somebody else was chosen; closing it keeps it closed until the choice changes."""
    if chosen == st.session_state.get(_OPENED):
        return
    st.session_state[_OPENED] = chosen
    if chosen is not None:
        open_card(event.id, chosen)

"""Who may enter a race, on screen: the list with ranks, who could be added, and the new share link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import streamlit as st

from deepracer_admin.model import Actor, Capabilities, Event, RaceStatus
from deepracer_admin.services.races.entrant_list import (
    ON_LIST,
    OUTSIDE,
    PAGE_ROWS,
    SORTS,
    Entrant,
    EntrantsView,
    EntrantTable,
    Query,
)
from deepracer_admin.services.races.entrants import Change
from deepracer_admin.services.races.races import RaceRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.cached import entrant_table
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.paging import held, page_of, sort_anew
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.reached import say_whom, whom
from deepracer_admin.ui.kit.table import choose, let_go
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, count, table_height, whole

__all__ = ["entry_desk", "link_desk"]


def link_desk(chosen: RaceRow, able: Capabilities | None) -> None:
    """A new share link, where the service can make one."""
    who, race = session.actor(), chosen.race
    if (
        able is None
        or not able.reset_share_link
        or chosen.status is RaceStatus.CLOSED
        or not session.may(who, "races.link")
    ):
        return
    label = "New share link …" if race.share_link else "Make a share link …"
    if st.button(label, icon=":material/link:", key="race-new-link"):
        facts = ["Whoever has the new link can enter, and pass it on, until the race closes."]
        if race.share_link:
            facts = [
                "The present link lets nobody in any more: send the new one to those who have not entered yet.",
                "Racers who are in stay in.",
                *facts,
            ]
        races = session.desk().races
        confirm(
            f"New share link for {race.draft.name}",
            key="race-new-link",
            facts=facts,
            button="Make the new link",
            run=lambda asking: races.new_link(asking, race.id),
            done=f"Making the new link of {race.draft.name}; {SHOWN_LATER}.",
        )


def entry_desk(chosen: RaceRow, able: Capabilities | None, event: Event) -> None:
    """The list of those who may enter, one page at a time; for organizers also who could be let in, many at once."""
    who = session.actor()
    if not able or not session.may(who, "races.entrants"):
        return
    found = entrant_table(who, chosen.race.id)
    view = found.view
    may = session.may(who, "races.admit") and chosen.status is not RaceStatus.CLOSED
    st.markdown("**Who may enter**")
    _say_what_it_is(view, event, link=bool(chosen.race.share_link))
    if found.unlisted:
        st.warning(
            f"{count(found.unlisted, 'racer')} in the standings and not on the list; disqualify them on the "
            "Leaderboard if they should not count.",
            icon=":material/warning:",
        )
    side = _side(found) if may else ON_LIST
    if not found.sides[side]:
        st.caption(_nobody(view, side))
    else:
        _one_side(found, side, chosen, may=may)
    said("entrants-expel", "entrants-admit", "entrants-drop")


def _side(found: EntrantTable) -> str:
    words = {
        ON_LIST: f"On the list ({whole(found.listed)})",
        OUTSIDE: f"Not on it ({whole(len(found.sides[OUTSIDE]))})",
    }
    return choose_place(
        "Who may enter",
        [*words],
        key="entrants-side",
        format_func=words.__getitem__,
        segments=True,
        label_visibility="collapsed",
    )


def _nobody(view: EntrantsView, side: str) -> str:
    if side == OUTSIDE:
        return "Everybody who can be let in is on the list." if view.native else "Everybody is on the list."
    return "Nobody yet." if view.native or view.has_list else "No entry list was made."


def _one_side(found: EntrantTable, side: str, chosen: RaceRow, *, may: bool) -> None:
    """Filters, one page, who is chosen on whatever page, and what can be done with them."""
    query, rows, race_id = _ask_query(found, side), found.sides[side], chosen.race.id
    fitting = found.ids(query)
    picked = _page(found, query, fitting, race_id, may=may)
    if may:
        reached = tuple(one for one in fitting if rows[one].key)
        all_digest = f"{race_id}-{hash(query)}"  # with another filter it is another "all"
        if reached and st.checkbox(f"Choose all {whole(len(reached))} that fit", key=f"entrants-all-{all_digest}"):
            picked = reached
        some = [rows[one] for one in picked]
        if side == ON_LIST:
            _take_out(found.view, chosen, some)
        else:
            _let_in(found, chosen, some)
    if side == ON_LIST and session.may(session.actor(), "attendees.export"):
        races = session.desk().races
        download(
            "Entry list (CSV)",
            lambda asking: races.export_entrants(asking, race_id),
            "entry-list.csv",
            "text/csv",
            key="entrants-export",
        )


def _ask_query(found: EntrantTable, side: str) -> Query:
    """Whom to look for, of which office or cost centre, in which order."""
    first, second, third = st.columns([3, 2, 2])
    text = first.text_input("Search", key="entrants-text", type="search", placeholder="Name, address or racer name")
    cohort = choose_place(
        "Office or cost centre",
        ["", *found.cohorts],
        key="entrants-cohort",
        format_func=lambda name: name or "All",
        at=second,
    )
    sort = third.selectbox("Order", [*SORTS], key="entrants-sort", bind="query-params")
    return Query(side, text or "", cohort, sort or "Rank")


def _page(found: EntrantTable, query: Query, fitting: tuple[str, ...], race_id: str, *, may: bool) -> tuple[str, ...]:
    """One page of those who fit, and the way to the others; ids of the chosen, whatever page they are on."""
    side_key, rows, scope = query.side, found.sides[query.side], (race_id, query)
    order = held(fitting, key="entrants", scope=scope, rows=PAGE_ROWS)
    line = st.container(horizontal=True, vertical_alignment="bottom")
    ids, page = page_of(
        order,
        key=f"entrants-page-{hash(scope)}",
        rows=PAGE_ROWS,
        told=count(len(order), "person", "people"),
        at=line,
        place="" if query.text else "entrants-page",
    )
    if len(order) > PAGE_ROWS and order != fitting:
        with line:
            sort_anew(key="entrants")
    if not ids:
        st.info("Nobody fits. Clear the search, or choose another office.", icon=":material/search_off:")
    shown = [rows[one] for one in ids]
    sent = with_columns(_sent(shown, query.side), key=f"entrants-{side_key}", always=("Name", "Racer name"))
    look: dict[str, Any] = {
        "height": table_height(len(shown)),
        "column_config": _COLUMNS,
        "alt": "Who may enter the race" if query.side == ON_LIST else "Who could be let into the race",
    }
    if not may:
        st.dataframe(sent, hide_index=True, key="entrants-read", placeholder=NOTHING, **look)
        return ()
    return choose(
        sent,
        ids,
        key=_table(side_key, race_id),
        names=[row.called for row in shown],
        scope=(query, page),
        steady=len(order) <= PAGE_ROWS,  # the order of many pages is held above
        beyond=rows.keys() if len(order) == len(rows) else set(order),
        **look,
    )


def _table(side_key: str, race_id: str) -> str:
    return f"entrants-{side_key}-{race_id}"


_COLUMNS = {
    "Name": st.column_config.TextColumn(width=200),
    "Rank": st.column_config.NumberColumn(format="%,d", width="small", help="Among the results as last read"),
}


def _sent(rows: Sequence[Entrant], side: str) -> pa.Table:
    """These rows as they are sent."""
    columns: dict[str, Any] = {
        "Name": [row.name or "–" for row in rows],
        "Racer name": [row.alias for row in rows],
        "Office": [row.office for row in rows],
        "Cost centre": [row.cost_centre for row in rows],
    }
    if side == ON_LIST:
        columns["On the list"] = ["✓ yes" if row.listed else "✗ no" for row in rows]
    return pa.table({**columns, "Rank": pa.array([row.rank for row in rows], pa.int64())})


def _say_what_it_is(view: EntrantsView, event: Event, *, link: bool) -> None:
    if view.native:
        others = "and whoever holds the share link" if link else "and nobody else"
        st.caption(f"The service lets in these racers {others}; {as_of(view.as_of, 'racing service', event.zone)}.")
        if view.without_profile:
            people = count(view.without_profile, "person", "people")
            st.caption(f"{people} on the attendee list have no profile yet: it appears at the first sign-in.")
    elif view.has_list:
        st.caption(
            "The event's own entry list. The service lets everybody of this deployment race, so the list keeps nobody "
            "out: it tells who has a result without being on it."
        )
    else:
        st.caption(
            "Everybody of this deployment. Put people on an entry list, and results of others are marked; the service "
            "itself keeps nobody out."
        )


def _take_out(view: EntrantsView, chosen: RaceRow, picked: Sequence[Entrant]) -> None:
    leaving = [row for row in picked if row.key]
    if picked and not leaving:
        st.caption("Whom you chose has a result and is not on the list: there is nothing to take out.")
    with st.container(horizontal=True, vertical_alignment="center", key="entrants-bar"):
        if leaving:
            say_whom(whom([row.called for row in leaving], "racer", "racers", lead="Chosen: "), key="entrants-out")
        if st.button("Take out …", disabled=not leaving, key="entrants-expel"):
            _ask_expel(view, chosen, [row.key for row in leaving], [row.called for row in leaving])
        if (
            not view.native
            and view.has_list
            and st.button("For everybody again …", type="tertiary", key="entrants-drop")
        ):
            races = session.desk().races
            confirm(
                f"{chosen.race.draft.name} for everybody",
                key="entrants-drop",
                facts=["The entry list goes; no result is marked any more."],
                button="Drop the entry list",
                run=lambda asking: races.drop_list(asking, chosen.race.id),
                done=f"{chosen.race.draft.name} is for everybody.",
            )


def _ask_expel(view: EntrantsView, chosen: RaceRow, keys: Sequence[str], names: Sequence[str]) -> None:
    facts: list[str] = [whom(names, "racer", "racers"), "Results that they have stay in the standings."]
    if view.native:
        facts.append("Whoever has the share link can enter again; make a new link if they should not.")
    races, words, race_id = session.desk().races, count(len(keys), "racer"), chosen.race.id

    def run(asking: Actor) -> None:
        races.expel(asking, race_id, keys)
        let_go(_table(ON_LIST, race_id))

    confirm(
        f"Take {words} out of {chosen.race.draft.name}",
        key="entrants-expel",
        facts=facts,
        button="Take them out",
        run=run,
        done=f"Taking {words} out; {SHOWN_LATER}." if view.native else f"{words} taken off the list.",
    )


def _let_in(found: EntrantTable, chosen: RaceRow, picked: Sequence[Entrant]) -> None:
    everybody = found.sides[OUTSIDE]
    with st.container(horizontal=True, vertical_alignment="center", key="entrants-bar"):
        if picked:
            say_whom(whom([row.called for row in picked], lead="Chosen: "), key="entrants-in")
        if st.button("Let in …", type="primary", disabled=not picked, key="entrants-admit"):
            _ask_admit(found.view, chosen, picked)
        if st.button(f"Let all {whole(len(everybody))} in …", key="entrants-admit-all"):
            _ask_admit(found.view, chosen, [*everybody.values()])


def _ask_admit(view: EntrantsView, chosen: RaceRow, people: Sequence[Entrant]) -> None:
    ids, race_id = [person.key for person in people], chosen.race.id
    facts: list[str] = [whom([person.called for person in people])]
    facts.append("They need no link." if view.native else "Results of racers who are not on the list are marked.")
    races, words = session.desk().races, count(len(ids), "person", "people")

    def run(asking: Actor) -> Change:
        made = races.admit(asking, race_id, ids)
        let_go(_table(OUTSIDE, race_id))
        return made

    confirm(
        f"Let {words} into {chosen.race.draft.name}",
        key="entrants-admit",
        facts=facts,
        button="Let them in",
        run=run,
        done=lambda made: _let_in_words(made, native=view.native),
    )


def _let_in_words(made: Change, *, native: bool) -> str:
    """Whom it reached at the press, and who has no profile yet."""
    words = count(made.people, "person", "people")
    if not native:
        return f"{words} put on the list."
    waits = (
        f"; {count(made.without_profile, 'person has', 'people have')} no profile yet" if made.without_profile else ""
    )
    return f"Letting {words} in{waits}; {SHOWN_LATER}."

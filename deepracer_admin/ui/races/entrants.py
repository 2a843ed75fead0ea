"""Who may enter a race, on screen: the list with ranks, who could be added, and the new share link."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Attendee, Capabilities, Event, RaceStatus
from deepracer_admin.services.races.entrants import EntrantsView
from deepracer_admin.services.races.races import RaceRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.words import as_of, count, plain, table_height

__all__ = ["entry_desk", "link_desk"]

_IN, _OUT = "in", "out"


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
        confirm(
            f"New share link for {race.draft.name}",
            facts=facts,
            button="Make the new link",
            run=lambda: session.desk().races.new_link(who, race.id),
            done="The worker makes the link and reads it back.",
        )


def entry_desk(chosen: RaceRow, able: Capabilities | None, event: Event) -> None:
    """The list of those who may enter; for organizers also who could be added, many at once."""
    who = session.actor()
    if not able or not session.may(who, "races.entrants"):
        return
    view = session.desk().races.entrants(who, chosen.race.id)
    may = session.may(who, "races.admit") and chosen.status is not RaceStatus.CLOSED
    st.markdown("**Who may enter**")
    _say_what_it_is(view, event, link=bool(chosen.race.share_link))
    if view.unlisted:
        st.warning(
            f"{count(len(view.unlisted), 'racer')} in the standings and not on the list; disqualify them on the "
            "Leaderboard if they should not count.",
            icon=":material/warning:",
        )
    words = {_IN: f"On the list ({view.listed:,})", _OUT: f"Not on it ({len(view.outside):,})"}
    side = _IN
    if may:
        side = (
            st.segmented_control(
                "Who may enter",
                [_IN, _OUT],
                default=_IN,
                format_func=lambda value: words[value],
                key=f"entrants-{chosen.race.id}",
                label_visibility="collapsed",
                required=True,
            )
            or _IN
        )
    if side == _IN:
        _inside(view, chosen, may=may)
    else:
        _outside(view, chosen)


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


def _inside(view: EntrantsView, chosen: RaceRow, *, may: bool) -> None:
    if not view.rows:
        st.caption("Nobody yet." if view.native or view.has_list else "No entry list was made.")
        return
    rows = sorted(view.rows, key=lambda row: (row.listed, row.rank is None, row.rank or 0, row.alias.casefold()))
    picked = st.dataframe(
        pd.DataFrame(
            {
                "Name": [row.name or "–" for row in rows],
                "Racer name": [row.alias for row in rows],
                "On the list": ["✓ yes" if row.listed else "✗ no" for row in rows],
                "Rank": pd.array([row.rank for row in rows], dtype="Int64"),
            }
        ),
        hide_index=True,
        key=f"entrants-in-{chosen.race.id}",
        height=table_height(len(rows)),
        column_config={"Rank": st.column_config.NumberColumn(width="small", help="Among the results as last read")},
        alt="Who may enter the race",
        placeholder="–",
        on_select="rerun" if may else "ignore",
        selection_mode="multi-row",
    )
    if not may:
        return
    places: list[int] = picked.selection.rows  # type: ignore[union-attr]
    chosen_rows = [rows[place] for place in places if place < len(rows)]
    keys = [row.key for row in chosen_rows if row.key]
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Take {len(keys):,} out …" if keys else "Take out …", disabled=not keys, key="entrants-expel"):
            _ask_expel(view, chosen, keys, [row.name or row.alias for row in chosen_rows if row.key])
        if (
            not view.native
            and view.has_list
            and st.button("For everybody again …", type="tertiary", key="entrants-drop")
        ):
            confirm(
                f"{chosen.race.draft.name} for everybody",
                facts=["The entry list goes; no result is marked any more."],
                button="Drop the entry list",
                run=lambda: session.desk().races.drop_list(session.actor(), chosen.race.id),
                done="The race is for everybody.",
            )


def _ask_expel(view: EntrantsView, chosen: RaceRow, keys: Sequence[str], names: Sequence[str]) -> None:
    facts = [_some(names), "Results that they have stay in the standings."]
    if view.native:
        facts.append("Whoever has the share link can enter again; make a new link if they should not.")
    confirm(
        f"Take {count(len(keys), 'racer')} out of {chosen.race.draft.name}",
        facts=facts,
        button="Take them out",
        run=lambda: session.desk().races.expel(session.actor(), chosen.race.id, keys),
        done="The worker takes them out and reads back." if view.native else "Taken off the list.",
    )


def _outside(view: EntrantsView, chosen: RaceRow) -> None:
    people: Sequence[Attendee] = view.outside
    if not people:
        st.caption("Everybody who can be let in is on the list." if view.native else "Everybody is on the list.")
        return
    picked = st.dataframe(
        pd.DataFrame(
            {
                "Name": [person.name for person in people],
                "Racer name": [person.alias for person in people],
                "Office": [person.office for person in people],
            }
        ),
        hide_index=True,
        key=f"entrants-out-{chosen.race.id}",
        height=table_height(len(people)),
        on_select="rerun",
        selection_mode="multi-row",
        alt="Who could be let into the race",
    )
    places: list[int] = picked.selection.rows  # type: ignore[union-attr]
    some = [people[place] for place in places if place < len(people)]
    with st.container(horizontal=True):
        if st.button(
            f"Let {len(some):,} in …" if some else "Let in …", type="primary", disabled=not some, key="entrants-admit"
        ):
            _ask_admit(view, chosen, some)
        if st.button(f"Let all {len(people):,} in …", key="entrants-admit-all"):
            _ask_admit(view, chosen, people)


def _ask_admit(view: EntrantsView, chosen: RaceRow, people: Sequence[Attendee]) -> None:
    ids = [person.id for person in people]
    facts = [_some([person.name or person.alias for person in people])]
    facts.append("They need no link." if view.native else "Results of racers who are not on the list are marked.")
    confirm(
        f"Let {count(len(ids), 'person', 'people')} into {chosen.race.draft.name}",
        facts=facts,
        button="Let them in",
        run=lambda: session.desk().races.admit(session.actor(), chosen.race.id, ids),
        done="The worker lets them in and reads back." if view.native else "Put on the list.",
    )


def _some(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(plain(name) for name in names[:most])
    return f"{shown} and {len(names) - most:,} more." if len(names) > most else f"{shown}."

"""Who may enter a race, on screen: the list with ranks, who could be added, and the new share link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from deepracer_admin.model import Attendee, Capabilities, Event, RaceStatus
from deepracer_admin.services.races.entrants import Change, Entrant, EntrantsView
from deepracer_admin.services.races.races import RaceRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.confirm import confirm, whom
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, count, table_height, whole

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
    words = {_IN: f"On the list ({whole(view.listed)})", _OUT: f"Not on it ({whole(len(view.outside))})"}
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
    frame = pd.DataFrame(
        {
            "Name": [row.name or "–" for row in rows],
            "Racer name": [row.alias for row in rows],
            "On the list": ["✓ yes" if row.listed else "✗ no" for row in rows],
            "Rank": pd.array([row.rank for row in rows], dtype="Int64"),
        }
    )
    key = f"entrants-in-{chosen.race.id}"
    look: dict[str, Any] = {
        "height": table_height(len(rows)),
        "column_config": {
            "Rank": st.column_config.NumberColumn(format="%,d", width="small", help="Among the results as last read")
        },
        "alt": "Who may enter the race",
    }
    if not may:
        st.dataframe(frame, hide_index=True, key=key, placeholder=NOTHING, **look)
        return
    picked = choose(frame, _ids(rows), key=key, names=[row.name or row.alias for row in rows], **look)
    leaving = [row for row, one in zip(rows, _ids(rows), strict=True) if one in picked and row.key]
    if picked and not leaving:
        st.caption("Whom you chose has a result and is not on the list: there is nothing to take out.")
    if leaving:
        st.markdown(f"Chosen: {whom([row.name or row.alias for row in leaving], 'racer', 'racers')}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Take out …", disabled=not leaving, key="entrants-expel"):
            _ask_expel(view, chosen, [row.key for row in leaving], [row.name or row.alias for row in leaving])
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
    said("entrants-expel", "entrants-admit", "entrants-drop")


def _ids(rows: Sequence[Entrant]) -> list[str]:
    """Who a row is: the key that takes them out; of somebody who is only in the standings, their place there."""
    return [row.key or f"result-{row.rank}-{row.alias}" for row in rows]


def _ask_expel(view: EntrantsView, chosen: RaceRow, keys: Sequence[str], names: Sequence[str]) -> None:
    facts = [whom(names, "racer", "racers"), "Results that they have stay in the standings."]
    if view.native:
        facts.append("Whoever has the share link can enter again; make a new link if they should not.")
    races, words = session.desk().races, count(len(keys), "racer")
    confirm(
        f"Take {words} out of {chosen.race.draft.name}",
        key="entrants-expel",
        facts=facts,
        button="Take them out",
        run=lambda asking: races.expel(asking, chosen.race.id, keys),
        done=f"Taking {words} out; {SHOWN_LATER}." if view.native else f"{words} taken off the list.",
    )


def _outside(view: EntrantsView, chosen: RaceRow) -> None:
    people: Sequence[Attendee] = view.outside
    if not people:
        st.caption("Everybody who can be let in is on the list." if view.native else "Everybody is on the list.")
        return
    picked = choose(
        pd.DataFrame(
            {
                "Name": [person.name for person in people],
                "Racer name": [person.alias for person in people],
                "Office": [person.office for person in people],
            }
        ),
        [person.id for person in people],
        key=f"entrants-out-{chosen.race.id}",
        names=[person.name or person.alias for person in people],
        height=table_height(len(people)),
        alt="Who could be let into the race",
    )
    some = [person for person in people if person.id in picked]
    if some:
        st.markdown(f"Chosen: {whom([person.name or person.alias for person in some])}")
    with st.container(horizontal=True):
        if st.button("Let in …", type="primary", disabled=not some, key="entrants-admit"):
            _ask_admit(view, chosen, some)
        if st.button(f"Let all {whole(len(people))} in …", key="entrants-admit-all"):
            _ask_admit(view, chosen, people)
    said("entrants-expel", "entrants-admit")


def _ask_admit(view: EntrantsView, chosen: RaceRow, people: Sequence[Attendee]) -> None:
    ids = [person.id for person in people]
    facts = [whom([person.name or person.alias for person in people])]
    facts.append("They need no link." if view.native else "Results of racers who are not on the list are marked.")
    races, words = session.desk().races, count(len(ids), "person", "people")
    confirm(
        f"Let {words} into {chosen.race.draft.name}",
        key="entrants-admit",
        facts=facts,
        button="Let them in",
        run=lambda asking: races.admit(asking, chosen.race.id, ids),
        done=lambda made: _let_in(made, native=view.native),
    )


def _let_in(made: Change, *, native: bool) -> str:
    """Whom it reached at the press, and who has no profile yet."""
    words = count(made.people, "person", "people")
    if not native:
        return f"{words} put on the list."
    waits = (
        f"; {count(made.without_profile, 'person has', 'people have')} no profile yet" if made.without_profile else ""
    )
    return f"Letting {words} in{waits}; {SHOWN_LATER}."

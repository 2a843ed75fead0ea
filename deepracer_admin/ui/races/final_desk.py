"""Is the result final? An organizer may declare it, with a reason, and take that back."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event, Race
from deepracer_admin.rules.finish import Finality, State
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.words import plain
from deepracer_admin.ui.races.boards import finality_badge, say_finality

__all__ = ["final_desk"]


def final_desk(who: Actor, event: Event, race: Race) -> None:
    """For a race past its close; nothing before."""
    races = session.desk().races
    view = races.finality(who, race.id)
    if view.state in (State.RUNNING, State.NOT_OURS):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**The result**")
        finality_badge(view)
    say_finality(view, event.zone, reason=True)
    if not session.may(who, "boards.declare"):
        return
    if view.is_final and view.by_name:
        if st.button("Make it provisional again …", icon=":material/undo:", type="tertiary", key="board-final-back"):
            _ask_back(race)
    elif not view.is_final:
        why = st.text_input(
            "Why it is final", key="final-reason", placeholder="e.g. the last submission hangs at the service"
        )
        if st.button("Declare the result final …", icon=":material/flag:", key="board-final"):
            _ask_final(race, view, why or "")
    said("board-final", "board-final-back")


def _ask_final(race: Race, view: Finality, why: str) -> None:
    races, race_id, name = session.desk().races, race.id, race.draft.name
    coming = f"{view.still_coming}: what they bring comes after that, and is said." if view.still_coming else ""
    not_known = "Whether results are still to come is not known." if view.on_way is None else ""
    confirm(
        f"Declare the result of {name} final",
        key="board-final",
        facts=[
            plain(coming or not_known or "Nothing is seen on its way."),
            "Every screen says final from now on; the board goes on moving unless it is held.",
            f"Reason: {plain(why) or 'none was written yet'}. It is kept in the audit.",
        ],
        button="Declare it final",
        run=lambda asking: races.declare_final(asking, race_id, reason=why),
        done=f"The result of {name} is declared final.",
    )


def _ask_back(race: Race) -> None:
    races, race_id, name = session.desk().races, race.id, race.draft.name
    confirm(
        f"Make the result of {name} provisional again",
        key="board-final-back",
        facts=["Every screen says provisional until the last result is in, or until it is declared final anew."],
        button="Make it provisional",
        run=lambda asking: races.take_back_final(asking, race_id),
        done=f"The result of {name} is provisional again.",
    )

"""Running a board: hide, disqualify, hold still; links to the big screen."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import act, attempt
from deepracer_admin.ui.kit.qr import share
from deepracer_admin.ui.kit.words import plain
from deepracer_admin.ui.races.boards import entry_label, link_state

__all__ = ["links_desk", "marks_desk"]


def marks_desk(who: Actor, race_id: str) -> None:
    """Hold the board, hide an alias, disqualify with a reason; each shows at once on every screen."""
    boards = session.desk().boards
    marks = boards.marks(who, race_id)
    frozen = marks.frozen_at is not None
    word = "Let the board go on" if frozen else "Hold the board still"
    if st.button(word, icon=":material/ac_unit:", help="For the ceremony; results go on being collected."):
        _then_rerun(lambda: boards.freeze(who, race_id, frozen=not frozen), "The board moves." if frozen else "Held.")
    entries = boards.entries(who, race_id)
    chosen = st.selectbox(
        "Racer", entries, index=None, format_func=entry_label, placeholder="type an alias or a place", key="desk-racer"
    )
    if chosen:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            hidden = chosen.row.hidden
            if st.button("Show the alias again" if hidden else "Hide the alias", icon=":material/visibility_off:"):
                _then_rerun(lambda: boards.hide(who, race_id, chosen.id, hidden=not hidden), "Done on every screen.")
            reason = st.text_input("Reason", key="desk-reason", placeholder="why this racer is taken out")
            if st.button("Disqualify", icon=":material/block:", type="tertiary"):
                _then_rerun(lambda: boards.disqualify(who, race_id, chosen.id, reason=reason), "Taken out.")
    for sentence in marks.unclear:
        st.warning(plain(sentence), icon=":material/warning:")
    for out in marks.disqualified:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"✗ **{plain(out.alias)}** is disqualified: {plain(out.reason)}")
            if st.button("Put back", key=f"back-{out.id}"):
                _then_rerun(lambda id_=out.id: boards.disqualify(who, race_id, id_, reason=None), "Back on the board.")


def links_desk(who: Actor, event: Event, race_id: str, names: dict[str, str]) -> None:
    """Make a signed link for a projector or phones, open it, withdraw it."""
    desk = session.desk()
    st.caption("A link shows one board, or the totals, to whoever has it: read-only, no names, until it expires.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scene = st.selectbox("Shows", ("board", "usage"), format_func=_scene, key="link-scene")
        hours = st.number_input("Valid for (hours)", 1, 1440, 12, key="link-hours")
        if st.button("Make a link", type="primary", icon=":material/cast:"):
            made = act(lambda: desk.boards.make_link(who, race_id, scene=scene, hours=float(hours)), done="Made.")
            if made:
                st.session_state["link-shown"] = made.id
    links = desk.boards.links(who)
    if not links:
        st.caption("No link yet.")
        return
    now = desk.clock.now()
    choice = st.dataframe(
        pd.DataFrame(
            {
                "Shows": [_scene(link.scene) for link in links],
                "Race": [names.get(link.race, "") if link.scene == "board" else "all" for link in links],
                "State": [link_state(link, now, event.zone) for link in links],
                "Made by": [link.made_by for link in links],
                "Address": [link.address for link in links],
            }
        ),
        hide_index=True,
        key="links",
        on_select="rerun",
        selection_mode="single-row",
        alt="Links to the big screen",
    )
    rows = choice.selection.rows  # type: ignore[union-attr]
    wanted = links[rows[0]].id if rows and rows[0] < len(links) else st.session_state.get("link-shown")
    link = next((entry for entry in links if entry.id == wanted), None)
    if link is None:
        st.caption("Choose a link to open, share or withdraw it.")
        return
    if link.revoked or now >= link.expires_at or not link.address:
        st.caption("This link shows nothing any more; make a new one.")
        return
    share(link.address, name=f"live-{link.id}", key=f"live-{link.id}")
    if link.address.startswith("http://127.0.0.1"):
        st.caption("This address works on this computer only; set a public address for phones and other screens.")
    st.caption("For a bright hall add ?theme=light to the address; ?places=120 shows more places in turn.")
    if st.button("Withdraw this link", icon=":material/link_off:", type="tertiary"):
        _then_rerun(lambda: desk.boards.revoke_link(who, link.id), "Withdrawn; open screens say so.")


def _scene(name: str) -> str:
    return {"board": "Leaderboard", "usage": "Totals of hours and spend"}[name]


def _then_rerun(call: Callable[[], None], done: str) -> None:
    if attempt(call, done=done)[0]:
        st.rerun()

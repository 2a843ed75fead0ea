"""Running a board: hide, disqualify, hold still; links to the big screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.search import folded, holds, words_of
from deepracer_admin.services.races.boards import BoardEntry, LiveLink
from deepracer_admin.services.races.screens import OF_A_RACE, SCENES
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import as_shown, press, said
from deepracer_admin.ui.kit.cached import board_entries
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.qr import share
from deepracer_admin.ui.kit.table import choose_one
from deepracer_admin.ui.kit.words import count, plain, span, whole
from deepracer_admin.ui.races.boards import entry_label, link_state
from deepracer_admin.ui.races.sponsors_desk import sponsors_desk

__all__ = ["links_desk", "marks_desk"]

MOST_OFFERED = 200
"""Racers in one list to choose from; a browser takes long to open a longer one."""
_SHOWN = "link-shown"
NOW_S = 10.0  # a wall asks every second, a phone every two
_YES = ("yes",)


def _meant(key: str) -> bool:
    """What the button said when it was pressed: meanwhile somebody else may have done it, and its word has turned."""
    return as_shown(key) == _YES


def marks_desk(who: Actor, race_id: str) -> None:
    """Hold the board, hide a racer's name, disqualify with a reason; each shows at once on every screen."""
    boards = session.desk().boards
    marks = boards.marks(who, race_id)
    frozen = marks.frozen_at is not None
    press(
        "Let the board go on" if frozen else "Hold the board still",
        lambda asking: boards.freeze(asking, race_id, frozen=_meant("board-hold")),
        key="board-hold",
        done=lambda _: "The board is held." if _meant("board-hold") else "The board moves.",
        shown=_YES if not frozen else (),
        icon=":material/ac_unit:",
        help="For the ceremony; results go on being collected.",
    )
    entries = board_entries(who, race_id)
    racer = st.selectbox(
        "Racer",
        _offered(entries),
        index=None,
        format_func=lambda one: entry_label(entries[one]),
        placeholder="type a racer name or a place",
        key="desk-racer",
    )
    chosen = entries.get(racer or "")
    if chosen is not None:
        _one_racer(race_id, chosen)
    said("board-hide", "board-disqualify", "board-put-back")
    for sentence in marks.unclear:
        st.warning(plain(sentence), icon=":material/warning:")
    for out in marks.disqualified:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"✗ **{plain(out.alias)}** is disqualified: {plain(out.reason)}")
            if st.button("Put back …", key=f"board-put-back-{out.id}"):
                _ask_put_back(race_id, out.id, out.alias)


def _offered(entries: Mapping[str, BoardEntry]) -> list[str]:
    """Whom to choose from: everybody, or of very many those who fit what is typed."""
    if len(entries) <= MOST_OFFERED:
        return [*entries]
    text = st.text_input("Find a racer", key="desk-find", placeholder="racer name or place") or ""
    words, place = words_of(text), text.strip()
    found = [one for one, entry in entries.items() if holds(words, folded(entry.racer)) or place == str(entry.row.rank)]
    if len(found) > MOST_OFFERED:
        st.caption(f"The first {whole(MOST_OFFERED)} of {count(len(found), 'racer')}: type more letters.")
    return found[:MOST_OFFERED]


def _one_racer(race_id: str, chosen: BoardEntry) -> None:
    boards, racer, name, hidden = session.desk().boards, chosen.id, chosen.racer, chosen.row.hidden
    with st.container(horizontal=True, vertical_alignment="bottom"):
        press(
            "Show the racer name again" if hidden else "Hide the racer name",
            lambda asking: boards.hide(asking, race_id, racer, hidden=_meant("board-hide")),
            key="board-hide",
            done=lambda _: f"{name} is {'hidden' if _meant('board-hide') else 'shown again'} on every screen.",
            shown=_YES if not hidden else (),
            line=False,
            icon=":material/visibility_off:",
        )
        reason = st.text_input("Reason", key="desk-reason", placeholder="why this racer is taken out") or ""
        if st.button("Disqualify …", icon=":material/block:", type="tertiary", key="board-disqualify"):
            confirm(
                "Disqualify a racer",
                key="board-disqualify",
                facts=[
                    f"**{plain(entry_label(chosen))}** leaves the board, on every screen.",
                    f"Reason: {plain(reason) or 'none was written yet'}. It is kept in the audit.",
                ],
                button="Disqualify",
                run=lambda asking: boards.disqualify(asking, race_id, racer, reason=reason),
                done=f"{name} is taken out.",
            )


def _ask_put_back(race_id: str, racer: str, name: str) -> None:
    boards = session.desk().boards
    confirm(
        "Put a racer back",
        key="board-put-back",
        facts=[f"**{plain(name)}** is on the board again, on every screen."],
        button="Put back",
        run=lambda asking: boards.disqualify(asking, race_id, racer, reason=None),
        done=f"{name} is back on the board.",
    )


def links_desk(who: Actor, event: Event, race_id: str, names: dict[str, str]) -> None:
    """Make a signed link for a projector or phones, open it, withdraw it."""
    desk = session.desk()
    st.caption("A link shows one thing at a time to whoever has it: read-only, no names, until it expires.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the screen", key="link-name", placeholder="Main hall", max_chars=40)
        scene = st.selectbox("Shows", [each for each in SCENES if each != "text"], format_func=_scene, key="link-scene")
        hours = float(st.number_input("Valid for (hours)", 1, 1440, 12, key="link-hours"))

        def make(asking: Actor) -> None:
            st.session_state[_SHOWN] = desk.boards.make_link(
                asking, race_id, scene=scene, hours=hours, name=name or ""
            ).id

        press(
            "Make a link",
            make,
            key="link-make",
            done=f"A link to: {_scene(scene)}.",
            line=False,
            type="primary",
            icon=":material/cast:",
        )
    said("link-make", "link-withdraw", *(f"screen-show-{scene_key}" for scene_key in SCENES))
    sponsors_desk(who)
    links = {link.id: link for link in desk.boards.links(who)}
    if not links:
        st.caption("No link yet.")
        return
    now = desk.clock.now()
    shows = {key: _shows(link, names) for key, link in links.items()}
    picked = choose_one(
        pd.DataFrame(
            {
                "Screen": [link.name for link in links.values()],
                "Shows": [_scene(link.scene) for link in links.values()],
                "Race": [names.get(link.race, "") if link.scene in OF_A_RACE else "all" for link in links.values()],
                "State": [link_state(link, now, event.zone) for link in links.values()],
                "Last seen": [_seen(link) for link in links.values()],
                "Made by": [link.made_by for link in links.values()],
                "Address": [link.address for link in links.values()],
            }
        ),
        [*links],
        key="links",
        names=[*shows.values()],
        steady=False,
        alt="Links to the big screen",
    )
    link = links.get(picked or st.session_state.get(_SHOWN, ""))
    if link is None:
        st.caption("Choose a link to open, share or withdraw it.")
        return
    if link.revoked or now >= link.expires_at or not link.address:
        st.caption("This link shows nothing any more; make a new one.")
        return
    _change(link, shows[link.id], race_id)
    share(link.address, name=f"live-{link.id}", key=f"live-{link.id}", on_phones=link.on_phones)
    if not link.on_phones:
        st.caption("This address works on this computer only; set a public address for phones and other screens.")
    st.caption("For a bright hall add ?theme=light to the address; ?places=120 shows more places in turn.")
    if st.button("Withdraw this link …", icon=":material/link_off:", type="tertiary", key="link-withdraw"):
        confirm(
            "Withdraw a link",
            key="link-withdraw",
            facts=[
                f"**{plain(shows[link.id])}**, made by {plain(link.made_by)}, "
                f"{plain(link_state(link, now, event.zone))}.",
                "Every screen and phone that shows it goes dark at once; it cannot be given back.",
            ],
            button="Withdraw it",
            run=lambda asking: desk.boards.revoke_link(asking, link.id),
            done=f"Withdrawn: {shows[link.id]}; open screens say so.",
        )


def _change(link: LiveLink, title: str, race_id: str) -> None:
    """What every screen with this link shows from now on; the race is the one chosen above."""
    boards = session.desk().boards
    st.markdown(f"**{plain(title)}** shows now:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for scene_key in SCENES:
            if scene_key == "text":
                continue
            press(
                _scene(scene_key),
                lambda asking, scene=scene_key: boards.show(asking, link.id, scene=scene, race_id=race_id),
                key=f"screen-show-{scene_key}",
                done=f"{title}: {_scene(scene_key).lower()}, from its next look on.",
                line=False,
                disabled=link.scene == scene_key and link.race == race_id,
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("A text", key=f"screen-text-{link.id}", max_chars=160)
        press(
            "Show the text",
            lambda asking: boards.show(asking, link.id, scene="text", text=text or ""),
            key="screen-show-text",
            done=f"{title}: the text, from its next look on.",
            line=False,
        )


def _seen(link: LiveLink) -> str:
    """By this console, since it started."""
    if link.seen_s is None:
        return "not yet"
    return "now" if link.seen_s < NOW_S else f"{span(timedelta(seconds=round(link.seen_s)))} ago"


def _shows(link: LiveLink, names: dict[str, str]) -> str:
    if link.name:
        return link.name
    if link.scene in OF_A_RACE:
        return f"{_scene(link.scene)} of {names.get(link.race, 'a race')}"
    return _scene(link.scene)


def _scene(name: str) -> str:
    return {
        "board": "Leaderboard",
        "progress": "First ten over time",
        "countdown": "Countdown to the close",
        "usage": "Totals of hours and spend",
        "slots": "Slots",
        "join": "Where to register",
        "sponsors": "Sponsors",
        "text": "A text",
    }[name]

"""Racer names that whoever runs a board should look at, each with one click; and more words to mask."""

from __future__ import annotations

import hashlib

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.services.races.board_names import NameToLookAt
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import as_shown, press, said
from deepracer_admin.ui.kit.cached import board_names
from deepracer_admin.ui.kit.opened import as_opened, forget_opened, offer_anew
from deepracer_admin.ui.kit.words import count, plain, whole

__all__ = ["names_desk", "reason_of"]

MOST = 20
"""Names in the list; the others are found by their place."""
_HIDE = ("hide",)


def names_desk(who: Actor, race_id: str) -> None:
    """Names with a rude word in them, and names that may be taken for one of the first ten."""
    found = board_names(who, race_id)
    st.markdown("**Names to look at**")
    st.caption(
        "A name with a rude word in it is masked on every screen by itself. A name that looks like one of the first "
        "ten is shown until you hide it."
    )
    for each in found[:MOST]:
        _one_name(race_id, each)
    if len(found) > MOST:
        st.caption(f"The first {whole(MOST)} of {count(len(found), 'name')}: find the others under Racer.")
    if not found:
        st.caption("No name needs a look now.")
    said(*(_key_of(each) for each in found[:MOST]))
    _more_words(who)


def reason_of(name: NameToLookAt) -> str:
    """Why it is in the list, and what became of it."""
    is_hidden = name.entry.row.hidden
    if name.like is None:
        return "masked: rude word" if is_hidden else "rude word, shown because somebody decided so"
    like = f"looks like place {name.like.row.rank}, {name.like.racer}"
    return f"{like}; hidden" if is_hidden else like


def _one_name(race_id: str, name: NameToLookAt) -> None:
    boards, key, alias, is_hidden = session.desk().boards, _key_of(name), name.entry.racer, name.entry.row.hidden
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Place {name.entry.row.rank}: **{plain(alias)}**, {plain(reason_of(name))}", width="content")
        press(
            "Show the racer name again" if is_hidden else "Hide the racer name",
            lambda asking: boards.hide(asking, race_id, name.entry.id, hidden=as_shown(key) == _HIDE),
            key=key,
            done=lambda _: f"{alias} is {'hidden' if as_shown(key) == _HIDE else 'shown again'} on every screen.",
            shown=() if is_hidden else _HIDE,
            line=False,
        )


def _key_of(name: NameToLookAt) -> str:
    return f"board-name-{name.entry.id}"


def _more_words(who: Actor) -> None:
    boards, event_id = session.desk().boards, session.event_id()
    slot, words = f"masked-words-shown-{event_id}", boards.words(who)

    def key_of(kept: tuple[str, ...]) -> str:
        return f"masked-words-{event_id}-{hashlib.sha256(repr(kept).encode()).hexdigest()[:8]}"

    def saved(kept: tuple[str, ...]) -> str:
        forget_opened(slot)
        return f"{count(len(kept), 'word')} more on every board of this event." if kept else "No more words."

    shown = as_opened(slot, words, an_input=key_of)
    text_key = key_of(shown)
    with st.form(f"masked-words-form-{event_id}", border=False):
        text = st.text_input(
            "More words to mask",
            " ".join(shown),
            key=text_key,
            placeholder="words between blanks",
            help="A word counts where it is a whole part of a name; with * at its end inside longer parts too.",
        )
        press(
            "Save the words",
            lambda asking: boards.mask_words(asking, text or "", before=shown),
            key="masked-words-save",
            done=saved,
            in_form=True,
        )
    offer_anew(slot, shown, words)

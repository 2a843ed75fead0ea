"""Find a person from any page (key `/`), and their card beside it.

What is typed and who is open stand in the memory of this tab alone, never in the address. The card lies over the page,
which is drawn anew under it after each act; another page, another event or its cross closes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from deepracer_admin.model import Actor, Attendee, Event
from deepracer_admin.rules.search import LEAST_LETTERS, folded
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask
from deepracer_admin.ui.kit.masthead import link_to
from deepracer_admin.ui.kit.refresh import dialog_closed, dialog_opened
from deepracer_admin.ui.kit.words import plain
from deepracer_admin.ui.people.card import card

__all__ = ["MOST", "find_button", "open_card", "show_open"]

MOST = 8
"""People listed while one types; more letters find the others."""
_OPEN = "finder-open"
_TEXT = "finder-text"
_PAGE = "acts-of-page"  # what the frame calls the page of this run (act.forget_elsewhere)


@dataclass(frozen=True, slots=True)
class _Open:
    """What lies over the page: of which event and page, whose card ("" = nobody chosen), and for which letters."""

    event: str
    page: str
    attendee: str = ""
    text: str = ""
    search: bool = True


def find_button(who: Actor, *, narrow: bool = False) -> None:
    """The way in, in the frame; the key `/` presses it. `narrow`: the same above the page, for screens on which the
    menu is folded away; the frame's style shows it there alone."""
    if not session.may(who, "onboarding.view") or not session.event_id():
        return
    if st.button(
        "Find a person",
        icon=":material/person_search:",
        key="find-person-narrow" if narrow else "find-person",
        width="stretch",
        help="Key / · a name, an address or a racer name; their card does everything for them.",
    ):
        st.session_state[_TEXT] = ""
        st.session_state[_OPEN] = _Open(session.event_id(), _page())


def open_card(event_id: str, attendee_id: str) -> None:
    """Open this person's card from a list of the page, until it is closed. Call it from the page's body.

    The frame alone draws it, so the run begins anew: a widget that once the page and once the frame draws is two.
    """
    st.session_state[_OPEN] = _Open(event_id, _page(), attendee_id, search=False)
    st.rerun()


def show_open(who: Actor) -> None:
    """Draw what lies over the page, where something does. Once a run, by the frame."""
    now: _Open | None = st.session_state.get(_OPEN)
    if now is None:
        return
    event = session.desk().events.event()
    if event is None or (now.event, now.page) != (event.id, _page()) or not session.may(who, "onboarding.view"):
        st.session_state.pop(_OPEN, None)
        return
    dialog_opened()

    @st.dialog(
        "Find a person" if now.search else "Person",
        icon=":material/person_search:" if now.search else ":material/person:",
        width="large",
        position="right",
        on_dismiss=_closed,
    )
    def show() -> None:
        asking = session.actor()
        if now.search:
            _search(asking, event)
        elif now.attendee:
            card(asking, event, now.attendee)

    show()


def _page() -> str:
    return str(st.session_state.get(_PAGE, ""))


def _closed() -> None:
    st.session_state.pop(_OPEN, None)
    dialog_closed()


def _search(who: Actor, event: Event) -> None:
    text = st.text_input(
        "Name, address or racer name", key=_TEXT, type="search", live=True, placeholder="At least two letters"
    )
    now: _Open = st.session_state[_OPEN]
    if (text or "") != now.text:
        now = replace(now, text=text or "", attendee="")
        st.session_state[_OPEN] = now
    if len(folded(now.text)) < LEAST_LETTERS:
        return
    found = ask(lambda asking: session.desk().onboarding.search(asking, now.text, limit=MOST))
    if found is None:
        return
    if not found.people and not now.attendee:
        st.caption(f"Nobody on the list of {event.name} fits.")
        link_to(who, "attendees", "Add a walk-up", {"attendees-view": "Add one"})
        return
    only = found.people[0].id if found.total == 1 else ""
    if chosen := now.attendee or only:
        st.session_state[_OPEN] = replace(now, attendee=chosen)  # stays theirs when they fit no more, e.g. erased
        if not only and st.button("Back to those found", icon=":material/arrow_back:", key="finder-back"):
            st.session_state[_OPEN] = replace(now, attendee="")
            st.rerun()
        card(who, event, chosen)
        return
    for person in found.people:
        st.button(
            _label(person),
            key=f"finder-open-{person.id}",
            icon=":material/person:",
            width="stretch",
            on_click=_choose,
            args=(person.id,),
        )
    if found.total > len(found.people):
        st.caption("More people fit: type more letters.")


def _label(person: Attendee) -> str:
    out = "" if person.wanted else " · taken out"
    return f"**{plain(person.name or 'No name')}** · {plain(person.email)}{out}"


def _choose(attendee_id: str) -> None:
    now: _Open | None = st.session_state.get(_OPEN)
    if now is not None:
        st.session_state[_OPEN] = replace(now, attendee=attendee_id)

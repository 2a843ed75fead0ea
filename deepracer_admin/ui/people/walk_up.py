"""Somebody who stands at the desk: one more person on the list."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Attendee
from deepracer_admin.services.people.attendees import AttendeesService
from deepracer_admin.ui.kit.act import press

__all__ = ["walk_up"]

_TURN = "walk-up-turn"


def walk_up(people: AttendeesService) -> None:
    """A form for one person. It is empty again once they are on the list, and keeps what was typed when refused."""
    turn = st.session_state.setdefault(_TURN, 0)
    with st.form("walk-up"):
        address = st.text_input("Address", key=f"walk-up-{turn}-address", autocomplete="off") or ""
        name = st.text_input("Name", key=f"walk-up-{turn}-name", autocomplete="off") or ""
        office = st.text_input("Office", key=f"walk-up-{turn}-office", autocomplete="off") or ""

        def add(asking: Actor) -> Attendee:
            made = people.add(asking, email=address, name=name, office=office)
            st.session_state[_TURN] = turn + 1
            return made

        press(
            "Add to the list",
            add,
            key="walk-up-add",
            done=lambda made: f"{made.name or made.email} is on the list. {made.refusal}".strip(),
            in_form=True,
            type="primary",
        )

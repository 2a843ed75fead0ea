"""Making an announcement, and taking one away of which nothing was sent."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.rules.mail_names import LONGEST, is_announcement
from deepracer_admin.rules.templates import Template
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.words import plain

__all__ = ["new_announcement", "take_away"]

_MADE = "announcements-made"


def new_announcement() -> None:
    """A form for a mail of one's own; once it is kept, the form is empty again and the mail is chosen above."""
    announcements = session.desk().announcements
    turn = st.session_state.get(_MADE, 0)

    def make(asking: Actor, title: str, subject: str, body: str) -> Template:
        made = announcements.make(asking, title, subject, body)
        st.session_state[_MADE] = turn + 1
        st.session_state["template-made"] = made.key
        return made

    with st.expander("New announcement", icon=":material/add:"):
        st.caption("A mail of your own, with the same placeholders. It goes to nobody before you send it.")
        with st.form(f"announcement-{turn}"):
            title = st.text_input("Title in the list of mails", key=f"announcement-title-{turn}", max_chars=LONGEST)
            subject = st.text_input("Subject", key=f"announcement-subject-{turn}", max_chars=200)
            body = st.text_area("Text", key=f"announcement-body-{turn}", height=240)
            press(
                "Keep this announcement",
                lambda asking: make(asking, title, subject, body),
                key="announcement-make",
                done=lambda made: f"Kept: {made.title}. Look at it here, then send it under Campaigns.",
                in_form=True,
                line=False,
            )
    said("announcement-make")


def take_away(who: Actor, template: Template, title: str) -> None:
    """Offered for an announcement alone, with the reason where it must stay."""
    announcements = session.desk().announcements
    if is_announcement(template.key):
        why = announcements.why_kept(who, template.key)
        press(
            f"Take away {plain(title)}",
            lambda asking: announcements.take_away(asking, template.key),
            key="announcement-take-away",
            done=lambda gone: f"Taken away: {gone}.",
            line=False,
            icon=":material/delete:",
            help=why or "Nothing was sent of it.",
            disabled=bool(why),
        )
    said("announcement-take-away")

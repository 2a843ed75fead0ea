"""Temporary passwords on screen: whose ends soon, and a fresh one before it does."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.services.access.passwords import SOON, PasswordAge, ends_soon
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.cached import password_ages
from deepracer_admin.ui.kit.reached import say_whom, whom
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import count, minute, plain, span, when

__all__ = ["ending", "fresh_for_one", "password_line", "resend_note"]

_HOW = {
    "pool": "our access mail once more, with a fresh password",
    "service": "the service's invitation once more, with a fresh password",
}


def ending(who: Actor, event: Event) -> None:
    """Those whose temporary password ends within two days; organizers send the chosen ones a fresh one."""
    now = session.desk().clock.event_now()
    found = ends_soon(password_ages(who), now)
    if not found:
        return
    st.subheader("Temporary passwords that end soon", anchor=False)
    st.caption(
        f"{count(len(found), 'person has', 'people have')} not signed in, and their temporary password ends within "
        f"{span(SOON)} or has ended."
    )
    chosen = choose(
        pd.DataFrame(
            {
                "Name": [age.attendee.name for age in found],
                "Address": [age.attendee.email for age in found],
                f"Ends ({event.zone})": [minute(age.until, event.zone) for age in found],
                "Left": ["ended" if age.until <= now else span(age.until - now) for age in found],
                "Known from": ["the user pool" if age.read else "the invitation" for age in found],
            }
        ),
        [age.attendee.id for age in found],
        key="passwords-ending",
        names=[age.attendee.name or age.attendee.email for age in found],
        several=session.may(who, "messages.send"),
        alt="Temporary passwords that end soon",
    )
    refused = next((age.why_not for age in found if age.why_not), "")
    if refused:
        st.caption(refused)
    reached = [age for age in found if age.attendee.id in chosen]
    if reached:
        named = [age.attendee.name or age.attendee.email for age in reached]
        say_whom(whom(named, lead="Reaches ", tail="."), key="passwords-fresh")
    _send_button(
        "Send the chosen a fresh password",
        [age.attendee.id for age in reached],
        key="passwords-fresh",
        disabled=not reached or any(age.why_not for age in reached),
    )


def password_line(who: Actor, attendee: str, event: Event) -> PasswordAge | None:
    """How old one person's temporary password is; None (and nothing said) when they have none, or it is not known."""
    age = next((each for each in password_ages(who) if each.attendee.id == attendee), None)
    if age is None:
        return None
    now = session.desk().clock.event_now()
    known = "read from the user pool" if age.read else "reckoned from the invitation"
    left = "it has ended" if age.until <= now else f"{span(age.until - now)} left"
    st.caption(
        f"Temporary password: {span(max(now - age.since, now - now))} old, valid until {when(age.until, event.zone)} "
        f"({left}; {known})."
    )
    return age


def resend_note(who: Actor, attendee: str) -> str | None:
    """What a resend of the access mail does to the password."""
    if not session.desk().messages.carries_password(who, attendee, "access"):
        return None
    return "It carries a fresh first password, and the older one dies; who has signed in keeps their own."


def fresh_for_one(age: PasswordAge | None, *, card_key: str, may: bool) -> None:
    """The button for one person, of their card; organizers and facilitators."""
    if age is None or not may:
        return
    text = plain(age.why_not) if age.why_not else f"Sends {_HOW.get(age.way, '')}; the old one dies."
    _send_button(
        "Send a fresh password",
        [age.attendee.id],
        key=f"{card_key}-fresh",
        help=text,
        disabled=bool(age.why_not),
        line=False,
    )


def _send_button(label: str, attendees: list[str], *, key: str, **look: Any) -> None:
    passwords = session.desk().passwords
    press(
        label,
        lambda asking: passwords.resend(asking, attendees),
        key=key,
        done=_on_its_way,
        redraw=False,
        icon=":material/key:",
        **look,
    )


def _on_its_way(sent: int) -> str:
    people = count(sent, "person", "people")
    return f"On its way to {people}; the older passwords do not work any more once it is sent."

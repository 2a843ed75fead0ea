"""Who is told of alarms: the Alarms tab of the Set up page."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from deepracer_admin.model import Event
from deepracer_admin.records.calls import CallList
from deepracer_admin.rules.calls import PostState
from deepracer_admin.services.setup.calls import CallsView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.masthead import link_to
from deepracer_admin.ui.kit.opened import as_opened, forget_opened, is_drawn, offer_anew
from deepracer_admin.ui.kit.words import count, minute, plain, table_height, whole

__all__ = ["calls", "is_typed_in", "typed_in"]

_STATES = {
    PostState.PENDING: "… waiting",
    PostState.LEAVING: "… under way",
    PostState.SENT: "✓ done",
    PostState.FAILED: "✗ refused",
    PostState.UNKNOWN: "? not known",
    PostState.SKIPPED: "· not needed",
}
_WHAT = {"alarm": "Alarm", "over": "It is over", "trial": "Trial"}
SHOWN = 100  # messages


def is_typed_in(event: Event) -> bool:
    """Was the form opened on this page?"""
    shown = st.session_state.get(_slot(event))
    return shown is not None and is_drawn(_key(event, shown))


def typed_in(event: Event) -> None:
    """The form alone, while another part is looked at."""
    _mail(session.desk().calls.view(session.actor()), event)


def calls(event: Event) -> None:
    """Who is told, a trial, and what became of each message."""
    desk, who = session.desk(), session.actor()
    view = desk.calls.view(who)
    st.caption(
        "An alarm is told once when it rises and once when it is over, with what to do and a link to the page. No "
        "message names a racer."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _chat(view)
    with right:
        _mail(view, event)
    nobody = not view.chat_host and not view.addresses
    press(
        "Try it",
        desk.calls.try_it,
        key="alarms-try",
        done="A trial is on its way to everybody who is told; what becomes of it appears below.",
        redraw=False,
        icon=":material/campaign:",
        disabled=nobody,
    )
    if view.links_here and not nobody:
        st.caption(
            "Links in the messages lead to this computer alone: set DEEPRACER_ADMIN_BASE_URL where others should open "
            "them."
        )
    _told(event.zone)


def _chat(view: CallsView) -> None:
    st.markdown("**The team's chat**")
    if view.chat_host:
        st.badge("A webhook is set", icon=":material/check_circle:", color="green")
        st.caption(f"At {plain(view.chat_host)}; the rest of its address is a secret and shown nowhere.")
        return
    st.badge("No chat is set", icon=":material/radio_button_unchecked:", color="gray")
    st.caption(
        "Make a workflow “Send webhook alerts to a channel” in Microsoft Teams, or an incoming webhook in Slack, and "
        "put its address into the settings: DEEPRACER_ADMIN_ALARM_WEBHOOK, or `alarm_webhook` in secrets.toml."
    )


def _slot(event: Event) -> str:
    return f"alarms-shown-{event.id}"


def _key(event: Event, shown: tuple[str, ...]) -> str:
    return f"alarms-addresses-{event.id}-{hashlib.sha256(repr(shown).encode()).hexdigest()[:8]}"


def _saved(event: Event, made: CallList) -> str:
    forget_opened(_slot(event))
    if not made.addresses:
        return "Nobody is told by mail."
    return f"{count(len(made.addresses), 'address', 'addresses')} told by mail from now on."


def _mail(view: CallsView, event: Event) -> None:
    shown = as_opened(_slot(event), view.addresses, an_input=lambda kept: _key(event, kept))
    text_key = _key(event, shown)
    with st.form(f"alarms-people-{event.id}", border=False):
        text = st.text_area(
            "Organizers who are told by mail",
            "\n".join(shown),
            key=text_key,
            height=100,
            placeholder="one address a line",
            help="A mailing list of yours counts as one address.",
        )
        press(
            "Save who is told",
            lambda asking: session.desk().calls.save(asking, text or "", shown),
            key="alarms-people-save",
            done=lambda made: _saved(event, made),
            in_form=True,
        )
    offer_anew(_slot(event), shown, view.addresses)
    if view.by_name:
        st.caption(f"Last said by {plain(view.by_name)}.")


@st.fragment(run_every=3)
def _told(zone: str) -> None:
    who, desk = session.actor(), session.desk()
    view = desk.calls.view(who)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(view.lasting, 'alarm lasts', 'alarms last')}** now.")
        link_to(who, "event", "See what needs a human")
    if not view.rows:
        st.caption("Nothing was told yet.")
        return
    rows = view.rows[:SHOWN]
    st.dataframe(
        pd.DataFrame(
            {
                f"When ({zone})": [minute(row.at, zone) for row in rows],
                "Alarm": [row.title for row in rows],
                "What was told": [_WHAT[row.what] for row in rows],
                "To": [row.to for row in rows],
                "State": [_STATES[row.state] for row in rows],
                "Why": [row.sentence for row in rows],
            }
        ),
        hide_index=True,
        key="alarms-told",
        placeholder=NOTHING,
        height=table_height(len(rows)),
        alt="Messages about alarms, the newest first",
    )
    if len(view.rows) > SHOWN:
        st.caption(f"The newest {whole(SHOWN)} of {count(len(view.rows), 'message')}.")

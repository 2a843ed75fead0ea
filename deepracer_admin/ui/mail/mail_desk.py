"""Writing and sending mail: edit a template, choose an audience, send or schedule; first whom and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.templates import Template
from deepracer_admin.services.mail.messages import AUDIENCES, Audience, LedgerRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import act, attempt
from deepracer_admin.ui.kit.words import count, plain, span, when
from deepracer_admin.ui.mail.letters import placeholders, show_mail

__all__ = ["edit_template", "preview", "send_desk", "settle", "test_to_myself"]


def preview(who: Actor, template: Template) -> None:
    """The mail as a person on the list would get it."""
    desk = session.desk()
    text = st.text_input("Preview as", key="preview-as", placeholder="name or address; empty: the first on the list")
    person = None
    if text:
        found = act(lambda: desk.onboarding.find(who, text, limit=20))
        if not found:
            st.caption("Nobody on the list fits.")
            return
        person = st.selectbox(
            "Person", found, format_func=lambda entry: f"{entry.name} · {entry.email}", key="preview-person"
        )
    mail = act(
        lambda: desk.messages.preview(
            who, template.key, attendee=person.id if person else None, language=template.language
        )
    )
    if mail:
        with st.container(border=True, key="preview"):
            show_mail(mail)


def edit_template(who: Actor, template: Template) -> None:
    """Edit: saving makes a new version. It goes to whoever has no mail of it yet; only others than the access mail may
    be sent once more."""
    name = f"{template.key}-{template.language}-{template.version}"
    with st.expander(f"Edit (version {template.version})", icon=":material/edit:"):
        with st.form(f"edit-{name}"):
            subject = st.text_input("Subject", template.subject, key=f"subject-{name}", max_chars=200)
            body = st.text_area("Text", template.body, key=f"body-{name}", height=320)
            saved = st.form_submit_button("Save as a new version")
        placeholders()
    if saved:
        edited = replace(template, subject=subject, body=body)
        if act(partial(session.desk().messages.save_template, who, edited), done="Saved as a new version."):
            st.rerun()


def test_to_myself(who: Actor, template: Template) -> None:
    """One mail to the person who asks, at their own address."""
    if not who.email:
        st.caption("Your sign-in tells no mail address of yours, so no test can be sent: sign out and in again.")
        return
    sample = None
    if session.may(who, "messages.test_as"):
        chosen = st.session_state.get("preview-person")
        if st.checkbox("With the data of the person in the preview", key="test-as", disabled=chosen is None):
            sample = chosen
    about = f"with the data of {plain(sample.name or sample.email)}" if sample else "about a person who does not exist"
    st.caption(f"Goes to {plain(who.email)}, {about}.")
    if st.button("Send a test to myself", icon=":material/forward_to_inbox:", key="test-send"):
        act(
            lambda: session.desk().messages.test_to_myself(who, template.key, sample=sample.id if sample else ""),
            done="One test mail is on its way.",
        )


def send_desk(who: Actor, event: Event, keys: Sequence[str]) -> None:
    """Audience, count, time, send."""
    desk = session.desk()
    left, middle, right = st.columns(3)
    key = left.selectbox("Mail to send", keys, key="send-key")
    kind = middle.selectbox("To whom", [*AUDIENCES], format_func=lambda value: AUDIENCES[value], key="send-kind")
    cohorts = desk.attendees.cohorts(who)
    cohort = right.selectbox(
        "Cohort",
        ["", *cohorts],
        format_func=lambda value: f"{value.replace(':', ': ')} ({cohorts[value]:,})" if value else "Everybody",
        key="send-cohort",
    )
    if kind == "not_signed_in":
        st.caption("Sign-ins are seen in Cognito with credentials on its user pool; without them, by the first model.")
    audience = Audience(kind, cohort)
    found = act(lambda: desk.messages.reach(who, key, audience))
    if found is None:
        return
    people, had = found
    sender = desk.messages.sender(who)
    rate = sender.per_second * 0.8 if sender else 0.0
    time = f", about {span(timedelta(seconds=len(people) / rate))} at the sender's rate" if rate and people else ""
    names = ", ".join(plain(person.name or person.email) for person in people[:3])
    st.markdown(
        f"Reaches **{count(len(people), 'person', 'people')}**{': ' + names if names else ''}"
        f"{' …' if len(people) > 3 else ''}{time}. Had it already, no second: {had:,}."
    )
    reason = st.text_input("Reason (kept in the audit)", key="send-reason") if kind == "all" else ""
    at = None
    if st.checkbox("Send later", key="send-later"):
        zone = ZoneInfo(event.zone)
        start = desk.clock.event_now().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
        local = st.datetime_input(f"At ({event.zone})", start + timedelta(hours=1), key="send-at")
        at = local.replace(tzinfo=zone) if local else None
    label = (
        f"Send to {count(len(people), 'person', 'people')}" if at is None else f"Schedule for {when(at, event.zone)}"
    )
    if st.button(label, type="primary", icon=":material/send:", disabled=not people):
        act(
            lambda: desk.messages.send(who, key, audience, schedule_at=at, reason=reason),
            done="The worker sends it; progress is shown below.",
        )


def settle(who: Actor, row: LedgerRow) -> None:
    """A lost answer: a human says whether it arrived."""
    mail = row.delivery
    st.markdown(
        f"The answer for **{plain(row.attendee.name or row.attendee.email)}** was lost: the mail may have gone out. "
        "Ask the person, then settle it. Sending again may reach them twice."
    )
    if session.desk().messages.carries_password(who, mail.attendee, mail.template):
        st.caption(
            "Sending it once more makes a fresh first password: the one in the lost mail does not work any more. "
            "Whoever has signed in keeps their own."
        )
    call = partial(session.desk().messages.settle_unknown, who, mail.attendee, mail.template, mail.number)
    with st.container(horizontal=True):
        if st.button("It arrived", icon=":material/check:") and attempt(lambda: call(as_="sent"), done="Settled.")[0]:
            st.rerun()
        if (
            st.button("Send it once more", icon=":material/replay:")
            and attempt(lambda: call(as_="again"), done="One more mail.")[0]
        ):
            st.rerun()

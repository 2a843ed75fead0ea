"""Writing and sending mail: edit a template, choose an audience, send or schedule; first whom and how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.relative import Relative
from deepracer_admin.rules.templates import Template
from deepracer_admin.services.mail.messages import AUDIENCES, REASON_LETTERS, Audience, LedgerRow, Started
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said
from deepracer_admin.ui.kit.cached import cohort_counts
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.reached import say_whom, whom
from deepracer_admin.ui.kit.words import count, plain, span, when, whole
from deepracer_admin.ui.mail.letters import placeholders, show_mail

__all__ = ["edit_template", "preview", "send_desk", "settle", "test_to_myself"]

_NO_SECOND = "Whoever has had it gets no second."


def preview(template: Template) -> None:
    """The mail as a person on the list would get it."""
    desk = session.desk()
    text = st.text_input("Preview as", key="preview-as", placeholder="name or address; empty: the first on the list")
    person = None
    if text:
        found = ask(lambda asking: desk.onboarding.find(asking, text, limit=20))
        if not found:
            st.caption("Nobody on the list fits.")
            return
        labels = {entry.id: f"{entry.name} · {entry.email}" for entry in found}
        person = st.selectbox("Person", [*labels], format_func=labels.__getitem__, key="preview-person")
    mail = ask(lambda asking: desk.messages.preview(asking, template.key, attendee=person, language=template.language))
    if mail:
        with st.container(border=True, key="preview"):
            show_mail(mail)


def edit_template(template: Template) -> None:
    """Edit: saving makes a new version. It goes to whoever has no mail of it yet; only others than the access mail may
    be sent once more."""
    edited_id = f"{template.key}-{template.language}-{template.version}"
    messages = session.desk().messages
    with st.expander(f"Edit (version {template.version})", icon=":material/edit:"):
        with st.form(f"edit-{edited_id}"):
            subject = st.text_input("Subject", template.subject, key=f"subject-{edited_id}", max_chars=200)
            body = st.text_area("Text", template.body, key=f"body-{edited_id}", height=320)
            press(
                "Save as a new version",
                lambda asking: messages.save_template(asking, replace(template, subject=subject, body=body)),
                key="template-save",
                done=lambda saved: f"Saved: version {saved.version} counts from now on.",
                in_form=True,
            )
        placeholders()


def test_to_myself(who: Actor, template: Template) -> None:
    """One mail to the person who asks, at their own address."""
    if not who.email:
        st.caption("Your sign-in tells no mail address of yours, so no test can be sent: sign out and in again.")
        return
    messages, sample = session.desk().messages, None
    if session.may(who, "messages.test_as"):
        chosen = st.session_state.get("preview-person")
        if st.checkbox("With the data of the person in the preview", key="test-as", disabled=chosen is None):
            sample = chosen
    about = f"with the data of {plain(sample.name or sample.email)}" if sample else "about a person who does not exist"
    st.caption(f"Goes to {plain(who.email)}, {about}.")
    sample_id = sample.id if sample else ""
    press(
        "Send a test to myself",
        lambda asking: messages.test_to_myself(asking, template.key, sample=sample_id),
        key="test-send",
        done=f"One test mail is on its way to {who.email}.",
        redraw=False,
        icon=":material/forward_to_inbox:",
    )


def send_desk(who: Actor, event: Event, keys: Sequence[str], called: Mapping[str, str]) -> None:
    """Audience, count, time, send; `called`: what each mail is called."""
    desk = session.desk()
    left, middle, right = st.columns(3)
    key = left.selectbox("Mail to send", keys, key="send-key", format_func=lambda value: called.get(value, str(value)))
    kind = middle.selectbox("To whom", [*AUDIENCES], format_func=lambda value: AUDIENCES[value], key="send-kind")
    cohorts = cohort_counts(who)
    cohort = right.selectbox(
        "Cohort",
        ["", *cohorts],
        format_func=lambda value: f"{value.replace(':', ': ')} ({whole(cohorts[value])})" if value else "Everybody",
        key="send-cohort",
    )
    if kind == "not_signed_in":
        st.caption("Sign-ins are seen in Cognito with credentials on its user pool; without them, by the first model.")
    audience = Audience(kind, cohort)
    reach = ask(lambda asking: _reached(asking, key, audience))
    if reach is None:
        return
    sender = desk.messages.sender(who)
    rate = sender.per_second * 0.8 if sender else 0.0
    people = len(reach.ids)
    time = f"About {span(timedelta(seconds=people / rate))} at the sender's rate. " if rate and people else ""
    say_whom(whom(reach.names, lead="Reaches "), key="send")
    st.caption(f"{time}Had it already, no second: {whole(reach.had)}.")
    reason = _reason() if kind == "all" else ""
    is_later, at, relative = _later(who, event)
    if at is not None:
        moves = " It is cancelled, and says so, when that moves." if relative else ""
        st.caption(f"It goes to whoever is in that audience at that time; the names above are of now.{moves}")
    unready = kind == "all" and len(reason.strip()) < REASON_LETTERS
    # later, and no time that holds: never at once instead
    if st.button(
        "Schedule it …" if is_later else "Send it …",
        type="primary",
        icon=":material/send:",
        disabled=unready or (at is None and (is_later or not people)),
        key="send-go",
    ):
        name = called.get(key, key)
        later = f"It goes {when(at, event.zone)}, to whoever is in that audience then; now that is:" if at else ""
        confirm(
            f"Schedule {plain(name)}" if at else f"Send {plain(name)}",
            key="send-go",
            facts=[*([later] if later else []), whom(reach.names), f"{time}{_NO_SECOND}"],
            button="Schedule it" if at else "Send it",
            run=lambda asking: desk.messages.send(
                asking,
                key,
                audience,
                attendees=() if at else reach.ids,
                schedule_at=None if relative else at,
                relative=relative,
                reason=reason,
            ),
            done=f"It goes to whoever is in that audience {when(at, event.zone)}." if at else _goes,
        )
    said("send-go")


def _reason() -> str:
    """Why it reaches people without access; the service asks for as much."""
    typed = st.text_input("Reason (kept in the audit)", key="send-reason", live=True) or ""
    if len(typed.strip()) < REASON_LETTERS:
        st.caption(
            f"This reaches people without proven access: write the reason, {whole(REASON_LETTERS)} characters or more."
        )
    return typed


@dataclass(frozen=True, slots=True)
class _Reach:
    """Ids and names of those whom a mail would reach now, and how many of the audience have had it."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    had: int


def _reached(who: Actor, key: str, audience: Audience) -> _Reach:
    messages, clock = session.desk().messages, session.desk().clock
    minute = clock.event_now().replace(second=0, microsecond=0)  # whether a result is final hangs on time alone
    return _reach(*messages.revision(who), key, audience.kind, audience.cohort, minute, who)


@st.cache_resource(max_entries=8, show_spinner=False)
def _reach(event: str, revision: int, key: str, kind: str, cohort: str, minute: datetime, _who: Actor) -> _Reach:
    """`event` and `revision` are the key; the service authorised `_who` before it was asked."""
    people, had = session.console().of(event).messages.reach(_who, key, Audience(kind, cohort))
    names = tuple(person.name or person.email for person in people)
    return _Reach(tuple(person.id for person in people), names, had)


def _later(who: Actor, event: Event) -> tuple[bool, datetime | None, Relative | None]:
    """Is it to go later; when (None: at no time that holds); and by what in the event."""
    if not st.checkbox("Send later", key="send-later"):
        return False, None, None
    desk, zone = session.desk(), ZoneInfo(event.zone)
    by = st.segmented_control(
        "When", ["At a time", "By the event"], default="At a time", key="send-when", label_visibility="collapsed"
    )
    if by != "By the event":
        start = desk.clock.event_now().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
        local = st.datetime_input(f"At ({event.zone})", start + timedelta(hours=1), key="send-at")
        return True, (local.replace(tzinfo=zone) if local else None), None
    names = desk.messages.anchors(who)
    left, middle, right = st.columns([1, 1, 3])
    hours = left.number_input("Hours", 0.0, 1_440.0, 2.0, 0.5, key="send-hours")
    side = middle.selectbox("Before or after", ["before", "after"], key="send-side")
    anchor = right.selectbox("What", [*names], format_func=names.__getitem__, key="send-anchor")
    minutes = round(float(hours or 0) * 60) * (-1 if side == "before" else 1)
    relative = ask(lambda asking: desk.messages.when(asking, str(anchor), minutes))
    return True, relative.at if relative else None, relative


def _goes(made: Started) -> str:
    """To how many, and who was named here a moment ago and is not in the audience any more."""
    said = f"It goes to {count(made.people, 'person', 'people')}; progress is shown below."
    if made.gone:
        left = count(len(made.gone), "person who was named has", "people who were named have")
        others = " and others" if len(made.gone) > 3 else ""
        said += f" {left} left that audience meanwhile: {', '.join(made.gone[:3])}{others}."
    if made.came:
        said += f" {count(made.came, 'person', 'people')} came into it since: send it again for them."
    return said


def settle(who: Actor, row: LedgerRow) -> None:
    """A lost answer: a human says whether it arrived."""
    mail, name = row.delivery, row.attendee.name or row.attendee.email
    st.markdown(
        f"The answer for **{plain(name)}** was lost: the mail may have gone out. "
        "Ask the person, then settle it. Sending again may reach them twice."
    )
    if session.desk().messages.carries_password(who, mail.attendee, mail.template):
        st.caption(
            "Sending it once more makes a fresh first password: the one in the lost mail does not work any more. "
            "Whoever has signed in keeps their own."
        )
    settle_unknown = session.desk().messages.settle_unknown
    with st.container(horizontal=True):
        press(
            "It arrived",
            lambda asking: settle_unknown(asking, mail.attendee, mail.template, mail.number, as_="sent"),
            key="settle-arrived",
            done=f"Settled: the mail to {name} arrived.",
            line=False,
            icon=":material/check:",
        )
        press(
            "Send it once more",
            lambda asking: settle_unknown(asking, mail.attendee, mail.template, mail.number, as_="again"),
            key="settle-again",
            done=f"One more mail goes to {name}.",
            line=False,
            icon=":material/replay:",
        )

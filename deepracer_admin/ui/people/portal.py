"""The Portal view of the Attendees page: is it open, where is it, who registers; decisions by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event, Sending
from deepracer_admin.model.registrations import Portal, Registration, RegistrationState
from deepracer_admin.services.people.registrations import PortalView, RegistrationRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said
from deepracer_admin.ui.kit.confirm import confirm, whom
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.qr import share
from deepracer_admin.ui.kit.refresh import rerun_unasked
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import count, table_height, whole
from deepracer_admin.ui.people.portal_mails import mails
from deepracer_admin.ui.people.portal_settings import questions, rules, texts

__all__ = ["portal"]

_STATES = {
    RegistrationState.ASKED: "· mail not confirmed",
    RegistrationState.VERIFIED: "… confirmed",
    RegistrationState.ACCEPTED: "✓ has a place",
    RegistrationState.WAITING: "↻ waiting list",
    RegistrationState.REFUSED: "✗ refused",
    RegistrationState.WITHDRAWN: "– withdrawn",
}
_KINDS: Mapping[str, frozenset[RegistrationState]] = {
    "Everybody": frozenset(RegistrationState),
    "To decide": frozenset({RegistrationState.VERIFIED}),
    "Waiting list": frozenset({RegistrationState.WAITING}),
    "Has a place": frozenset({RegistrationState.ACCEPTED}),
    "Not confirmed": frozenset({RegistrationState.ASKED}),
    "Refused or withdrawn": frozenset({RegistrationState.REFUSED, RegistrationState.WITHDRAWN}),
}
_MAIL = {
    Sending.PENDING: "… to go",
    Sending.CLAIMED: "… to go",
    Sending.SENT: "✓ sent",
    Sending.FAILED: "✗ failed",
    Sending.UNKNOWN: "? not known",
    Sending.SKIPPED: "– left out",
}
_DELIVERED = {"delivered": "✓ arrived", "bounced": "✗ came back", "complained": "✗ complaint", "delayed": "… delayed"}
_YES = {True: "yes", False: "no", None: ""}


def portal(who: Actor, event: Event) -> None:
    """The whole view; what a role may not do is not shown."""
    view = ask(session.desk().registrations.view)
    if view is None:
        return
    _watch(_fingerprint(who))
    _state(who, event, view)
    sections = ["Registrations"]
    if session.may(who, "portal.edit"):
        sections += ["Who may register", "Questions", "Texts and material", "Mails"]
    section = st.segmented_control(
        "Part",
        sections,
        default=sections[0],
        required=True,
        key="portal-part",
        label_visibility="collapsed",
        bind="query-params",
    )
    if section == "Who may register":
        rules(view.portal)
    elif section == "Questions":
        questions(view.portal)
    elif section == "Texts and material":
        texts(view.portal)
    elif section == "Mails":
        mails(view.portal)
    else:
        _registrations(who, event, view)


@st.fragment(run_every=2)
def _watch(drawn: tuple[object, ...]) -> None:
    """Registrations are shown as they come: one full run once something of them has changed."""
    if _fingerprint(session.actor()) != drawn:
        rerun_unasked()


def _fingerprint(who: Actor) -> tuple[object, ...]:
    """What changes when somebody registers, confirms or is given a place."""
    return _counts(*session.desk().registrations.revision(who), who)


@st.cache_data(max_entries=4, show_spinner=False)
def _counts(event: str, revision: int, _who: Actor) -> tuple[object, ...]:
    view = session.console().of(event).registrations.view(_who)
    return (*view.counts.values(), view.to_come, view.portal.open)


def _state(who: Actor, event: Event, view: PortalView) -> None:
    """Open or closed, the figures, the address."""
    counts = view.counts
    with st.container(horizontal=True, vertical_alignment="center"):
        if view.over:
            st.badge("Closed: the event is over", icon=":material/event_busy:", color="gray")
        elif view.portal.open:
            st.badge("Open: people can register", icon=":material/door_open:", color="green")
        else:
            st.badge("Closed: nobody can register", icon=":material/lock:", color="gray")
        if session.may(who, "portal.edit"):
            desk = session.desk().registrations
            if view.portal.open:
                press("Close the portal", desk.close, key="portal-close", done="The portal is closed.", line=False)
            else:
                press(
                    "Open the portal",
                    desk.open,
                    key="portal-open",
                    done="The portal is open.",
                    type="primary",
                    disabled=view.over,
                    line=False,
                )
    said("portal-open", "portal-close")
    _figures(view, counts)
    if view.held:
        st.warning(
            f"Forms that wait: {whole(view.held)}. So many people were mailed and have not confirmed yet that nobody "
            "new is mailed for now. It goes on by itself as they confirm, or when you erase those who will not: choose "
            "them under “Not confirmed”.",
            icon=":material/hourglass_top:",
        )
    if not view.address:
        st.info(
            "The portal has no address yet: start the console with its second listener "
            "(DEEPRACER_ADMIN_PUBLIC_PORT), or write the public address on the Set up page.",
            icon=":material/link_off:",
        )
    elif view.portal.open and not view.over:
        _address(view)


def _figures(view: PortalView, counts: Mapping[RegistrationState, int]) -> None:
    place, decide, waiting, asked, left = st.columns(5)
    place.metric("Have a place", f"{whole(counts[RegistrationState.ACCEPTED])}", help="Through the portal.")
    decide.metric(
        "To decide" if view.portal.by_hand else "Confirmed, under way", f"{whole(counts[RegistrationState.VERIFIED])}"
    )
    waiting.metric("On the waiting list", f"{whole(counts[RegistrationState.WAITING])}", help="It moves up by itself.")
    asked.metric("Mail not confirmed", f"{whole(counts[RegistrationState.ASKED] + view.to_come)}")
    left.metric(
        "Places left",
        "no ceiling" if view.left is None else f"{whole(view.left)} of {whole(view.portal.places)}",
        help="Everybody on the list counts, however they came.",
    )


def _address(view: PortalView) -> None:
    nobody_yet = not any(view.counts.values()) and not view.to_come
    with st.expander("Address and QR code", icon=":material/qr_code_2:", expanded=nobody_yet):
        if view.on_phones:
            share(view.address, name="register", key="portal-share")
            return
        st.code(view.address, language=None, wrap_lines=True)
        st.caption(
            "This address works on this computer only, so there is no QR code of it: for phones set the public address "
            "on the Set up page, and let the second listener (DEEPRACER_ADMIN_PUBLIC_HOST) leave this computer."
        )


# ------------------------------------------------------------------------------------------------- registrations


def _registrations(who: Actor, event: Event, view: PortalView) -> None:
    stored, revision = session.desk().registrations.revision(who)
    rows = _rows(stored, revision, who)
    if not rows:
        st.info(_empty(view), icon=":material/how_to_reg:")
        return
    counts = {kind: sum(row.registration.state in states for row in rows) for kind, states in _KINDS.items()}
    kind = choose_place(
        "Show",
        [*_KINDS],
        format_func=lambda each: f"{each} ({whole(counts[each])})",
        key="registrations-kind",
        width=320,
    )
    shown = [row for row in rows if row.registration.state in _KINDS[kind]]
    if not shown:
        st.caption("Nobody at the moment.")
    ids = [row.registration.id for row in shown]
    chosen = choose(
        _frame(shown, view.portal, event),
        ids,
        key="registrations",
        names=[row.registration.email for row in shown],
        scope=(stored, kind),
        steady=False,
        height=table_height(len(ids), most=12),
        column_config={
            "Address": st.column_config.TextColumn(pinned=True),
            "Asked": st.column_config.DatetimeColumn(format="D MMM, HH:mm", help=f"Time of {event.zone}."),
        },
        alt="Registrations",
    )
    names = {row.registration.id: row.registration.name or row.registration.email for row in rows}
    _decisions(who, chosen, names)
    if session.may(who, "portal.export"):
        download(
            "Export registrations (CSV)",
            session.desk().registrations.export,
            "registrations.csv",
            "text/csv",
            key="registrations-export",
        )


@st.cache_data(max_entries=4, show_spinner=False)
def _rows(event: str, revision: int, _who: Actor) -> list[RegistrationRow]:
    return session.console().of(event).registrations.rows(_who)


def _empty(view: PortalView) -> str:
    if view.portal.open:
        return "Nobody has registered yet. Send people the address above; they stand here as they come."
    if not view.portal.domains:
        return "Say under “Who may register” whose addresses may register, then open the portal."
    return "Nobody has registered yet. Open the portal, and send people its address."


def _frame(rows: Sequence[RegistrationRow], portal: Portal, event: Event) -> pd.DataFrame:
    listed = [row.registration for row in rows]
    columns: dict[str, list[str]] = {
        "Address": [each.email for each in listed],
        "State": [_state_word(each) for each in listed],
        "Mail": [_mail(row) for row in rows],
        "Name": [each.name for each in listed],
        "Racer name": [row.racer_name or row.registration.racer_name for row in rows],
        "New to AI/ML": [_YES[each.new_to_ml] for each in listed],
        "New to AWS": [_YES[each.new_to_aws] for each in listed],
    }
    for question in portal.questions:
        columns[question.title] = [each.answers.get(question.id, "") for each in listed]
    frame = pd.DataFrame(columns, dtype="str")
    frame["Asked"] = pd.to_datetime([each.asked_at for each in listed], utc=True).tz_convert(event.zone)
    return frame


def _state_word(each: Registration) -> str:
    if each.approved and each.state is RegistrationState.WAITING:
        return "… accepted, no place yet"
    if each.left_at and each.state is RegistrationState.WITHDRAWN:
        return "– gave the place back"
    return _STATES[each.state]


def _mail(row: RegistrationRow) -> str:
    if row.mail is None:
        return ""
    return _DELIVERED.get(row.mail.delivered, "") or _MAIL[row.mail.state]


def _decisions(who: Actor, chosen: tuple[str, ...], names: Mapping[str, str]) -> None:
    if not session.may(who, "portal.decide"):
        return
    desk = session.desk().registrations
    with st.container(horizontal=True, vertical_alignment="center"):
        press(
            "Accept",
            lambda asking: desk.accept(asking, chosen),
            key="registrations-accept",
            done=lambda n: f"{count(n or 0, 'registration')} accepted; each gets a place as soon as one is free.",
            disabled=not chosen,
            icon=":material/check:",
            line=False,
        )
        refuses = st.button("Refuse …", key="registrations-refuse", disabled=not chosen, icon=":material/close:")
        erases = st.button("Erase …", key="registrations-erase", disabled=not chosen, icon=":material/delete_forever:")
        if not chosen:
            st.caption("Choose people in the table.")
    said("registrations-accept", "registrations-refuse", "registrations-erase")
    picked = [names[each] for each in chosen if each in names]
    if refuses:
        confirm(
            "Refuse registrations",
            key="registrations-refuse",
            facts=[whom(picked), "They get a mail that says there is no place for them. You can accept them later."],
            button="Refuse them",
            run=lambda asking: desk.refuse(asking, chosen),
            done=lambda n: f"{count(n or 0, 'registration')} refused.",
        )
    if erases:
        confirm(
            "Erase registrations",
            key="registrations-erase",
            facts=[whom(picked), "Their registration, answers, links and mails of the portal go for good."],
            button="Erase for good",
            run=lambda asking: desk.erase(asking, chosen),
            done=lambda n: f"{count(n or 0, 'registration')} erased.",
        )

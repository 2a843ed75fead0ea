"""The Portal view of the Attendees page: is it open, where is it, its settings, who registers."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.model.registrations import RegistrationState
from deepracer_admin.services.people.registrations import PortalView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.qr import share
from deepracer_admin.ui.kit.refresh import rerun_unasked
from deepracer_admin.ui.kit.words import whole
from deepracer_admin.ui.people.portal_mails import mails
from deepracer_admin.ui.people.portal_settings import questions, rules, texts
from deepracer_admin.ui.people.registrations import registrations

__all__ = ["portal"]


def portal(who: Actor, event: Event) -> None:
    """The whole view; what a role may not do is not shown."""
    stamp = session.desk().registrations.stamp(who)
    view = _view(*stamp, who)
    _watch(_fingerprint(view))
    _state(who, event, view)
    section = _section() if session.may(who, "portal.edit") else "Registrations"
    if section == "Who may register":
        rules(view.portal)
    elif section == "Questions":
        questions(view.portal)
    elif section == "Texts and material":
        texts(view.portal)
    elif section == "Mails":
        mails(view.portal)
    else:
        registrations(who, event, view, stamp)


def _section() -> str:
    """Which part is looked at."""
    sections = ("Registrations", "Who may register", "Questions", "Texts and material", "Mails")
    chosen = st.segmented_control(
        "Part",
        sections,
        default=sections[0],
        required=True,
        key="portal-part",
        label_visibility="collapsed",
        bind="query-params",
    )
    return chosen or sections[0]


@st.fragment(run_every=2)
def _watch(drawn: tuple[object, ...]) -> None:
    """Registrations are shown as they come: one full run once something of them has changed."""
    who = session.actor()
    if _fingerprint(_view(*session.desk().registrations.stamp(who), who)) != drawn:
        rerun_unasked()


def _fingerprint(view: PortalView) -> tuple[object, ...]:
    """What changes when somebody registers, confirms or is given a place."""
    return (*view.counts.values(), view.to_come, view.portal.open, view.over)


@st.cache_resource(max_entries=4, show_spinner=False)
def _view(event: str, revision: int, over: bool, _who: Actor) -> PortalView:
    """`event`, `revision` and `over` are the key; the service authorised `_who` before it was asked. Nobody changes
    it."""
    return session.console().of(event).registrations.view(_who)


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

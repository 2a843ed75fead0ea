"""Registrations of the portal as a list, one page of it at a time; decisions by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.model.registrations import Portal, Registration, RegistrationState
from deepracer_admin.services.people.list_query import PAGE_ROWS
from deepracer_admin.services.people.registration_list import KINDS, ORDERS, RegistrationList, RegistrationRow
from deepracer_admin.services.people.registrations import Decided, PortalView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import as_shown, press, said
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.mail_words import SENDING, delivery_word
from deepracer_admin.ui.kit.paging import page_of
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.reached import say_whom, whom
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import count, table_height, whole

__all__ = ["registrations"]

_STATES = {
    RegistrationState.ASKED: "· mail not confirmed",
    RegistrationState.VERIFIED: "… confirmed",
    RegistrationState.ACCEPTED: "✓ has a place",
    RegistrationState.WAITING: "↻ waiting list",
    RegistrationState.REFUSED: "✗ refused",
    RegistrationState.WITHDRAWN: "– withdrawn",
}
_YES = {True: "yes", False: "no", None: ""}
Stamp = tuple[str, int, bool]


def registrations(who: Actor, event: Event, view: PortalView, stamp: Stamp) -> None:
    """The list, and what can be decided about those who are chosen. `stamp`: what `view` was read from."""
    listed = _listed(*stamp, who)
    if not listed.rows:
        st.info(_empty(view), icon=":material/how_to_reg:")
        return
    found = _narrowed(listed)
    may_decide = session.may(who, "portal.decide")
    chosen = _page(event, view.portal, listed, stamp, *found, several=may_decide)
    if may_decide:
        _decisions(listed, found[0], chosen)
    if session.may(who, "portal.export"):
        download(
            "Export registrations (CSV)",
            session.desk().registrations.export,
            "registrations.csv",
            "text/csv",
            key="registrations-export",
        )


@st.cache_resource(max_entries=4, show_spinner=False)
def _listed(event: str, revision: int, over: bool, _who: Actor) -> RegistrationList:
    """`event` and `revision` are the key; the service authorised `_who` before it was asked."""
    return session.console().of(event).registrations.listed(_who)


def _empty(view: PortalView) -> str:
    if view.portal.open:
        return "Nobody has registered yet. Send people the address above; they stand here as they come."
    if not view.portal.domains:
        return "Say under “Who may register” whose addresses may register, then open the portal."
    return "Nobody has registered yet. Open the portal, and send people its address."


def _narrowed(listed: RegistrationList) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of those to show, in order; and by what they were narrowed and sorted."""
    first, second, third = st.columns([3, 2, 2])
    text = first.text_input(
        "Search", key="registrations-text", type="search", placeholder="Name, address or racer name"
    )
    kind = choose_place(
        "Show",
        [*KINDS],
        format_func=lambda each: f"{each} ({whole(listed.counts[each])})",
        key="registrations-kind",
        at=second,
    )
    order = third.selectbox("Order", [*ORDERS], key="registrations-order", bind="query-params")
    query = (kind, text or "", order or next(iter(ORDERS)))
    return listed.ids(*query), query


def _page(
    event: Event,
    portal: Portal,
    listed: RegistrationList,
    stamp: Stamp,
    found: tuple[str, ...],
    query: tuple[str, ...],
    *,
    several: bool,
) -> tuple[str, ...]:
    """One page of the list, and the way to the others; ids of the chosen, whatever page they are on."""
    ids, page = page_of(
        found,
        key=f"registrations-page-{hash(query)}",
        rows=PAGE_ROWS,
        told=count(len(found), "registration"),
        as_of=f"asked in the time of {event.zone}",
        at=st.container(horizontal=True, vertical_alignment="bottom"),
        place="" if query[1] else "registrations-page",
    )
    if not ids:
        st.caption("Nobody fits at the moment.")
    shown = [listed.by_id[one] for one in ids]
    return choose(
        with_columns(_frame(shown, portal, event), key="registrations", always=("Address",)),
        list(ids),
        key="registrations",
        names=[row.registration.email for row in shown],
        scope=(stamp[0], query, page),
        several=several,
        steady=False,
        height=table_height(len(ids), most=12),
        column_config={
            "Asked": st.column_config.DatetimeColumn(format="D MMM, HH:mm", help=f"Time of {event.zone}."),
        },
        alt="Registrations",
        beyond=listed.by_id.keys(),
    )


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
    return delivery_word(row.mail.delivered) if row.mail.delivered else SENDING[row.mail.state]


def _decisions(listed: RegistrationList, found: Sequence[str], ticked: Sequence[str]) -> None:
    """What can be decided about those who are chosen: one by one, or all who fit."""
    everybody = len(found) > 1 and st.checkbox(f"Choose all {whole(len(found))} that fit", key="registrations-all")
    chosen = tuple(found if everybody else ticked)
    called = [each.name or each.email for one in chosen for each in (listed.by_id[one].registration,)]
    desk = session.desk().registrations
    if chosen:
        say_whom(whom(called, lead="Chosen: "), key="registrations")
    with st.container(horizontal=True, vertical_alignment="center"):
        press(
            "Accept",
            lambda asking: desk.accept(asking, as_shown("registrations-accept")),
            key="registrations-accept",
            done=lambda made: _so_many(made, "accepted; each gets a place as soon as one is free"),
            disabled=not chosen,
            icon=":material/check:",
            line=False,
            shown=chosen,
        )
        refuses = st.button("Refuse …", key="registrations-refuse", disabled=not chosen, icon=":material/close:")
        erases = st.button("Erase …", key="registrations-erase", disabled=not chosen, icon=":material/delete_forever:")
        if not chosen:
            st.caption("Choose people in the table.")
    said("registrations-accept", "registrations-refuse", "registrations-erase")
    if refuses:
        confirm(
            "Refuse registrations",
            key="registrations-refuse",
            facts=[whom(called), "They get a mail that says there is no place for them. You can accept them later."],
            button="Refuse them",
            run=lambda asking: desk.refuse(asking, chosen),
            done=lambda made: _so_many(made, "refused"),
        )
    if erases:
        confirm(
            "Erase registrations",
            key="registrations-erase",
            facts=[whom(called), "Their registration, answers, links and mails of the portal go for good."],
            button="Erase for good",
            run=lambda asking: desk.erase(asking, chosen),
            done=lambda made: _so_many(made, "erased"),
        )


def _so_many(made: Decided, done: str) -> str:
    gone = f" {count(made.gone, 'was', 'were')} gone already." if made.gone else ""
    return f"{count(made.changed, 'registration')} {done}.{gone}"

"""Personal data on screen: the date on which it goes, what will go, a legal hold, and receipts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.services.closeout.personal_data import PersonalDataView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.table import counts
from deepracer_admin.ui.kit.words import count, day, plain, when

__all__ = ["show"]


def show(who: Actor, event: Event) -> None:
    """State, what needs somebody, what will go, the hold, receipts."""
    view = session.desk().personal_data.view(who)
    _state(view, event)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _receipts(view, event)
    with right:
        if view.erased is None:
            rows = [(what, number) for what, number in view.preview if number]
            st.caption("Goes on that date, as of now")
            st.dataframe(
                pd.DataFrame({"What": [what for what, _ in rows], "How many": [number for _, number in rows]}),
                hide_index=True,
                key="data-preview",
                placeholder=NOTHING,
                column_config=counts("How many"),
                alt="What will be erased",
            )
        _hold(view, event)


def _state(view: PersonalDataView, event: Event) -> None:
    if view.erased is not None:
        went = count(view.erased.people, "person", "people")
        st.success(
            f"Personal data of {went} was erased on {when(view.erased.at, event.zone)}.", icon=":material/check:"
        )
    elif view.hold is not None:
        st.warning(
            f"**Legal hold**: nobody is erased. {plain(view.hold.reason)} "
            f"({plain(view.hold.by_name)}, {when(view.hold.at, event.zone)})",
            icon=":material/gavel:",
        )
    elif view.erase_on is None:
        st.warning("No date is set on which personal data is erased: set it on Set up.", icon=":material/event_busy:")
    elif view.waits:
        st.warning(plain(view.waits), icon=":material/hourglass_top:")
    else:
        st.info(
            f"Personal data is erased on **{day(view.erase_on, event.zone)}**, in {count(view.days, 'day')}, when the "
            "event is closed. Numbers, results without names and the audit stay.",
            icon=":material/event:",
        )


def _hold(view: PersonalDataView, event: Event) -> None:
    if view.erased is not None:
        return
    desk = session.desk().personal_data
    with st.expander("Legal hold" if view.hold is None else "Lift the legal hold"):
        st.caption(
            "Keeps everything, also when the date passes or somebody asks to be erased, until it is lifted."
            if view.hold is None
            else "What is due is erased within minutes once it is lifted."
        )
        reason = st.text_input("Reason", key="data-hold-reason", autocomplete="off") or ""
        if view.hold is None:
            press(
                "Hold the erasure",
                lambda asking: desk.hold(asking, reason),
                key="data-hold",
                done="A legal hold stands; nobody is erased.",
                icon=":material/gavel:",
            )
        else:
            press(
                "Lift the hold",
                lambda asking: desk.lift(asking, reason),
                key="data-lift",
                done="Lifted; what is due is erased within minutes.",
                icon=":material/lock_open:",
            )


def _receipts(view: PersonalDataView, event: Event) -> None:
    st.caption("Receipts of erasures")
    if not view.receipts:
        st.markdown(":gray[Nobody was erased yet. One person is erased on Attendees, on their card.]")
        return
    desk = session.desk().personal_data
    for row in view.receipts[:20]:
        with st.container(border=True, gap="xsmall"):
            ended = row.ended_at is not None
            at = when(row.ended_at or row.at, event.zone)
            how = f"erased on {at}" if ended else f"begun on {at}; it goes on by itself"
            st.markdown(f"**{count(row.people, 'person', 'people')}** {how}, by {plain(row.by_name)}")
            if row.left:
                st.error(
                    f"Traces are left in {plain(', '.join(row.left))}: close other programs that have the data folder "
                    "open, then erase once more or tell the developers.",
                    icon=":material/error:",
                )
            elif ended:
                gone = (
                    f"; {count(len(row.copies_gone), 'copy', 'copies')} of the event deleted" if row.copies_gone else ""
                )
                st.caption(f"{count(row.searched, 'file')} searched afterwards, no trace found{gone}.")
            with st.container(horizontal=True):
                with st.popover("What lies outside"):
                    for each in row.outside:
                        st.markdown(f"**{plain(each.where)}**: {plain(each.what)} {plain(each.way_out)}")
                download(
                    "Receipt (JSON)",
                    lambda asking, mark=row.mark: desk.receipt(asking, mark),
                    f"{row.mark}.json",
                    "application/json",
                    key=f"data-receipt-{row.mark}",
                )

"""Mail on screen: templates and their preview, campaigns with progress, the ledger, the outbox of a rehearsal.

The HTML of a mail is never part of a page, where names could reach markup: it is drawn in a frame in which nothing
runs and nothing is fetched (web/drawn_mails.py), and shown as its source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from deepracer_admin.model import UNLIMITED, Actor, Event, SenderLimits, Sending
from deepracer_admin.records.outbox import CapturedMail
from deepracer_admin.rules.mail_names import mail_names
from deepracer_admin.rules.relative import relative_words
from deepracer_admin.rules.report.words import LANGUAGES
from deepracer_admin.rules.templates import PLACEHOLDERS, REQUIRED, Rendered, Template
from deepracer_admin.services.mail.mail_list import BACK, NEWEST, ORDERS, MailList
from deepracer_admin.services.mail.messages import AUDIENCES, CampaignView, LedgerRow
from deepracer_admin.services.people.list_query import PAGE_ROWS
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.columns import with_columns
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.mail_words import CAME_BACK, SENDING, delivery_word
from deepracer_admin.ui.kit.paging import page_of
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.ui.kit.table import choose_one
from deepracer_admin.ui.kit.words import as_of, count, exact, minute, plain, table_height, when, whole
from deepracer_admin.web.drawn_mails import DRAWN

__all__ = ["choose_template", "every_mail", "live_campaigns", "outbox", "placeholders", "show_mail"]

_STATES = {
    "scheduled": ("scheduled", ":material/schedule:", "blue"),
    "running": ("sending", ":material/progress_activity:", "blue"),
    "paused": ("paused", ":material/pause_circle:", "orange"),
    "stopped": ("stopped", ":material/error:", "red"),
    "done": ("done", ":material/check_circle:", "green"),
    "cancelled": ("cancelled", ":material/cancel:", "gray"),
}
_SHOW = {"": "All", **{each.value: word for each, word in SENDING.items()}, BACK: CAME_BACK}
_CONTROLLED = {
    "paused": "Paused after the mails under way.",
    "running": "It goes on.",
    "cancelled": "Cancelled; what was sent stays sent.",
}
_FRAME_PX = 420
_GONE = "An announcement that was taken away"


def choose_template(templates: Sequence[Template], *, key: str) -> Template:
    """Pick a template and its language; one that was just made (`{key}-made`) is chosen."""
    left, right = st.columns(2)
    keys, names = sorted({entry.key for entry in templates}), mail_names(templates)
    made = st.session_state.pop(f"{key}-made", None)
    if made in keys:
        st.session_state[f"{key}-name"] = made
    template_key = choose_place(
        "Mail", keys, key=f"{key}-name", format_func=lambda value: names.get(value, str(value)), at=left
    )
    languages = [entry.language for entry in templates if entry.key == template_key]
    language = choose_place(
        "Language",
        languages,
        key=f"{key}-language",
        format_func=lambda code: LANGUAGES.get(code, str(code)),
        at=right,
    )
    return next(entry for entry in templates if (entry.key, entry.language) == (template_key, language))


def placeholders() -> None:
    """The closed list of placeholders."""
    st.dataframe(
        pd.DataFrame(
            {
                "Placeholder": ["{" + name + "}" for name in PLACEHOLDERS],
                "Stands for": [*PLACEHOLDERS.values()],
                "When empty": [
                    "the mail is not sent" if name in REQUIRED else "its line is left out" for name in PLACEHOLDERS
                ],
            }
        ),
        hide_index=True,
        key="placeholders",
        placeholder=NOTHING,
        alt="Placeholders",
    )


def show_mail(mail: Rendered) -> None:
    """Subject, the HTML part as it looks in its frame, the text, and the HTML part as its source."""
    st.markdown(f"**{plain(mail.subject)}**")
    looks, text, html = st.tabs(["As it looks", "Text", "HTML source"], key="mail-shown-as", bind="query-params")
    with looks:
        frame = DRAWN.keep(session.actor().session, mail.html)
        st.iframe(frame, height=_FRAME_PX, alt="The mail as it looks")
        st.caption("Links do not open here. Mail programs differ a little: send a test to yourself.")
    with text:
        st.text(mail.text)
    with html:
        st.code(mail.html, language="html", wrap_lines=True)


@st.fragment(run_every=2)
def live_campaigns() -> None:
    """Campaigns with their counts and the sender's limits, drawn anew every two seconds; pause, resume, cancel."""
    who, desk = session.actor(), session.desk()
    event = desk.events.event()
    if event is None:
        return
    _sender(desk.messages.sender(who), event)
    names = mail_names(desk.messages.templates(who))
    found = desk.messages.campaigns(who)
    if not found:
        st.caption("No campaign yet. The access mail starts by itself with the onboarding.")
    for view in found:
        with st.container(border=True, key=f"campaign-{view.id}"):
            _campaign(view, names.get(view.template, _GONE), event)
            if session.may(who, "messages.send"):
                _controls(view)


def _sender(sender: SenderLimits | None, event: Event) -> None:
    if sender is None:
        st.caption("The sender's limits are read when the first mail goes out.")
        return
    used = f"{whole(sender.used_today)} of {whole(sender.per_day)} in 24 h when last read"
    day = "no daily limit" if sender.per_day == UNLIMITED else used
    sandbox = " · **sandbox: only verified addresses**" if sender.sandbox else ""
    st.caption(
        f"Sender: {exact(sender.per_second)} a second · {day}{sandbox} · {as_of(sender.as_of, 'sender', event.zone)}"
    )


def _campaign(view: CampaignView, name: str, event: Event) -> None:
    word, icon, colour = _STATES.get(view.state, (view.state, ":material/help:", "gray"))
    total = sum(view.counts.values())
    settled = total - view.counts.get(Sending.PENDING, 0) - view.counts.get(Sending.CLAIMED, 0)
    if view.state == "running" and view.follows_onboarding and total and settled == total:
        word, icon, colour = "follows onboarding, all sent", ":material/check_circle:", "green"
    audience = AUDIENCES.get(view.audience.kind, view.audience.kind)
    cohort = f", {plain(view.audience.cohort)}" if view.audience.cohort else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(name)}**")
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.caption(f"{audience}{cohort} · by {plain(view.created_by or 'the console')}")
        if view.schedule_at and view.state == "scheduled":
            by = f", {plain(relative_words(view.relative))}" if view.relative else ""
            st.caption(f"goes out {when(view.schedule_at, event.zone)}{by}")
    if total:
        st.progress(
            settled / total, text=", ".join(f"{SENDING[key]}: {whole(n)}" for key, n in view.counts.items() if n)
        )
    if view.sentence:
        st.warning(plain(view.sentence), icon=":material/warning:")


def _controls(view: CampaignView) -> None:
    offers = {
        "running": (("Pause", "paused"), ("Cancel", "cancelled")),
        "scheduled": (("Pause", "paused"), ("Cancel", "cancelled")),
        "paused": (("Resume", "running"), ("Cancel", "cancelled")),
        "stopped": (("Resume", "running"), ("Cancel", "cancelled")),
    }.get(view.state, ())
    desk = session.desk()
    with st.container(horizontal=True):
        for label, to_key in offers:
            press(
                label,
                lambda asking, to=to_key: desk.messages.control(asking, view.id, to),
                key=f"{view.id}-{to_key}",
                done=_CONTROLLED[to_key],
                line=False,
                redraw=False,
                help="What was sent stays sent.",
            )
    said(*(f"{view.id}-{to_key}" for to_key in _CONTROLLED))


def every_mail(who: Actor, zone: str, names: Mapping[str, str]) -> LedgerRow | None:
    """One row per mail, latest change first, searched, sorted and paged; the chosen one."""
    mails, read_at = _mails(*session.desk().messages.revision(who), who)
    first, second, third = st.columns([3, 2, 2])
    text = (
        first.text_input("Search", key="ledger-text", type="search", placeholder="Name, address or what was said") or ""
    )
    state = choose_place("State", [*_SHOW], key="ledger-state", format_func=_SHOW.__getitem__, at=second)
    order = third.selectbox("Order", [*ORDERS], key="mails-order", bind="query-params") or NEWEST
    back, lost = count(mails.came_back, "came back", "came back"), count(mails.unknown, "lost answer")
    found = mails.ids(state, text, order)
    ids, page = page_of(
        found,
        key=f"mails-page-{hash((state, text, order))}",
        rows=PAGE_ROWS,
        told=count(len(found), "mail"),
        as_of=f"{back}, {lost} to settle by hand · {as_of(read_at, 'mails', zone)}",
        at=st.container(horizontal=True, vertical_alignment="bottom"),
        place="" if text else "mails-page",
    )
    if not ids:
        st.info("No such mail. Mails appear here as soon as they are queued.", icon=":material/mail:")
        return None
    shown = [mails.by_id[one] for one in ids]
    frame = pd.DataFrame(
        {
            "Name": [row.attendee.name for row in shown],
            "Address": [row.attendee.email for row in shown],
            "Mail": [f"{names.get(row.delivery.template, _GONE)}, version {row.delivery.version}" for row in shown],
            "State": [SENDING[row.delivery.state] for row in shown],
            "Delivery": [delivery_word(row.delivery.delivered) for row in shown],
            "What was said": [row.delivery.sentence for row in shown],
            f"Changed ({zone})": [minute(row.delivery.changed_at, zone) for row in shown],
        }
    )
    chosen = choose_one(
        with_columns(frame, key="mails", always=("Name", "Address")),
        list(ids),
        key="ledger",
        names=[row.attendee.name or row.attendee.email for row in shown],
        scope=(state, text, order, page),
        steady=False,
        height=table_height(len(shown), most=14),
        alt=f"Mails: {order.lower()}",
    )
    if session.may(who, "attendees.export"):
        desk = session.desk().messages
        download(
            "Save these mails (CSV)",
            lambda asking: desk.ledger_file(asking, state=state, text=text, order=order),
            "mails.csv",
            "text/csv",
            key="ledger-export",
        )
    return mails.by_id.get(chosen or "")


@st.cache_resource(max_entries=4, show_spinner=False)
def _mails(event: str, revision: int, _who: Actor) -> tuple[MailList, datetime]:
    """Every mail, and when that was read. `event` and `revision` are the key; the service authorised `_who` before it
    was asked."""
    desk = session.console().of(event)
    return desk.messages.ledger(_who), desk.clock.now()


def outbox(mails: Sequence[CapturedMail], zone: str) -> None:
    """Rehearsal: what the practice mail service took in, newest first."""
    st.caption(f"{count(len(mails), 'mail')} that went nowhere: the practice world keeps the last of them for you.")
    if not mails:
        return
    ids = _ids(mails)
    chosen = choose_one(
        pd.DataFrame(
            {
                "To": [mail.to for mail in mails],
                "Subject": [mail.subject for mail in mails],
                f"At ({zone})": [minute(mail.at, zone) for mail in mails],
            }
        ),
        ids,
        key="outbox",
        names=[mail.to for mail in mails],
        steady=False,
        alt="Captured mails",
    )
    mail = next((mail for mail, one in zip(mails, ids, strict=True) if one == chosen), mails[0])
    with st.container(border=True):
        show_mail(Rendered(mail.subject, mail.text, mail.html))


def _ids(mails: Sequence[CapturedMail]) -> list[str]:
    """The numbers that the practice mail service gave them."""
    return [str(mail.seq) for mail in mails]

"""The set-up form: create an event from a template, the last event or a settings file; edit it; hours per cohort."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

import pandas as pd
import streamlit as st

from deepracer_admin.model import UNLIMITED, Actor, Event
from deepracer_admin.rules.prices import price_words
from deepracer_admin.rules.report.words import LANGUAGES
from deepracer_admin.services.setup.drafts import TEMPLATES, EventDraft, write_draft
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said
from deepracer_admin.ui.kit.cached import cohort_counts
from deepracer_admin.ui.kit.limits import NO_LIMIT, ask_limit
from deepracer_admin.ui.kit.opened import as_opened, is_drawn, is_typed, note_typed, offer_anew
from deepracer_admin.ui.kit.words import as_of, count, hours, money, plain

__all__ = ["cohorts", "create", "edit", "is_cohorts_typed_in", "is_create_typed_in", "said_created"]

SERVICE_WORDS = {
    "": "As the console's settings say",
    "on_aws": "DeepRacer on AWS, in your own account",
    "managed": "AWS DeepRacer with multi-user mode (closed by AWS)",
}
CLOSED_BY_AWS = (
    "AWS closed the managed service with multi-user mode in December 2025: use DeepRacer on AWS, which your company "
    "deploys in its own account."
)
WAY_WORDS = {
    "service": "The service invites; Cognito mails a first password",
    "pool": "The console makes the users; our own mail carries the first password",
}
COGNITO_WORDS = {
    "": "As the console's settings say",
    "default": "Its default sender: 50 mails a day, the rest waits",
    "ses": "SES: no such limit",
}
GUEST_WORDS = {"refuse": "Refuse, with the reason", "invite": "Invite as guests of the directory"}
_LAST, _FILE = "last", "file"
_CREATED = "create-newest"
_FROM = "create-from"


def create(who: Actor) -> None:
    """One form with every default filled; the name is the only thing one must type."""
    desk = session.desk()
    options = {entry.key: entry.title for entry in TEMPLATES}
    if desk.events.list(who):
        options[_LAST] = "Like the last event"
    options[_FILE] = "From a settings file"
    chosen = st.segmented_control(
        "Start from", [*options], format_func=options.__getitem__, default="day", required=True, key=_FROM
    )
    if chosen == _FILE:
        given = st.file_uploader("Settings file (JSON)", type=["json"], key="create-file", max_upload_size=1)
        draft = ask(lambda asking: desk.events.read_settings(asking, given.getvalue())) if given else None
        if draft is None:
            st.caption("Export one on this page from an event that went well; it holds no people and no secrets.")
            return
        digest = hashlib.sha256(write_draft(draft)).hexdigest()[:8]
    else:
        digest = chosen or "day"
        made = desk.events.template(who, digest, zone=st.context.timezone or "UTC")
        draft = st.session_state.setdefault(f"create-draft-{digest}", made)  # event time must not move what was typed
        same = "The same settings and portal, dates moved on."
        hint = next((entry.hint for entry in TEMPLATES if entry.key == chosen), same)
        st.caption(hint)
    with st.form(f"create-{digest}"):
        filled = _fields(draft, who, key=f"create-{digest}")
        created: list[Event] = []
        press(
            "Create the event",
            lambda asking: created.append(desk.events.create(asking, filled)),
            key=f"create-{digest}-go",
            done="Created. Next: run the pre-flight.",
            in_form=True,
            redraw=False,
            type="primary",
        )
    if created:
        st.session_state.pop(f"create-draft-{digest}", None)
        st.session_state[_CREATED] = f"create-{digest}-go"
        if desk.events.event() is None:
            st.query_params["setup-part"] = "Pre-flight"  # the first thing to do with the first event
        session.open_event(created[0].id)


def is_create_typed_in() -> bool:
    """Was the form for another event opened on this page?"""
    return is_drawn(_FROM)


def said_created() -> None:
    """That the event was created, on the page that shows it."""
    said(st.session_state.get(_CREATED, ""))


def is_edit_opened(event: Event) -> bool:
    """Was the form for this event opened on this page?"""
    draft = st.session_state.get(_edit_slot(event))
    return draft is not None and is_drawn(f"{_edit_key(event, draft)}-name")


def edit(who: Actor, event: Event) -> None:
    """The same form with the event's values. People's quotas follow only through the Usage page."""
    desk, kept = session.desk(), _edit_slot(event)
    # as it was opened: what differs from it is what is changed
    draft = st.session_state.get(kept) if is_edit_opened(event) else None
    if draft is None:
        draft = st.session_state[kept] = desk.events.draft_of(event)
    key = _edit_key(event, draft)
    with st.form(key):
        filled = _fields(draft, who, key=key)
        press(
            "Save",
            lambda asking: desk.events.edit(asking, replace(filled, cohort_hours=draft.cohort_hours), draft),
            key="event-save",
            done=lambda _: _opened_anew(kept, "Saved."),
            in_form=True,
            type="primary",
        )
    if desk.events.draft_of(event) != draft:
        st.caption("Something of this event was changed since this form was opened.")
        if st.button("Show it as it is now", key=f"edit-anew-{event.id}"):
            st.session_state.pop(kept, None)
            st.rerun()


def _opened_anew(kept: str, sentence: str) -> str:
    """What was saved is what the form shows next."""
    st.session_state.pop(kept, None)
    return sentence


def _edit_slot(event: Event) -> str:
    return f"edit-shown-{event.id}"


def _edit_key(event: Event, draft: EventDraft) -> str:
    return f"edit-{event.id}-{hashlib.sha256(write_draft(draft)).hexdigest()[:8]}"


@cache
def _zones() -> list[str]:
    """Names of time zones; reading them takes longer than the rest of the form."""
    return sorted(available_timezones())


def _fields(draft: EventDraft, who: Actor, *, key: str) -> EventDraft:
    zones = _zones()
    name = st.text_input("Name", draft.name, key=f"{key}-name", max_chars=120, placeholder="e.g. Autumn Cup 2026")
    first, second, third = st.columns(3)
    starts = first.datetime_input("Starts (local time)", draft.starts, key=f"{key}-starts")
    ends = second.datetime_input("Ends (local time)", draft.ends, key=f"{key}-ends")
    zone = third.selectbox("Time zone", zones, index=_place(zones, draft.zone), key=f"{key}-zone")
    service = st.selectbox(
        "Racing service",
        [*SERVICE_WORDS],
        index=_place([*SERVICE_WORDS], draft.service),
        format_func=SERVICE_WORDS.__getitem__,
        key=f"{key}-service",
    )
    st.caption(CLOSED_BY_AWS)
    draft = _way_in(replace(draft, service=service or ""), who, key)
    a, b, c, d, e = st.columns(5)
    filled = replace(
        draft,
        name=name or "",
        starts=_naive(starts, draft.starts),
        ends=_naive(ends, draft.ends),
        zone=zone or "",
        service=service or "",
        head_count=int(a.number_input("Head-count", value=draft.head_count, step=10, key=f"{key}-people")),
        budget_usd=float(b.number_input("Budget (USD)", value=draft.budget_usd, step=100.0, key=f"{key}-budget")),
        hours_per_person=ask_limit(
            c, "Hours per person", float(draft.hours_per_person), key=f"{key}-hours", least=0.0, most=744.0, step=0.5,
            otherwise=5.0, in_form=True,
        ),
        models_per_person=ask_limit(
            d, "Models per person", draft.models_per_person, key=f"{key}-models", least=1, most=1_000, step=1,
            otherwise=5, in_form=True,
        ),
        slots=int(
            e.number_input(
                "Job slots",
                value=draft.slots,
                step=1,
                key=f"{key}-slots",
                help="The account's quota for concurrent training jobs (SageMaker's default is 8).",
            )
        ),
    )  # fmt: skip
    _account_slots(filled, who)
    most = filled.head_count * max(0.0, filled.hours_per_person) * filled.prices.per_hour
    st.caption(f"If everybody uses everything: {money(most)} (estimate, {plain(price_words(filled.prices))}).")
    with st.expander("Access, mail and links"):
        filled = _links(filled, key)
    with st.expander("Personal data"):
        days = st.number_input(
            "Erase personal data (days after the end)", value=draft.erase_after_days, step=1, key=f"{key}-erase"
        )
        return replace(filled, erase_after_days=int(days))


def _account_slots(draft: EventDraft, who: Actor) -> None:
    """What the account says of itself, where the form says otherwise."""
    desk = session.desk()
    seen = desk.capacity.account_quotas(who)
    if seen is None or draft.service == "managed" or seen.slots in (None, draft.slots):
        return
    at = plain(as_of(seen.as_of, "Service Quotas", draft.zone or "UTC"))
    st.caption(f"The account allows {count(seen.slots or 0, 'job')} at once: put that in as job slots. :gray[{at}]")


def _way_in(draft: EventDraft, who: Actor, key: str) -> EventDraft:
    """How people come in. Our own mail is offered only where the console may make users in the pool."""
    why_not = session.desk().events.why_no_pool(who, service=draft.service)
    offered = [way for way in WAY_WORDS if way == "service" or not why_not or draft.way_in == way]
    left, right = st.columns(2)
    way = left.radio(
        "Way in",
        offered,
        index=_place(offered, draft.way_in),
        format_func=WAY_WORDS.__getitem__,
        key=f"{key}-way",
        help="The first password is valid for 7 days either way. Our own mail never lets the console keep it.",
    )
    if why_not:
        left.caption(f"Our own mail cannot carry it: {why_not}")
    mail = right.radio(
        "Who sends Cognito's mail",
        [*COGNITO_WORDS],
        index=_place([*COGNITO_WORDS], draft.cognito_mail),
        format_func=COGNITO_WORDS.__getitem__,
        key=f"{key}-cognito",
        help="A parameter of the deployment (EmailDeliveryMethod). It does not matter where our own mail carries it.",
    )
    return replace(draft, way_in=way or "service", cognito_mail=mail or "")


def _links(draft: EventDraft, key: str) -> EventDraft:
    left, right = st.columns(2)
    languages = [*LANGUAGES]
    return replace(
        draft,
        group_id=(left.text_input("Entra group (object id)", draft.group_id, key=f"{key}-group") or "").strip(),
        guests=left.selectbox(
            "People who are not in the directory",
            [*GUEST_WORDS],
            index=_place([*GUEST_WORDS], draft.guests),
            format_func=GUEST_WORDS.__getitem__,
            key=f"{key}-guests",
            help="Guests need the group above and the right User.Invite.All. Microsoft mails nothing: their link "
            "stands in our own mail.",
        ),
        sender=(right.text_input("Sender of our mail", draft.sender, key=f"{key}-sender") or "").strip(),
        portal_url=(left.text_input("Portal link", draft.portal_url, key=f"{key}-portal") or "").strip(),
        material_url=(right.text_input("Material link", draft.material_url, key=f"{key}-material") or "").strip(),
        public_url=(left.text_input("Public address of boards", draft.public_url, key=f"{key}-public") or "").strip(),
        language=right.selectbox(
            "Language of mail",
            languages,
            index=_place(languages, draft.language),
            format_func=LANGUAGES.__getitem__,
            key=f"{key}-language",
        ),
    )


def cohorts(who: Actor, event: Event) -> None:
    """Hours per cohort as a table to edit; nothing is written before Save."""
    desk = session.desk()
    counts = cohort_counts(who)
    own = {key: quota.minutes / 60 if quota.minutes >= 0 else -1.0 for key, quota in event.cohort_quotas.items()}
    now = (tuple(sorted({*counts, *own})), tuple(sorted(own.items())))  # numbers of people move while somebody types
    slot = _cohorts_slot(event)
    found = as_opened(slot, now, an_input=lambda kept: _cohorts_key(event, kept), follows=True)
    keys, own = list(found[0]), dict(found[1])
    if not keys:
        st.info("Cohorts come from the list: offices, cost centres, newcomers. Upload it on the Attendees page first.")
        return
    st.caption(
        f"Empty means the event's: {_of_event(event)}. A cost centre goes before an office, an office before "
        "newcomers. People who have a profile already get new hours on the Usage page."
    )
    frame = pd.DataFrame(
        {
            "Cohort": [key.replace("_", " ").replace(":", ": ", 1) for key in keys],
            "People": [counts.get(key, 0) for key in keys],
            "Hours": [own[key] if own.get(key, -1) >= 0 else None for key in keys],
            "No limit": [own.get(key) == UNLIMITED for key in keys],
        }
    ).astype({"Hours": "float64", "No limit": "bool"})
    editor_key = _cohorts_key(event, found)
    changed = st.data_editor(
        frame,
        key=editor_key,
        hide_index=True,
        num_rows="fixed",
        disabled=["Cohort", "People"],
        placeholder="as the event",
        column_config={"Hours": st.column_config.NumberColumn("Hours per person", min_value=0.0, step=0.5)},
        alt="Hours per cohort",
    )
    wanted = _told(keys, changed)
    note_typed(slot, wanted != own)
    if wanted != own:
        st.caption("Not saved yet.")
    shown = desk.events.draft_of(event)
    press(
        "Save the hours",
        lambda asking: desk.events.edit(asking, replace(shown, cohort_hours=_put_in(wanted, own, now)), shown),
        key="cohorts-save",
        done=lambda _: _opened_anew(slot, "Saved."),
        type="primary",
        disabled=wanted == own,
    )
    offer_anew(slot, found, now)


_Cohorts = tuple[tuple[str, ...], tuple[tuple[str, float], ...]]


def _cohorts_slot(event: Event) -> str:
    return f"cohorts-shown-{event.id}"


def _cohorts_key(event: Event, found: _Cohorts) -> str:
    return f"cohorts-{event.id}-{hashlib.sha256(repr(found).encode()).hexdigest()[:8]}"


def is_cohorts_typed_in(event: Event) -> bool:
    """Was something changed there, and not saved?"""
    slot = _cohorts_slot(event)
    found = st.session_state.get(slot)
    return is_typed(slot) and found is not None and is_drawn(_cohorts_key(event, found))


def _put_in(wanted: Mapping[str, float], opened: Mapping[str, float], now: _Cohorts) -> dict[str, float]:
    """What was typed, put into what stands there now: what a colleague changed meanwhile stays."""
    merged = dict(now[1])
    for key in {*wanted, *opened}:
        if wanted.get(key) == opened.get(key):
            continue
        if key in wanted:
            merged[key] = wanted[key]
        else:
            merged.pop(key, None)
    return merged


def _told(keys: list[str], changed: pd.DataFrame) -> Mapping[str, float]:
    """Cohort -> hours, for the rows that hold a number, or that are ticked to have no limit."""
    rows = zip(keys, changed["Hours"], changed["No limit"], strict=True)
    return {key: float(UNLIMITED if none else value) for key, value, none in rows if none or pd.notna(value)}


def _of_event(event: Event) -> str:
    return NO_LIMIT if event.quota.minutes == UNLIMITED else hours(event.quota.minutes / 60)


def _place(options: list[str], value: str) -> int:
    return options.index(value) if value in options else 0


def _naive(value: datetime | None, fallback: datetime) -> datetime:
    return (value or fallback).replace(tzinfo=None)

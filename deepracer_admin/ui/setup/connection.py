"""The racing service on the Set up page: what it can do, and the sponsorship switch."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from deepracer_admin.model import Actor, Event, Quota
from deepracer_admin.rules.money import worst_case
from deepracer_admin.rules.quotas import quota_words
from deepracer_admin.services.setup.sponsorship import SponsorshipView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.cached import sponsorship_view
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.words import (
    SHOWN_LATER,
    as_of,
    count,
    hours,
    money,
    plain,
    size,
    whole,
)
from deepracer_admin.ui.setup import capacity

__all__ = ["ABLE", "abilities", "sponsorship"]


ABLE = {
    "multi_user_mode": "has a multi-user mode",
    "native_pause": "pauses a racer itself",
    "private_races": "private races",
    "invite": "invites people",
    "set_alias": "takes our racer names",
    "bulk_invite": "invites many at once",
    "resend_invite": "repeats an invitation",
    "register_user": "makes users without a mail",
    "edit_open_race": "changes a race that is open",
    "close_early": "ends a race early",
    "all_models_in_one_call": "deletes all models at once",
    "participants": "says who may enter a race",
    "reset_share_link": "makes a new share link",
    "stop_training": "stops a training",
    "roles": "gives people roles",
    "account_limits": "limits of the whole account",
}
"""What each ability is called, for somebody who runs events."""


@st.fragment(run_every=2)
def abilities() -> None:
    """What the service said about itself: it comes in by itself."""
    who, desk = session.actor(), session.desk()
    event = desk.events.event()
    if event is None:
        return
    st.subheader("What the service can do", anchor=False)
    service(who, event)


def service(who: Actor, event: Event) -> None:
    """What the service said about itself, and whether the plan fits its slots."""
    seen = session.desk().events.account(who)
    if seen is None:
        st.info("Nothing is known of the service yet; run the pre-flight.", icon=":material/network_check:")
        return
    said = seen.account
    by = f", signed in as {plain(said.signed_in_as)}" if said.signed_in_as else ""
    where = f" · {plain(said.region or said.site)}" if said.region or said.site else ""
    st.markdown(f"**{plain(said.service)}** {plain(said.version)}{where}{by}")
    with st.container(horizontal=True):
        for name, can in asdict(seen.capabilities).items():
            icon, colour = (":material/check:", "green") if can else (":material/close:", "gray")
            st.badge(ABLE[name], icon=icon, color=colour)  # type: ignore[arg-type]
    for name, value in said.account_quotas.items():
        most = "unlimited" if value < 0 else f"{whole(value)}"
        st.markdown(f"- {plain(name)}: **{most}** for {count(event.head_count, 'person', 'people')}")
    for note in said.notes:
        st.markdown(f"- {plain(note)}")
    capacity.fit_badge(who)
    st.caption(as_of(seen.as_of, "racing service", event.zone))


def sponsorship(who: Actor, event: Event) -> None:
    """The switch: what was read back, whom it reaches, on and off."""
    desk = session.desk()
    _sponsorship_live()
    view = sponsorship_view(who)
    most = event.head_count * worst_case(event.prices, Quota(0, 0), event.quota)
    everybody = count(event.head_count, "person uses", "people use")
    on, off = _labels(view)
    row = st.container(horizontal=True)
    if row.button(on, icon=":material/lock_open:", key="sponsor-open"):
        confirm(
            on,
            key="sponsor-open",
            facts=[
                *_opening(view, event),
                "There is no upper limit to what it can cost: the hours of a person are unlimited."
                if most == float("inf")
                else f"At most {money(most)} if {everybody} everything (estimate).",
            ],
            button=on,
            run=lambda asking: desk.events.switch_sponsorship(asking, open_=True, typed_name=""),
            done=f"{on}: under way; {SHOWN_LATER}.",
        )
    if row.button(f"{off} …", icon=":material/lock:", key="sponsor-close"):
        confirm_typed(
            off,
            key="sponsor-close",
            facts=_closing(view, event.zone),
            name=event.name,
            button=off,
            run=lambda asking, typed: desk.events.switch_sponsorship(asking, open_=False, typed_name=typed),
            done=f"{off}: under way; {SHOWN_LATER}.",
        )
    said("sponsor-open", "sponsor-close")


def _labels(view: SponsorshipView) -> tuple[str, str]:
    """The words of the two buttons: on and off."""
    word = view.word.lower()
    return (f"Turn on {word}", f"Turn off {word}") if view.native else (f"Open {word}", f"Close {word}")


def _opening(view: SponsorshipView, event: Event) -> list[str]:
    if view.native:
        quota = view.new_profile_quota
        first = f" with {quota_words(quota)}" if quota else ""
        return [
            f"Whoever your directory lets in gets a profile{first} at the first sign-in, all at this account's cost.",
            f"{count(view.blast_profiles, 'profile')} known so far; the event's own limits are set as profiles appear.",
        ]
    return [
        f"New profiles get {quota_words(event.quota)} each.",
        f"{count(view.blast_profiles, 'profile')} of this event get their hours back.",
    ]


def _closing(view: SponsorshipView, zone: str) -> list[str]:
    """What happens to people, and what goes on costing money unseen (managed-deepracer.md 3.1)."""
    running = f"{hours(view.blast_hours)} queued or running go on and are billed."
    if not view.native:
        return [
            f"{count(view.blast_profiles, 'profile')} of this event can start no new training or evaluation, and new "
            "profiles get no hours.",
            f"{running} Submitting to races goes on too, and costs what it runs: no limit holds it.",
            "Their hours are kept, and come back when you open it again.",
        ]
    return _hidden(view, running, zone)


def _hidden(view: SponsorshipView, running: str, zone: str) -> list[str]:
    """What turning multi-user mode off hides, with the time of the reading; never a zero that was not read."""
    if view.seen_at is None:
        return [
            "Who loses access, and which models and jobs vanish from this console, is not known: nothing was read yet. "
            "With the mode on, the console reads it within seconds; cancel, and look again.",
            "Models that exist stay out of sight, and their storage keeps billing until they are deleted.",
        ]
    facts = [
        f"{count(view.blast_profiles, 'profile')} of this account lose access and vanish from this console "
        f"({as_of(view.seen_at, 'racing service', zone)})."
    ]
    if view.blast_models:
        going = f", {whole(view.blast_running)} of them at work now" if view.blast_running else ""
        read = as_of(view.models_as_of, "racing service", zone)
        facts.append(f"{count(view.blast_models, 'model')} vanish too{going} ({read}): delete them first.")
    if view.blast_gb:
        facts.append(
            f"Their models stay, out of sight: {size(view.blast_gb)} of storage keep billing, "
            f"{money(view.blast_usd_a_month)} a month (estimate), until they are deleted. Delete them first."
        )
    if view.blast_hours:
        facts.append(f"Out of sight too: {running}")
    return facts


@st.fragment(run_every=2)
def _sponsorship_live() -> None:
    who, desk = session.actor(), session.desk()
    event = desk.events.event()
    if event is None:
        return
    view = sponsorship_view(who)
    word, icon, colour = {
        True: ("on" if view.native else "open", ":material/lock_open:", "green"),
        False: ("off" if view.native else "closed", ":material/lock:", "gray"),
        None: ("not known", ":material/help:", "orange"),
    }[view.open]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{view.word}**")
            st.badge(f"now {word}", icon=icon, color=colour)  # type: ignore[arg-type]
            st.caption(as_of(view.as_of, "racing service", event.zone))
        if view.sentence:
            st.markdown(plain(view.sentence))
        if not view.native:
            st.caption("This service has no switch: the console opens and closes it through the profiles' limits.")
        reach = f"Reaches {count(view.blast_profiles, 'profile')} with {hours(view.blast_hours)} queued or running."
        if view.seen_at is None:
            reach = "Whom it reaches is not known: profiles were not read yet."
        st.caption(reach if view.job is None else f"{reach} It is being switched now.")

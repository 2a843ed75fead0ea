"""The card of one person: where they stand, why, and everything that the role may do for them.

Acts come first in the run and stand below: what is drawn above them is then already true. `card_key` is of the person,
so that what was said about one is never read as said about another.
"""

from __future__ import annotations

import json

import streamlit as st

from deepracer_admin.model import Actor, Event, RaceStatus
from deepracer_admin.records.erasures import Erasure
from deepracer_admin.rules.mail_names import mail_names
from deepracer_admin.services.access.onboarding import PersonView
from deepracer_admin.services.races.places import Place
from deepracer_admin.services.usage.rows import ProfileRow
from deepracer_admin.services.usage.usage import GRANT_MAX_HOURS
from deepracer_admin.ui.access.passwords import fresh_for_one, password_line, resend_note
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said, was_done
from deepracer_admin.ui.kit.cached import usage_table
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, count, hours, money, plain
from deepracer_admin.ui.people.person import mails_table, show_person, story_table

__all__ = ["card"]


def card(who: Actor, event: Event, attendee_id: str) -> None:
    """Everything about one person of this event, and every act that this role has for them."""
    if was_done(erase := f"person-{attendee_id}-erase"):
        said(erase)  # nobody is left whom the card could be about
        return
    view = ask(lambda asking: session.desk().onboarding.person(asking, attendee_id))
    if view is None:
        return
    row = _usage_of(who, view)
    show_person(view, event.zone)
    _first_aid(who, event, view)
    if row is not None and event.closed_at is None:
        _hours(who, event, row)
    names = ["Races", "Mails", "History"]
    if session.may(who, "attendees.edit"):
        names.append("Correct")
    if session.may(who, "attendees.export"):
        names.append("Their data")
    tabs = dict(zip(names, st.tabs(names, key=f"card-tabs-{attendee_id}", on_change="rerun"), strict=True))
    with tabs["Races"]:
        _races(who, event, view)
    with tabs["Mails"]:
        mails_table(view, event.zone, mail_names(session.desk().messages.templates(who)))
    with tabs["History"]:
        story_table(view, event.zone)
    if "Correct" in tabs:
        with tabs["Correct"]:
            _correct(who, view)
    if "Their data" in tabs:
        with tabs["Their data"]:
            _their_data(event, view)


def _usage_of(who: Actor, view: PersonView) -> ProfileRow | None:
    if view.link is None or not session.may(who, "usage.view"):
        return None
    return usage_table(who).by_id.get(view.link.profile)


def _first_aid(who: Actor, event: Event, view: PersonView) -> None:
    """What helps most people: the mail again, the steps again, a fresh password."""
    desk, one = session.desk(), view.attendee.id
    name, card_key = view.attendee.name or view.attendee.email, f"card-{view.attendee.id}"
    age = password_line(who, one, event)
    with st.container(horizontal=True):
        if session.may(who, "messages.resend_one"):
            press(
                "Resend their access mail",
                lambda asking: desk.messages.resend_one(asking, one),
                key=f"{card_key}-resend",
                done=f"{name}: one mail is on its way.",
                line=False,
                icon=":material/forward_to_inbox:",
                help=resend_note(who, one),
            )
        if session.may(who, "onboarding.retry_one"):
            press(
                "Retry this person",
                lambda asking: desk.onboarding.retry_one(asking, one),
                key=f"{card_key}-retry",
                done=lambda tried: (
                    f"{name}: {count(tried, 'step')} put back to the start."
                    if tried
                    else f"{name}: nothing of theirs was refused, so nothing is tried again."
                ),
                line=False,
                icon=":material/replay:",
                help="Only what was refused.",
            )
        fresh_for_one(age, card_key=card_key, may=session.may(who, "messages.resend_one"))
    said(f"{card_key}-retry", f"{card_key}-resend", f"{card_key}-fresh")


def _hours(who: Actor, event: Event, row: ProfileRow) -> None:
    """More hours, and a pause; what each reaches stands beside it."""
    usage, one = session.desk().usage, row.attendee
    name, card_key = row.name or row.alias, f"card-{row.attendee}"
    limit = "no limit" if row.hours_limit is None else f"a limit of {hours(row.hours_limit)}"
    state = " Paused: they cannot start trainings." if row.paused else ""
    st.markdown(f"**Hours**: {hours(row.hours_month)} used this month, {limit}.{state}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if session.may(who, "usage.grant") and row.hours_limit is not None:
            extra = float(
                st.number_input("Extra hours", 0.5, GRANT_MAX_HOURS, 1.0, 0.5, key=f"{card_key}-hours", width=130)
            )
            press(
                "Grant the hours",
                lambda asking: usage.grant(asking, one, extra_hours=extra),
                key=f"{card_key}-grant",
                done=f"{name}: adding {hours(extra)}; {SHOWN_LATER}.",
                line=False,
                icon=":material/more_time:",
                help=f"Costs at most {money(extra * event.prices.per_hour)} (estimate).",
            )
        if session.may(who, "usage.pause"):
            active = row.paused
            press(
                "Resume" if active else "Pause",
                lambda asking: usage.sponsor(asking, [one], active=active),
                key=f"{card_key}-sponsor",
                done=f"{name}: {'going on' if active else 'pausing'}; {SHOWN_LATER}.",
                line=False,
                icon=":material/play_arrow:" if active else ":material/pause:",
                help="They can start trainings again, within their hours."
                if active
                else "Stops new trainings only: what is queued or runs goes on and is billed.",
            )
    said(f"{card_key}-grant", f"{card_key}-sponsor")


def _races(who: Actor, event: Event, view: PersonView) -> None:
    places = ask(lambda asking: session.desk().races.places(asking, view.attendee.id))
    if not places:
        st.caption("There is no race yet.")
        return
    for place in places:
        _race(who, event, view, place)


def _race(who: Actor, event: Event, view: PersonView, place: Place) -> None:
    races, race_id = session.desk().races, place.race.id
    name, title = view.attendee.name or view.attendee.email, place.race.draft.name
    race_key = f"card-{view.attendee.id}-{race_id}"
    stands = "no result" if place.rank is None else f"place {place.rank} of {place.of}"
    listed = {True: " · may enter", False: " · not on the list", None: ""}[place.listed]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(title)}** · {place.status.value} · {stands}{listed}", width="content")
        st.caption(as_of(place.as_of, "standings, event time", event.zone), width="content")
        if not session.may(who, "races.admit") or place.status is RaceStatus.CLOSED:
            return
        if place.may_join:
            press(
                "Let in",
                lambda asking: races.admit(asking, race_id, [view.attendee.id]),
                key=f"{race_key}-admit",
                done=f"{name} may enter {title}; {SHOWN_LATER}.",
                line=False,
            )
        elif place.key:
            press(
                "Take out",
                lambda asking: races.expel(asking, race_id, [place.key]),
                key=f"{race_key}-expel",
                done=f"{name} is taken out of {title}; {SHOWN_LATER}.",
                line=False,
                help="A result that they have stays in the standings.",
            )
    said(f"{race_key}-admit", f"{race_key}-expel")


def _correct(who: Actor, view: PersonView) -> None:
    """Another address; whose profile it is."""
    people, attendee_id = session.desk().attendees, view.attendee.id
    name = view.attendee.name or view.attendee.email
    address = st.text_input("New address", key=f"person-{attendee_id}-address", autocomplete="off")
    press(
        "Change the address",
        lambda asking: people.change_email(asking, attendee_id, address or ""),
        key=f"person-{attendee_id}-change",
        done=lambda now: f"{name} has the address {now.email}; onboarding starts anew. {now.refusal}".strip(),
    )
    if not session.may(who, "attendees.link"):
        return
    said(f"person-{attendee_id}-unlink", f"person-{attendee_id}-link")
    if view.link is not None:
        whose = view.profile.alias if view.profile else "that was linked"
        st.caption(
            "Where the service gives no address, profiles are matched by racer names, which racers choose. "
            "Take a wrong match back here: it is not made again, and the profile can be linked to its owner."
        )
        press(
            "This is not their profile",
            lambda asking: people.unlink(asking, attendee_id),
            key=f"person-{attendee_id}-unlink",
            done=f"The profile {whose} is not {name}'s any more; it can be linked to its owner.",
            line=False,
        )
        return
    free = people.unlinked_profiles(who)
    if not free:
        st.caption("Every profile that the service lists belongs to somebody.")
        return
    profile = st.selectbox("Profile", [*free], format_func=free.__getitem__, key=f"person-{attendee_id}-profile")
    press(
        "This is their profile",
        lambda asking: people.link(asking, attendee_id, profile),
        key=f"person-{attendee_id}-link",
        done=lambda meaning: f"{name} has the profile {free[profile]}. {meaning}",
        line=False,
    )


def _their_data(event: Event, view: PersonView) -> None:
    """All that the console holds about them, to take away; taking their access; forgetting them."""
    desk, attendee_id = session.desk(), view.attendee.id
    name = view.attendee.name or view.attendee.email
    download(
        "Everything the console holds about them (JSON)",
        lambda asking: json.dumps(
            desk.attendees.person_data(asking, attendee_id), ensure_ascii=False, indent=2
        ).encode(),
        "person.json",
        "application/json",
        key=f"person-{attendee_id}-export",
    )
    download(
        "The same to read and print (page)",
        lambda asking: desk.attendees.person_page(asking, attendee_id),
        "person.html",
        "text/html",
        key=f"person-{attendee_id}-page",
    )
    if view.attendee.wanted and event.closed_at is None:
        title = st.text_input(
            "Type the event's name to take their access", key=f"person-{attendee_id}-event", autocomplete="off"
        )
        press(
            "Remove access",
            lambda asking: desk.onboarding.remove(asking, [attendee_id], typed_name=title or ""),
            key=f"person-{attendee_id}-remove",
            done=f"{name}: their access is being taken back.",
            icon=":material/person_remove:",
            help="They lose profile and group; a profile that the console made goes with its models.",
        )
    typed = st.text_input("Type their address to erase them", key=f"person-{attendee_id}-typed", autocomplete="off")
    press(
        "Erase for good",
        lambda asking: desk.attendees.erase(asking, attendee_id, typed=typed or ""),
        key=f"person-{attendee_id}-erase",
        done=lambda receipt: _erased(name, receipt),
        icon=":material/delete_forever:",
    )


def _erased(name: str, receipt: Erasure) -> str:
    if receipt.left:
        return f"{name} is erased, but traces are left in {', '.join(receipt.left)}: the Report page has the receipt."
    found = f"{count(receipt.searched, 'file')} searched, no trace found"
    return f"{name} is erased; {found}. The Report page has the receipt."

"""One person found by name: where they stand, and what can be done for them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from deepracer_admin.model import Actor, Attendee, Event
from deepracer_admin.ui.access.passwords import fresh_for_one, password_line, resend_note
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press, said
from deepracer_admin.ui.kit.confirm import confirm_typed, whom
from deepracer_admin.ui.kit.words import count
from deepracer_admin.ui.people.person import choose_people, show_person

__all__ = ["find_person"]


def find_person(who: Actor, event: Event) -> None:
    """Look for people; one chosen is shown whole; organizers take access from those chosen."""
    st.subheader("Find a person", anchor=False)
    text = st.text_input("Name, address or alias", key="find", placeholder="at least two letters")
    if not text:
        return
    onboarding = session.desk().onboarding
    found = ask(lambda asking: onboarding.find(asking, text))
    may_remove = session.may(who, "onboarding.remove")
    if found == []:
        st.caption("Nobody on the list fits. A walk-up is added on the Attendees page.")
    if not found:
        return
    people = choose_people(found, key="found", scope=text, several=may_remove)
    if len(people) == 1:
        with st.container(border=True, key="person"):
            _one(who, people[0], event)
    if people and may_remove:
        _remove(people, event)
    said("person-remove")


def _one(who: Actor, person: Attendee, event: Event) -> None:
    desk, one, name = session.desk(), person.id, person.name or person.email
    show_person(desk.onboarding.person(who, one), event.zone)
    age = password_line(who, one, event)
    with st.container(horizontal=True):
        press(
            "Retry this person",
            lambda asking: desk.onboarding.retry_one(asking, one),
            key="person-retry",
            done=lambda tried: f"{name}: {count(tried, 'step')} put back to the start.",
            line=False,
            icon=":material/replay:",
            help="Only what was refused.",
        )
        press(
            "Resend their access mail",
            lambda asking: desk.messages.resend_one(asking, one),
            key="person-resend",
            done=f"{name}: one mail is on its way.",
            line=False,
            icon=":material/forward_to_inbox:",
            help=resend_note(who, one),
        )
        fresh_for_one(age, may=session.may(who, "messages.resend_one"))
    said("person-retry", "person-resend", "password-fresh-one")


def _remove(people: Sequence[Attendee], event: Event) -> None:
    onboarding = session.desk().onboarding
    ids = [person.id for person in people]
    words = count(len(ids), "person", "people")
    if st.button("Remove access …", icon=":material/person_remove:", type="tertiary", key="person-remove"):
        confirm_typed(
            f"Remove access for {words}",
            key="person-remove",
            facts=[
                whom([person.name or person.email for person in people]),
                "They lose profile and group; a profile that the console made goes with its models.",
                "Mail that was sent stays sent. Onboarding must be running for it to happen.",
            ],
            name=event.name,
            button="Remove access",
            run=lambda asking, typed: onboarding.remove(asking, ids, typed_name=typed),
            done=f"{words}: their access is being taken back.",
        )

"""People found by name, on the Onboarding page: the card of one, and taking access from several."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from deepracer_admin.model import Actor, Attendee, Event
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, said
from deepracer_admin.ui.kit.confirm import confirm_typed
from deepracer_admin.ui.kit.reached import whom
from deepracer_admin.ui.kit.words import count
from deepracer_admin.ui.people.finder import open_card
from deepracer_admin.ui.people.person import choose_people

__all__ = ["find_person"]


def find_person(who: Actor, event: Event) -> None:
    """Look for people; the card of one who is chosen; organizers take access from those chosen."""
    st.subheader("Find a person", anchor=False)
    text = st.text_input("Look for a name, an address or a racer name", key="find", placeholder="at least two letters")
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
    if len(people) == 1 and st.button("Open their card", icon=":material/person:", key="person-open"):
        open_card(event.id, people[0].id)
    if people and may_remove:
        _remove(people, event)
    said("person-remove")


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

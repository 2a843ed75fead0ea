"""What many holders of links see, read once for all of them, is what each of them sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event
from deepracer_admin.model.registrations import (
    LinkPurpose,
    PortalLink,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records.portal import PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.services.people.own_pages import LinkState
from tests.pages.conftest import NOW


def test_pages_of_many_are_those_of_each_in_every_state(console: Console, event: Event) -> None:
    store = console.store
    here = Attendee("at-here", "here@example.com", name="Here", alias="fast-1", source="portal", added_at=NOW)
    left = replace(here, id="at-left", email="left@example.com", alias="fast-2", wanted=False)
    store.save_attendees("ev-1", [here, left])
    rows = []
    for number, state in enumerate([*RegistrationState] * 3):
        email = f"r{number}@example.com"
        owner = {RegistrationState.ACCEPTED: ("at-here", "at-left", "at-gone")[number // len(RegistrationState)]}.get(
            state, ""
        )
        row = Registration(registration_id(email), email, state, NOW, attendee=owner)
        rows.append(replace(row, verified_at=NOW + timedelta(minutes=99 - number)))
    store.change_rows("ev-1", REGISTRATIONS, lambda _: {row.id: row for row in rows}, keys={row.id for row in rows})
    links = {
        f"{purpose.value}-{number}-{row.id}": PortalLink(row.id, purpose, NOW + timedelta(days=days), used_at=used)
        for row in rows
        for purpose in LinkPurpose
        for number, (days, used) in enumerate([(3, None), (-3, None), (3, NOW)])
    } | {"of-nobody": PortalLink("reg-nobody", LinkPurpose.CONFIRM, NOW + timedelta(days=3))}
    store.change_rows("ev-1", PORTAL_LINKS, lambda _: links, keys={*links})
    many = console.intake.pages("ev-1", links)
    assert many == {key: console.registration.page_of(store.event("ev-1"), link) for key, link in links.items()}
    assert {page.link for page in many.values()} == {
        LinkState.OWN,
        LinkState.TO_CONFIRM,
        LinkState.ENDED,
        LinkState.NOTHING,
    }
    assert {page.place for page in many.values()} == {0, 1, 2, 3}
    assert {page.racer_name for page in many.values()} == {"", "fast-1"}

"""Who stands on the list that a page shows, in which order: the same people as ever, without reading about the rest."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Attendee, Outcome, Profile, State, Step
from deepracer_admin.services.people.attendees import AttendeeRow
from deepracer_admin.services.people.list_query import ADDED, FAR, KINDS, SORTS, TAKEN_OUT, Query, ordered
from tests.pages.conftest import NOW

CODES = st.text("abÄß ", max_size=3)


def fits(row: AttendeeRow, kind: str) -> bool:
    states = {each.state for each in row.steps.values()}
    return {
        "Refused by the service": bool(row.attendee.refusal),
        "Needs a human": bool(states & {State.REFUSED, State.UNKNOWN}),
        "No profile yet": row.link is None,
    }.get(kind, True)


@pytest.fixture
def mixed(console: Console, people: list[Attendee], profiles: list[Profile]) -> None:
    refused = {people[1].id, people[4].id}
    console.store.amend_attendees(
        "ev-1", lambda each: replace(each, refusal="No such host.") if each.id in refused else each
    )
    told = [
        Outcome(people[0].id, Step.PROFILE, State.DONE),
        Outcome(people[0].id, Step.MAIL, State.UNKNOWN, "lost", "The answer was lost."),
        Outcome(people[2].id, Step.PROFILE, State.REFUSED, "bad", "No such mailbox."),
        Outcome(people[3].id, Step.PROFILE, State.ALREADY),
    ]
    console.store.record("ev-1", told, lease=None, now=NOW)


@pytest.mark.parametrize(
    ("kind", "text", "cohort"), [*product(KINDS, ("", "RACER 2", "racer"), ("", "office:Milano", "office:Nowhere"))]
)
def test_the_same_people_are_found_as_in_the_whole_list(
    console: Console, mixed: None, organizer: Actor, kind: str, text: str, cohort: str
) -> None:
    desk = console.first.attendees
    rows = desk.rows(organizer, text=text, cohort=cohort, wanted=kind != TAKEN_OUT)
    expected = [row for row in rows if fits(row, kind)]
    found = desk.found(organizer, Query(text, cohort, kind))
    assert list(found) == [row.attendee.id for row in expected]
    shown = [(line.attendee, line.steps) for line in desk.page(organizer, found)]
    assert shown == [(row.attendee, row.steps) for row in expected]


def test_a_page_keeps_its_order_and_leaves_out_who_is_gone(console: Console, mixed: None, organizer: Actor) -> None:
    page = console.first.attendees.page(organizer, ["at-3", "gone", "at-1"])
    assert [line.attendee.id for line in page] == ["at-3", "at-1"]


def test_who_is_least_far_stands_first(console: Console, mixed: None, organizer: Actor) -> None:
    found = console.first.attendees.found(organizer, Query(sort=FAR))
    assert found == ("at-2", "at-3", "at-5", "at-1", "at-4")


@given(st.lists(st.tuples(CODES, CODES, CODES), max_size=12), st.sampled_from([*SORTS]))
def test_every_order_is_of_the_same_people_and_keeps_who_is_alike_as_they_were_added(
    cells: list[tuple[str, str, str]], sort: str
) -> None:
    people = [
        Attendee(id=f"at-{place}", email=f"{place}@example.com", name=name, office=office, cost_centre=centre)
        for place, (name, office, centre) in enumerate(cells)
    ]

    def asked() -> dict[str, int]:
        return {}

    found = ordered(people, Query(sort=sort), stuck=asked, linked=asked, done=asked)
    assert sorted(found) == sorted(person.id for person in people)
    by_id = {person.id: (place, person) for place, person in enumerate(people)}
    keys = [(SORTS[sort](by_id[one][1]), by_id[one][0]) for one in found]
    assert keys == sorted(keys)
    assert sort not in (ADDED, FAR) or [*found] == [person.id for person in people]

"""Registrations narrowed, searched and sorted: nobody twice, nobody lost, the newest first among equals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model.registrations import Registration, RegistrationState
from deepracer_admin.services.people.registration_list import (
    KINDS,
    ORDERS,
    TO_DECIDE,
    RegistrationList,
    RegistrationRow,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def row(number: int, name: str, state: RegistrationState = RegistrationState.VERIFIED) -> RegistrationRow:
    it = Registration(f"reg-{number}", f"p{number}@example.com", state, NOW - timedelta(minutes=number), name=name)
    return RegistrationRow(it, None, "")


def test_words_are_found_in_any_order_without_accents() -> None:
    listed = RegistrationList([row(1, "Anna Müller"), row(2, "Bob Berg")])
    assert listed.ids(text="muller anna") == ("reg-1",)
    assert listed.ids(text="p2@") == ("reg-2",)
    assert listed.ids(text="anna berg") == ()


def test_a_kind_shows_its_states_alone_and_is_counted() -> None:
    listed = RegistrationList([row(1, "Anna"), row(2, "Bob", RegistrationState.ACCEPTED)])
    assert listed.ids(TO_DECIDE) == ("reg-1",)
    assert listed.counts[TO_DECIDE] == 1
    assert listed.ids(order="Name") == ("reg-1", "reg-2")


@given(st.lists(st.tuples(st.text(max_size=8), st.sampled_from(RegistrationState)), max_size=30))
def test_every_registration_stands_once_whatever_the_order(people: list[tuple[str, RegistrationState]]) -> None:
    rows = [row(number, name, state) for number, (name, state) in enumerate(people)]
    listed = RegistrationList(rows)
    for order in ORDERS:
        assert sorted(listed.ids(order=order)) == sorted(each.registration.id for each in rows)
    for kind, states in KINDS.items():
        assert len(listed.ids(kind)) == listed.counts[kind] == sum(state in states for _, state in people)

"""Racer names: unique, legal for every service, recognisable."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Attendee, Profile
from deepracer_admin.rules.aliases import give_aliases, racers_by_alias

LEGAL = re.compile(r"[A-Za-z0-9-]{3,20}")
people = st.lists(
    st.tuples(st.text(max_size=40), st.text(max_size=30).map(lambda local: f"{local}@example.com")), max_size=60
)


@given(people=people)
def test_every_alias_is_legal_everywhere_and_nobody_shares_one(people: list[tuple[str, str]]) -> None:
    given_names = give_aliases(people, [])
    assert len(given_names) == len(people)
    assert all(LEGAL.fullmatch(alias) for alias in given_names)
    assert len({alias.casefold() for alias in given_names}) == len(people)


@given(people=people)
def test_names_that_are_taken_are_not_given_again(people: list[tuple[str, str]]) -> None:
    taken = give_aliases(people, [])
    again = give_aliases(people, [alias.upper() for alias in taken])
    assert not {alias.casefold() for alias in again} & {alias.casefold() for alias in taken}


def test_a_thousand_namesakes_all_get_a_name_of_their_own() -> None:
    aliases = give_aliases([("Maria Rossi", f"m{n}@example.com") for n in range(1200)], [])
    assert aliases[:2] == ["Maria-R", "Maria-R-2"]
    assert len(set(aliases)) == 1200
    assert all(LEGAL.fullmatch(alias) for alias in aliases)


def test_accents_are_written_plainly_and_other_scripts_fall_back_to_the_address() -> None:
    assert give_aliases([("Zoë Møller", "z@example.com")], []) == ["Zoe-M"]
    assert give_aliases([("王伟", "wei.wang@example.com")], []) == ["Weiwang"]
    assert give_aliases([("", "@example.com")], []) == ["Racer"]


def person(number: int, alias: str) -> Attendee:
    return Attendee(f"at-{number}", f"racer{number}@example.com", f"Racer {number}", alias)


def test_a_result_is_whose_profile_bears_the_name() -> None:
    people = [person(1, "Ada-L"), person(2, "Bea-M"), person(3, "Cy-N")]
    profiles = [Profile("p1", "ada-l"), Profile("p2", "Bea-Renamed"), Profile("p9", "Stranger")]
    found = racers_by_alias(people, profiles, {"p1": "at-1", "p2": "at-2"})
    assert found == {"ada-l": "at-1", "bea-renamed": "at-2", "cy-n": "at-3"}


def test_a_name_that_two_bear_or_that_is_a_strangers_names_nobody() -> None:
    people = [person(1, "Ada-L"), person(2, "Bea-M"), person(3, "Stranger")]
    profiles = [Profile("p1", "Ada-L"), Profile("p8", "ADA-L"), Profile("p9", "stranger"), Profile("p2", "RacerAlias")]
    profiles.append(Profile("p7", "RacerAlias"))
    assert racers_by_alias(people, profiles, {"p1": "at-1", "p2": "at-2"}) == {}


def test_before_anything_was_listed_the_list_itself_is_all_there_is() -> None:
    assert racers_by_alias([person(1, "Ada-L"), person(2, "")], [], {}) == {"ada-l": "at-1"}

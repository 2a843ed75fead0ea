"""Racer names: unique, legal for every service, recognisable."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.aliases import give_aliases

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

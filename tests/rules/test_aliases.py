"""Racer names: unique, legal for every service, recognisable."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deepracer_admin.model import Attendee, Profile
from deepracer_admin.rules.aliases import give_aliases, racers_by_alias, tells

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


@pytest.mark.parametrize(
    ("name", "email", "alias"),
    [
        ("Zoë Møller", "z.m@example.com", "Zoe-M"),
        ("Anne-Marie O'Neill", "am@example.com", "Anne-O"),
        ("Mario Rossi", "mario.rossi@example.com", "Mario-R"),
        ("Mario Rossi", "mario@example.com", "Mar-R"),
        ("Mario Rossi", "mario+race@example.com", "Mar-R"),
        ("Mario Rossi", "mario-r@example.com", "Mar-R"),
        ("Mario Rossi", "mar@example.com", "M-R"),
        ("Mario R", "m.rossi@example.com", "Mar-R"),
        ("Mario Mario", "m.m@example.com", "Mar-M"),
        ("Mario", "mario.rossi@example.com", "Racer-M"),
        ("mario.rossi", "m.r@example.com", "Mario-R"),
        ("mario.rossi@example.com", "mario.rossi@example.com", "Racer"),
        ("Mario mario.rossi@example.com", "mario.rossi@example.com", "Racer-M"),
        ("Racer", "racer-r@example.com", "Driver-R"),
        ("M R", "m.r@example.com", "Racer-M"),
        ("王伟", "wei.wang@example.com", "Racer"),
        ("Иван Иванов", "ivan.ivanov@example.com", "Racer"),
        ("محمد", "m@example.com", "Racer"),
        ("山田 Taro", "taro.yamada@example.com", "Racer-T"),
        ("", "mario.rossi@example.com", "Racer"),
        ("", "racer@example.com", "Driver"),
        ("", "@example.com", "Racer"),
        ("", "", "Racer"),
        ("123 456", "1@example.com", "123-4"),
    ],
)
def test_a_name_is_recognised_by_its_owner_and_by_nobody_else(name: str, email: str, alias: str) -> None:
    assert give_aliases([(name, email)], []) == [alias]
    assert not tells(alias, name, email)


def test_a_number_that_would_complete_an_address_is_not_given() -> None:
    people = [
        ("", "a@example.com"),
        ("", "racer2@example.com"),
        ("", "racer-3@example.com"),
        ("", "racer3@example.com"),
    ]
    assert give_aliases(people, []) == ["Racer", "Racer-3", "Racer-4", "Racer-5"]


letters = st.text(st.sampled_from("abcmriostßéžøÅ王и'-. _"), min_size=0, max_size=8)
names = st.one_of(
    st.text(max_size=40),
    st.lists(letters, max_size=4).map(" ".join),
    st.sampled_from(["Racer", "Driver Pilot", "Racer R", "Lap", "racer-2", "Mario Rossi", "R", "Éva É"]),
)
locals_ = st.one_of(
    st.text(max_size=30),
    letters,
    st.sampled_from(["racer", "racer-2", "racer.3", "driver", "mario", "mario.rossi", "rossi+x", "m", "mr", "lap"]),
)


@st.composite
def persons(draw: st.DrawFn) -> tuple[str, str]:
    """A name and an address, often made of each other."""
    name, local = draw(names), draw(locals_)
    kind = draw(st.sampled_from(["apart", "address as name", "local as name", "name as local", "words as local"]))
    if kind == "name as local":
        local = name
    elif kind == "words as local":
        local = ".".join(name.split())
    email = f"{local}@example.com"
    return {"address as name": email, "local as name": local}.get(kind, name), email


def letters_of(text: str) -> str:
    """Only what a racer name can show: written apart from the rule, which folds in its own way."""
    return "".join(give for give in unicodedata.normalize("NFKD", text).casefold() if give.isascii() and give.isalnum())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(persons(), max_size=25), st.lists(st.sampled_from(["Racer", "racer-2", "Racer-M", "Mar-R", "Driver"])))
@example([("0ß:0Ø", "@example.com")], [])
def test_no_name_ever_tells_who_it_is(people: list[tuple[str, str]], taken: list[str]) -> None:
    aliases = give_aliases(people, taken)
    assert len({alias.casefold() for alias in [*aliases, *taken]}) == len(aliases) + len({t.casefold() for t in taken})
    for alias, (name, email) in zip(aliases, people, strict=True):
        assert LEGAL.fullmatch(alias)
        assert not tells(alias, name, email)
        shown = letters_of(alias)
        for hidden in (letters_of(email.rpartition("@")[0]), letters_of(name)):
            assert hidden != shown
            assert len(hidden) < 3 or hidden not in shown


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

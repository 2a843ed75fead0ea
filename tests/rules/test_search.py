"""Finding a person by a few letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Attendee
from deepracer_admin.rules.search import folded, holds, search, words_of

PEOPLE = [
    Attendee("1", "anna.mueller@example.com", "Anna Müller", "turbo-anna"),
    Attendee("2", "bo@example.com", "Bo Annason", "bolt"),
    Attendee("3", "hanna@example.com", "Hanna Ross", "rapid-hanna"),
    Attendee("4", "anna@example.com", "Anna Zorn", "zorn", wanted=False),
    Attendee("5", "joao@example.org", "João d'Ávila", "avila"),
]


def ids(text: str) -> list[str]:
    return [person.id for person in search(PEOPLE, text, most=10).people]


def test_case_accents_and_order_of_words_do_not_matter() -> None:
    assert ids("muller anna") == ids("MÜLLER Anna") == ids("anna müller") == ["1"]
    assert ids("joao avila") == ["5"]


def test_an_address_or_racer_name_typed_whole_comes_first() -> None:
    assert ids("anna@example.com")[0] == "4"
    assert ids("bolt") == ["2"]


def test_who_begins_so_comes_before_who_contains_it_and_who_left_comes_last_of_equals() -> None:
    assert ids("anna") == ["1", "4", "2", "3"]


def test_one_letter_and_blanks_find_nobody() -> None:
    assert ids("a") == ids("") == ids("   ") == []


def test_how_many_fit_is_told_beyond_those_shown() -> None:
    found = search(PEOPLE, "example", most=2)
    assert (len(found.people), found.total) == (2, 5)


@given(st.text(max_size=12))
def test_whoever_is_found_holds_every_word_and_nothing_breaks(text: str) -> None:
    for person in search(PEOPLE, text, most=3).people:
        everything = folded(f"{person.name} {person.email} {person.alias}")
        assert all(word in everything for word in folded(text).split())


@given(st.sampled_from(PEOPLE), st.integers(2, 30))
def test_everybody_is_found_by_the_beginning_of_their_address(person: Attendee, letters: int) -> None:
    assert person.id in ids(person.email[:letters])


@given(st.text(max_size=20))
def test_a_text_without_accents_is_read_as_any_other(text: str) -> None:
    """The short way for what is plain letters comes to the same as the long one."""
    plain = text.encode("ascii", "ignore").decode()
    assert folded(plain) == folded(f"{plain}é").removesuffix("e").strip()


def test_words_are_held_in_any_order_and_no_words_by_everything() -> None:
    assert holds(words_of("Müller anna"), folded("Anna Muller"))
    assert not holds(words_of("anna berg"), folded("Anna Müller"))
    assert holds(words_of("  "), "")

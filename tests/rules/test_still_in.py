"""How many can still sign in: 0 and "not known" are different."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.records.closing import StillIn
from deepracer_admin.rules.still_in import number_of, still_in_words


@pytest.mark.parametrize(
    ("still", "not_known", "of", "words"),
    [
        (0, 0, None, "0 people can still sign in"),
        (1, 0, 40, "1 of 40 people can still sign in"),
        (0, 2, 40, "Whether 2 of 40 people can still sign in is not known"),
        (0, 1, None, "Whether 1 person can still sign in is not known"),
        (3, 2, 40, "3 of 40 people can still sign in, and of 2 more it is not known"),
    ],
)
def test_in_words(still: int, not_known: int, of: int | None, words: str) -> None:
    assert still_in_words(still, not_known, of) == words


@given(st.integers(0, 5), st.integers(1, 5))
def test_nobody_is_never_said_where_it_is_not_known(still: int, not_known: int) -> None:
    words = still_in_words(still, not_known, 10)
    assert not words.startswith("0 ")
    assert "not known" in words


def test_a_person_with_two_profiles_is_one_person() -> None:
    assert number_of([StillIn("a", why="created"), StillIn("a", why="adopted"), StillIn("b")]) == 2

"""Names the right way round, answers, and names on a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.roster.people import answer, display_name, fold, full_name, turn_round


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Rossi, Anna", "Anna Rossi"),
        ("O'Brien, Seán", "Seán O'Brien"),
        ("van der Berg, Anna Maria", "Anna Maria van der Berg"),
        ("Rossi, Anna (IT)", "Anna Rossi (IT)"),
        ("Rossi, Anna, PhD", "Anna Rossi, PhD"),
        ("शर्मा, रवि", "रवि शर्मा"),
        ("Anna Rossi, PhD", "Anna Rossi, PhD"),
        ("Example, Inc.", "Example, Inc."),
        ("Rossi,", "Rossi,"),
        (", Anna", ", Anna"),
        ("=SUM(1,2)", "=SUM(1,2)"),
        ("Anna Rossi", "Anna Rossi"),
    ],
)
def test_last_first_is_turned_and_nothing_else_is(written: str, meant: str) -> None:
    assert turn_round(written) == meant


def test_white_space_folds_and_controls_vanish() -> None:
    assert fold(" line\r\n break\u00a0here\t\x00\x1b ") == "line break here"


def test_a_name_column_wins_over_the_parts_and_the_parts_fill_a_gap() -> None:
    assert full_name("Rossi, Anna", "A.", "R.") == "Anna Rossi"
    assert full_name(" ", " Anna ", "Rossi") == "Anna Rossi"
    assert full_name("", "Anna") == "Anna"


@pytest.mark.parametrize("word", ["yes", "Y", "TRUE", "1", "sì", "Sí", "si", "ja", "Oui", "x", "✓", " yes. "])
def test_yes_in_five_languages(word: str) -> None:
    assert answer(word) is True


@pytest.mark.parametrize("word", ["no", "N", "FALSE", "0", "nein", "Non", "No."])
def test_no_in_five_languages(word: str) -> None:
    assert answer(word) is False


@pytest.mark.parametrize("word", ["", "a little", "maybe", "-", "yes and no"])
def test_anything_else_leaves_the_answer_open(word: str) -> None:
    assert answer(word) is None


def test_a_direction_override_does_not_reach_the_screen() -> None:
    assert display_name("\u202eevil") == "evil"
    assert display_name("in\u200bvis\u2066ible") == "invisible"


def test_a_right_to_left_name_is_isolated_from_its_neighbours() -> None:
    assert display_name("محمد") == "\u2068محمد\u2069"


def test_piles_of_accents_are_lowered_but_vietnamese_stays() -> None:
    assert display_name("Nguyễn") == "Nguyễn"
    assert len(display_name("e" + "\u0316" * 50)) == 5


@given(st.text(max_size=80))
def test_no_shown_name_can_turn_or_break_the_line(name: str) -> None:
    shown = display_name(name)
    inner = shown[1:-1] if shown.startswith("\u2068") else shown
    assert not set(inner) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\n\r\x00\u2028")

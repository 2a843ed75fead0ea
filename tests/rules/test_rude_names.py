"""Racer names that no board shows, and names that may be taken for another's."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.aliases import give_aliases
from deepracer_admin.rules.rude_names import FIRST, cleaned_word, is_rude, look_alikes, look_key, looks_like


def _words(text: str) -> list[str]:
    return text.split()


LINES = [
    line
    for line in resources.files("deepracer_admin.rules").joinpath("rude_names.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
WORDS = [line for line in LINES if not line.startswith("=")]
NAMES = _words("""
    Scunthorpe Essex Sussex Middlesex Dickens Dick-C Cockburn Hancock Peacock Hitchcock Penistone Clitheroe Lightwater
    class Class5 Klasse assassin Cassidy Bassano Assam Passau Massachusetts Matsushita Shitara Lipshitz Arsenal Barsch
    analyst Analytics Canal Kumar Fuchs Fick Fickel Pula Kurva Butt Willy-B Bich Phuc Semen Fuk Kike Troia Verga Negri
    Cumberland Cummings therapist Niger Nigeria Montenegro Putin Reputation Computer Titus Titan Titicaca Grape Scraper
    Fagg Pissarro Pedro Torpedo Snigger Swanker Puttanesca Inculpated Vincular Cazzola Racer-12 A55 Mark-455 Rennwagen
    Wolf-Uckermann Stuff-Uckermark Marica Nique Suka Chatterton Huron Kites DriftPuma-85735 Racer Lap Pilot-2 Anna-B-3
""")


@pytest.mark.parametrize("alias", NAMES)
def test_an_innocent_name_stays(alias: str) -> None:
    assert not is_rude(alias)


@pytest.mark.parametrize(
    "alias",
    _words("""
    fuck FUCK Fuck-You f-u-c-k F_U_C_K go-f.u.c.k-2 f*u*c*k Fuuuuck FuCk fuck99 99fuck BigFucker motherfucker KickAss4U
    ass BigAss a$$ @ss a55hole sh1t 5h1t $hit shit2026 dumb-shit b1tch B!tch d1ldo di1do d11do wh0re niggger n1gg3r
    Scheiße SCHEISSE Arschl0ch Hurens0hn kurwa K-U-R-W-A vaffanculo porco-dio P0rcoDio stronz0 pu+a Caralho merde
    """),
)
def test_a_rude_word_is_found_however_it_is_written(alias: str) -> None:
    assert is_rude(alias)


@pytest.mark.parametrize(
    "alias",
    [
        "f\u200bu\u00adck",  # signs that nobody sees
        "fu\u0301\u0301ck",
        "f\u0441uck-fu\u0441k",  # a Cyrillic letter
        "\u0455hit",
        "\u041cerde",
        "\uff46\uff55\uff43\uff4b",  # wide letters
        "\U0001d4ef\U0001d4fe\U0001d4ec\U0001d4f4",  # mathematical ones
        "\u03c1orc\u03bfdio",  # Greek ones
    ],
)
def test_letters_that_only_look_like_latin_ones_hide_nothing(alias: str) -> None:
    assert is_rude(alias)


@given(st.sampled_from(WORDS), st.sampled_from(["{}", "{}7", "x-{}", "{}-2", "2026{}"]), st.booleans())
def test_every_word_of_the_list_is_found(word: str, around: str, capitals: bool) -> None:
    alias = around.format(word.removesuffix("*"))
    assert is_rude(alias.upper() if capitals else alias)


def test_the_list_is_written_as_its_head_says() -> None:
    for line in LINES:
        assert re.fullmatch(r"=[a-z]+|[a-z]+\*?", line), line
    assert len({*LINES}) == len(LINES)
    assert min(len(word.removesuffix("*")) for word in WORDS if word.endswith("*")) >= 4


def test_our_own_names_are_never_rude_and_taken_for_nobody() -> None:
    people = [
        (f"{given} {last}", "")
        for given in ("Ada", "Dick", "Mandy", "Assunta", "Titus")
        for last in NAMES
        if last.isalpha()
    ]
    given_names = give_aliases(people, [])
    assert [alias for alias in given_names if is_rude(alias)] == []
    assert look_alikes(given_names) == {}


def test_words_of_the_organizers_count_as_those_of_the_list() -> None:
    assert not is_rude("Team-Kumquat")
    assert is_rude("Team-Kumquat", ["kumquat"])
    assert is_rude("K-u-m-q-u-4-t", ["kumquat"])
    assert not is_rude("MyKumquats", ["kumquat"])
    assert is_rude("MyKumquats", ["kumquat*"])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" Dödel ", "dodel"), ("Foo-Bar*", "foobar*"), ("ab", ""), ("*", ""), ("名前", ""), ("a1b2", "")],
)
def test_a_word_is_kept_as_it_is_compared(typed: str, kept: str) -> None:
    assert cleaned_word(typed) == kept


anything = st.text(max_size=60) | st.text(
    "aAiIlL1|!0oOrnmv-_ 5sS\u0430\u0406\u03bf\u200b\u0301\u017f\u0130", max_size=30
)


@given(anything)
def test_any_name_is_answered(alias: str) -> None:
    assert is_rude(alias) in (True, False)
    assert looks_like(alias, alias)


@given(anything)
def test_folding_twice_is_folding_once(alias: str) -> None:
    assert look_key(look_key(alias)) == look_key(alias)


@given(anything, anything)
def test_a_likeness_has_no_direction(one: str, other: str) -> None:
    assert looks_like(one, other) == looks_like(other, one)


@pytest.mark.parametrize(
    ("leader", "other"),
    [
        ("TurboRaven", "Turbo-Raven"),
        ("TurboRaven", "Turb0Raven"),
        ("TurboRaven", "TurboRavem"),
        ("TurboRaven", "TurboRave"),
        ("TurboRaven", "TurboRaaven"),
        ("TurboRaven", "TurboRaven1"),
        ("TurboRaven", "\u0422urb\u043eRaven"),
        ("DriftPuma-85735", "DriftPuna-85735"),
        ("Bill", "BiII"),
        ("Burns", "Bums"),
        ("Racer-5", "Racer-S"),
        ("Ada-L", "ada-l"),
    ],
)
def test_who_may_be_taken_for_another_is_told(leader: str, other: str) -> None:
    assert looks_like(leader, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Racer-12", "Racer-13"),
        ("DriftPuma-85735", "DriftPuma-85736"),
        ("TurboRaven1", "TurboRaven2"),
        ("Ada-L", "Ada-L-2"),
        ("Anna-B", "Anna-D"),
        ("Maria", "Marta"),
        ("TurboRaven", "NeonMantis"),
        ("日本A", "中国A"),
        ("", "-"),
    ],
)
def test_names_of_their_own_are_not(one: str, other: str) -> None:
    assert not looks_like(one, other)


def test_only_the_first_places_are_compared_with_and_who_is_ahead_is_never_named() -> None:
    board = [f"{letter * 9}" for letter in "abcdefghjkmn"]
    like = [*board, "aaaaaaaaa1", "nnnnnnnnn1", "kkkkkkkk-k"]
    assert len(board) > FIRST
    assert look_alikes(like) == {12: 0, 14: 9}
    assert look_alikes(["TurboRaven1", "TurboRaven", "TurboRavens"]) == {1: 0, 2: 1}


@given(st.lists(st.text("abrn1I", min_size=1, max_size=8), max_size=15))
def test_likenesses_on_a_board_are_those_of_two_names(aliases: list[str]) -> None:
    expected = {}
    for place, alias in enumerate(aliases):
        if like := [ahead for ahead in range(min(place, FIRST)) if looks_like(aliases[ahead], alias)]:
            expected[place] = like[0]
    assert look_alikes(aliases) == expected

"""Somebody is taken out of any value, and nobody else is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.traces import ERASED_WORD, Traces, name_parts

HER = Traces(
    frozenset({"at-1", "prof-1"}),
    frozenset({"ada@example.com"}),
    frozenset({"Ada Lovelace", "Turbo", "Lovelace"}),
    "gone",
)
WORDS = ["at-1", "prof-1", "ada@example.com", "Ada Lovelace", "bo", "at-10", "profile prof-1 of ADA@example.com", "x"]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(WORDS)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "at-1", "n prof-1"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_nothing_of_her_is_left_in_any_value(value: Any) -> None:
    after = json.dumps(HER.without(value)).casefold()
    assert not any(f'"{each}"' in after for each in ("at-1", "prof-1"))
    assert "ada@example.com" not in after
    assert "ada lovelace" not in after


@given(VALUES)
def test_taking_her_out_twice_changes_nothing_more(value: Any) -> None:
    once = HER.without(value)
    assert HER.without(once) == once


@given(st.recursive(st.sampled_from(["bo", "at-10", "at-2", "x"]), lambda inner: st.lists(inner, max_size=5)))
def test_what_is_not_hers_stays_as_it_is(value: Any) -> None:
    assert HER.without(value) == value


class Kind(StrEnum):
    HERS = "at-1"


@dataclass(frozen=True)
class Row:
    who: str
    note: str = ""
    kind: Kind = Kind.HERS


@dataclass(frozen=True)
class Held:
    rows: tuple[Row, ...]
    pair: tuple[str, int]
    ids: frozenset[str]


def test_a_typed_value_keeps_its_shape() -> None:
    held = Held((Row("at-1"), Row("at-2", "Ada Lovelace is late")), ("at-1", 3), frozenset({"at-1", "at-2"}))
    assert HER.without(held, Held) == Held((Row("at-2", f"{ERASED_WORD} is late"),), ("", 3), frozenset({"at-2"}))


def test_an_ordinary_word_is_no_name() -> None:
    """A racer name may be a word of the console: it is blanked in sentences and alone, not inside other words."""
    assert HER.without({"mode": "turbocharged"}) == {"mode": "turbocharged"}
    assert HER.blanked("Turbo") == ERASED_WORD
    assert HER.blanked("turbo") == "turbo"
    assert HER.blanked("The turbo is hers") == f"The {ERASED_WORD} is hers"


def test_values_that_name_nobody_lose_ids_alone() -> None:
    assert HER.without({"text": "Ask Ada Lovelace about prof-1."}, names=False) == {
        "text": f"Ask Ada Lovelace about {ERASED_WORD}."
    }


def test_keys_of_rows_that_are_hers() -> None:
    assert all(
        map(HER.owns_key, ("at-1", "race-1/profile:prof-1", "ev#at-1#access#1", "race-1/alias:Turbo@2026-01-01"))
    )
    assert not any(map(HER.owns_key, ("at-10", "race-1/profile:prof-10", "race-1/alias:Turbo2", "")))


@given(
    st.binary(max_size=40),
    st.sampled_from(["at-1", "ada@example.com", "ADA@example.com", "ada%40example.com", "Ada+Lovelace"]),
)
def test_files_are_overwritten_in_place(around: bytes, trace: str) -> None:
    content = around + b" " + trace.encode() + b" " + around
    after = HER.overwritten(content)
    assert len(after) == len(content)
    assert not HER.found_in(after)


def test_inside_other_words_nothing_is_overwritten() -> None:
    assert HER.overwritten(b"at-12 that at-1") == b"at-12 that xxxx"


def test_it_is_kept_and_read_again() -> None:
    again = Traces.of_json(HER.as_json())
    assert (again.ids, again.addresses, again.names, again.mark) == (HER.ids, HER.addresses, HER.names, HER.mark)


def test_short_parts_of_a_name_are_not_looked_for_alone() -> None:
    assert name_parts("Anna Li de Vries-Berg") == {"Anna", "Vries", "Berg"}

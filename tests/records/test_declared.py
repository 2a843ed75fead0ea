"""What is declared in records/ can be kept, comes back as it was, and may be read by an older or a newer version."""

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date, datetime
from enum import Enum

import pytest

from deepracer_admin.records import every
from deepracer_admin.store.codec import decode, encode
from deepracer_admin.store.documents import Single, Table
from deepracer_admin.store.version_4 import MOVES
from tests.store.growing import grown, grows, sample, types_within
from tests.store.version_3 import EXAMPLES

DECLARED = every()
KINDS = {name: what.kind for name, what in DECLARED.items()}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_values_are_frozen_and_have_a_real_type(name: str) -> None:
    allowed = (str, int, float, bool, date, datetime, Mapping, tuple, frozenset, "optional")
    for kind in types_within(KINDS[name]):
        frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # pyright: ignore[reportAttributeAccessIssue]
        assert kind in allowed or frozen or (isinstance(kind, type) and issubclass(kind, Enum)), kind


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_value_comes_back_as_it_was(name: str) -> None:
    what = DECLARED[name]
    values = [sample(what.kind, 1), grown(what.kind, sample(what.kind), 7)]
    for value in [*values, *([what.empty] if isinstance(what, Single) else [])]:
        assert decode(what.kind, encode(value)) == value


@pytest.mark.parametrize("name", sorted(name for name, kind in KINDS.items() if is_dataclass(kind)))
def test_a_field_of_a_newer_version_is_ignored(name: str) -> None:
    kind = KINDS[name]
    value = sample(kind)
    assert decode(kind, json.dumps({**json.loads(encode(value)), "of_tomorrow": [1]})) == value


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_change_of_it_can_be_counted(name: str) -> None:
    assert grows(KINDS[name])


def test_old_values_are_moved_to_what_is_declared() -> None:
    """`EXAMPLES` of tests/store/version_3 holds one old value of every key."""
    moved = {row.kind for key, move in MOVES.items() for value in EXAMPLES[key] for row in move(value)}
    assert moved <= {*DECLARED}


@pytest.mark.parametrize("key", sorted(MOVES))
def test_an_old_value_is_read_as_the_new_type(key: str) -> None:
    assert EXAMPLES[key], "tests/store/version_3 has no example of this key"
    for value in EXAMPLES[key]:
        for row in MOVES[key](value):
            what = DECLARED[row.kind]
            assert bool(row.key) is isinstance(what, Table)
            assert row.by_attendee is (isinstance(what, Table) and what.by == "attendee")
            assert decode(what.kind, json.dumps(row.body)) is not None

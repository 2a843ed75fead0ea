"""A checked list crosses a pipe and comes out as it was; anything else is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.roster.carried import pack, unpack
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.findings import RosterCheck

ROSTERS = Path(__file__).parents[2] / "data" / "rosters"
FILES = sorted(path for path in ROSTERS.iterdir() if path.suffix != ".json")


def carried(found: RosterCheck) -> RosterCheck:
    values, blocks = pack(found)
    return unpack(json.loads(json.dumps(values)), [memoryview(block) for block in blocks])


def same(one: RosterCheck, other: RosterCheck) -> bool:
    return replace(one, accepted=list(one.accepted)) == replace(other, accepted=list(other.accepted))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_list_comes_out_as_it_went_in(path: Path) -> None:
    found = check(path.read_bytes(), filename=path.name, service_rule="on_aws")
    assert same(carried(found), found)
    assert same(carried(carried(found)), found)


def test_rows_made_one_by_one_travel_too() -> None:
    found = check(b"Name,Email,Shirt\nAda,ada@example.com,M\nBo,bo@example.com,\n", filename="x")
    assert same(carried(replace(found, accepted=list(found.accepted))), found)


def test_an_empty_list_and_one_with_nobody_accepted_travel() -> None:
    for raw in (b"Name,Email\n", b"Name,Email\nAda,nobody\n"):
        found = check(raw, filename="x")
        assert same(carried(found), found)


@given(st.data())
def test_what_nobody_packed_is_refused_or_a_list(data: st.DataObject) -> None:
    values, blocks = pack(check(b"Name,Email\nAda,ada@example.com\nBo,nobody\nCy,ada@example.com\n", filename="x"))
    key = data.draw(st.sampled_from(sorted(values)))
    odd = st.one_of(st.none(), st.integers(-5, 2**40), st.text(max_size=3), st.lists(st.integers(-1, 9), max_size=5))
    if data.draw(st.booleans()):
        values[key] = data.draw(odd)
    else:
        place = data.draw(st.integers(0, len(blocks) - 1))
        blocks[place] = data.draw(st.binary(max_size=9))
    try:
        found = unpack(values, blocks)
    except ValueError:
        return
    assert len(list(found.accepted)) == len(found.accepted)

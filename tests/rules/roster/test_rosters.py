"""Every list as companies export them, against its answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepracer_admin.rules.roster import Limits
from deepracer_admin.rules.roster.check import check

ROSTERS = Path(__file__).parents[2] / "data" / "rosters"
FILES = sorted(path.name for path in ROSTERS.iterdir() if not path.name.endswith(".json"))


def expected_of(name: str) -> dict:
    return json.loads((ROSTERS / f"{name}.expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_a_list_as_exported_gives_exactly_its_people_in_order(name: str) -> None:
    expected = expected_of(name)
    found = check((ROSTERS / name).read_bytes(), filename=name)
    longest = Limits().name_length

    assert found.rows == expected["rows"]
    assert [[row.email, row.name] for row in found.accepted] == [
        [email, full_name[:longest]] for email, full_name in expected["accepted"]
    ]
    assert len(found.duplicates) == expected["duplicates"]
    assert [bad.row for bad in found.rejected] == [row for row, _why in expected["rejected"]]


@pytest.mark.parametrize("name", FILES)
def test_encoding_delimiter_header_and_sheet_are_told_as_they_are(name: str) -> None:
    expected = expected_of(name)
    found = check((ROSTERS / name).read_bytes(), filename=name).as_json()
    told = {key: expected[key] for key in ("encoding", "delimiter", "header_row", "sheet") if key in expected}

    assert {key: found[key] for key in told} == told

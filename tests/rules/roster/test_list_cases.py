"""Small lists of every kind, each against the answer that a careful colleague would give."""

from __future__ import annotations

import pytest

from tests.rules.roster.list_cases import CASES, KINDS, faults_of


@pytest.mark.parametrize("name", CASES)
def test_a_small_list_is_read_as_a_careful_colleague_would_read_it(name: str) -> None:
    assert faults_of(CASES[name]) == []


def test_there_are_cases_of_every_kind() -> None:
    assert set("ABCDEKLMNOPQR") == KINDS  # F to J are workbooks and large files: test_workbook_cases, test_hostile
    assert len(CASES) >= 150

"""Whole rehearsals by the sample: the console counts what the service did, over a gap, a reset, late samples."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks._replaying import VERSIONS, replay

EVENING = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize("version", VERSIONS)
def test_minutes_and_spend_are_the_books_of_the_service(version: str, tmp_path: Path) -> None:
    found = replay(version, people=24, hours=5, slots=5, seed=7, home=tmp_path, start=EVENING)
    assert len(found["resets"]) == 1
    assert found["hours_that_ran"] > 5
    steady, rough = found["steady"], found["rough"]
    assert (steady["samples"], rough["samples"]) == (300, 240)
    assert rough["longest_gap_min"] == 31
    for each in (steady, rough):
        assert each["equal_before_the_reset"] == each["before_the_reset"] > 100
        assert (each["outside"], each["queued_differ"], each["spend_off_by_a_cent"]) == (0, 0, 0)
        assert each["profiles_differ"] == 0
        assert 0 <= each["lost_min"] <= each["most_unsure_min"]
    assert rough["lost_min"] > 0, "nothing went unseen: the range had nothing to hold"

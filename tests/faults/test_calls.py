"""An alarm reaches people once, however often the process that tells it is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.calling import call_with_kills

pytestmark = pytest.mark.e2e


def test_each_alarm_is_told_once_after_kills_and_names_nobody(tmp_path: Path) -> None:
    told = call_with_kills(tmp_path, 4)
    assert told.checks == dict.fromkeys(told.checks, True), told
    assert told.messages >= 9
    assert {"drill-0", "credential", "refusals", "denied"} <= {*told.kinds}

"""A close-out that is killed on a bad day ends, and its certificate is true against the practice servers' state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.closing import close_with_kills

pytestmark = pytest.mark.e2e


def test_a_close_out_with_kills_ends_and_certifies_nothing_that_is_not_so(tmp_path: Path) -> None:
    found = close_with_kills(tmp_path, 20, [2.5, 3.0, 3.5], slots=2)
    assert found.kills >= 2
    assert found.models, "somebody trained"
    assert found.checks == dict.fromkeys(found.checks, True), found
    assert found.truth["can_sign_in"] == 0

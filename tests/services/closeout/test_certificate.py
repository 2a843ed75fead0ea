"""When a step of the close-out was read back: a time of day, put on the right day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deepracer_admin.model import JobItem, State
from deepracer_admin.services.closeout.certificate import read_back_at

STARTED = datetime(2026, 11, 22, 23, 59, 58, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("23:59:58 UTC", datetime(2026, 11, 22, 23, 59, 58, tzinfo=UTC)),
        ("00:00:07 UTC", datetime(2026, 11, 23, 0, 0, 7, tzinfo=UTC)),
        ("", None),
        ("just now", None),
    ],
)
def test_evidence_read_after_midnight_is_of_the_next_day(said: str, meant: datetime | None) -> None:
    item = JobItem(job="j", key="freeze", state=State.DONE, after={"as_of": said})
    assert read_back_at(item, STARTED) == meant


def test_without_a_close_out_nothing_was_read() -> None:
    assert read_back_at(JobItem(job="j", key="freeze", state=State.TODO), None) is None

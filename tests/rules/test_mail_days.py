"""Fifty mails in any 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.mail_days import DAILY, DAY, MailDay, reckon

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Sent = list[tuple[datetime, int]]
SENT = st.lists(st.tuples(st.integers(0, 40).map(lambda hours: NOW - timedelta(hours=hours)), st.integers(0, 30)))


def test_on_the_first_day_all_fifty_are_left() -> None:
    assert reckon([], 0, NOW) == MailDay(50, 0)
    assert reckon([], 50, NOW) == MailDay(50, 50, None, NOW)


def test_the_rest_goes_a_day_later_and_what_is_older_than_a_day_counts_no_more() -> None:
    assert reckon([], 120, NOW) == MailDay(50, 120, None, NOW + 2 * DAY)
    morning = NOW - timedelta(hours=3)
    assert reckon([(morning, 50)], 20, NOW) == MailDay(0, 20, morning + DAY, morning + DAY)
    assert reckon([(NOW - DAY, 50)], 0, NOW).left == 50


def test_more_than_fifty_sent_before_is_a_debt() -> None:
    day = reckon([(NOW - timedelta(hours=2), 60), (NOW - timedelta(hours=1), 5)], 10, NOW)
    assert (day.left, day.last_at) == (0, NOW + timedelta(hours=22))


@given(SENT, st.integers(0, 400))
def test_what_is_left_never_exceeds_the_day(sent: Sent, waiting: int) -> None:
    day = reckon(sent, waiting, NOW)
    lately = sum(mails for at, mails in sent if at + DAY > NOW)
    assert day.left == max(0, DAILY - lately)
    assert (day.last_at is None) == (waiting == 0)
    if day.last_at is not None:
        assert day.last_at - NOW >= DAY * ((waiting - day.left - 1) // (DAILY) if waiting > day.left else 0)

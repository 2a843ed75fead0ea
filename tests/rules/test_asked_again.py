"""A deletion whose answer proves nothing is asked for often, over minutes, and not for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.asked_again import ASKS, SETTLE, is_asked_enough, next_ask

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
OUTAGE = timedelta(minutes=2)  # of a Cognito that is throttled, or down


def asked_at(answer_takes: timedelta = timedelta()) -> list[datetime]:
    """When it is asked for, while no answer ever proves anything."""
    moments, now = [NOON], NOON + answer_takes
    while not is_asked_enough(len(moments), NOON, now):
        assert len(moments) < 100, "for ever"
        moments.append(max(now, next_ask(len(moments), moments[-1])))
        now = moments[-1] + answer_takes
    return moments


def test_seven_times_over_five_minutes_where_answers_come_at_once() -> None:
    assert [(at - NOON).total_seconds() for at in asked_at()] == [0, 15, 45, 105, 165, 225, 285, 345]
    assert not is_asked_enough(7, NOON, NOON + SETTLE - timedelta(seconds=1))
    assert is_asked_enough(7, NOON, NOON + SETTLE)


def test_a_cognito_that_is_over_it_after_two_minutes_is_asked_in_time() -> None:
    assert sum(NOON + OUTAGE <= at < NOON + SETTLE for at in asked_at()) >= 3


@given(st.floats(0, 3600))
def test_it_is_never_judged_early_and_always_ends(seconds: float) -> None:
    takes = timedelta(seconds=seconds)
    moments = asked_at(takes)
    assert len(moments) >= ASKS
    assert moments[-1] + takes - NOON >= SETTLE
    longest = max(SETTLE + timedelta(minutes=1), ASKS * max(takes, timedelta(minutes=1)))
    assert moments[-1] - NOON <= longest


def test_before_the_first_answer_nothing_is_judged() -> None:
    assert not is_asked_enough(ASKS, None, NOON)

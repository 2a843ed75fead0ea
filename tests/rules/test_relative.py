"""Mails by what happens in the event: their words, their moment, and why they are cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Quota, Race, RaceDraft
from deepracer_admin.rules.relative import Relative, anchors, instant_of, relative_words, why_cancelled

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = Event("ev-1", "Cup", NOW - HOUR, NOW + 48 * HOUR, "Europe/Rome", 9, 0.0, Quota(60, 1))
FINAL = Race("r-1", RaceDraft("Final", "t", NOW - HOUR, NOW + 5 * HOUR))
BEFORE = Relative("closes:r-1", -120, FINAL.draft.closes_at, "“Final” closes")


def test_what_is_still_to_come_can_be_scheduled_by() -> None:
    over = replace(FINAL, id="r-2", draft=replace(FINAL.draft, closes_at=NOW - HOUR / 2))
    assert anchors(EVENT, [FINAL, over], NOW) == {
        "starts": "the event starts",
        "ends": "the event ends",
        "closes:r-1": "“Final” closes",
    }
    assert instant_of("closes:r-1", EVENT, [FINAL]) == FINAL.draft.closes_at
    assert instant_of("starts", EVENT, []) == EVENT.starts_at
    assert instant_of("closes:r-9", EVENT, [FINAL]) is instant_of("odd:r-1", EVENT, [FINAL]) is None


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-120, "2 h before “Final” closes"), (90, "1 h 30 min after “Final” closes"), (0, "when “Final” closes")],
)
def test_it_is_said_in_words(minutes: int, words: str) -> None:
    assert relative_words(replace(BEFORE, offset_minutes=minutes)) == words


def test_it_stands_until_what_it_goes_by_moves_and_says_from_when_to_when() -> None:
    assert BEFORE.at == NOW + 3 * HOUR
    assert why_cancelled(BEFORE, EVENT, [FINAL], NOW) == ""
    moved = replace(FINAL, draft=replace(FINAL.draft, closes_at=NOW + 6 * HOUR))
    assert why_cancelled(BEFORE, EVENT, [moved], NOW) == (
        "It was to go 2 h before “Final” closes, but that is no longer Mon 23 Nov 2026, 15:00 (Europe/Rome) but "
        "Mon 23 Nov 2026, 16:00 (Europe/Rome): it was cancelled. Schedule it anew."
    )
    assert "not listed any more" in why_cancelled(BEFORE, EVENT, [], NOW)


def test_a_reminder_never_goes_after_what_it_reminds_of() -> None:
    assert why_cancelled(BEFORE, EVENT, [FINAL], NOW + 4.9 * HOUR) == ""
    assert "could not send it in time" in why_cancelled(BEFORE, EVENT, [FINAL], NOW + 5 * HOUR)
    after = replace(BEFORE, offset_minutes=60)
    assert why_cancelled(after, EVENT, [FINAL], NOW + 20 * HOUR) == ""
    assert "could not send it in time" in why_cancelled(after, EVENT, [FINAL], NOW + 31 * HOUR)


@given(st.integers(-50_000, 50_000), st.integers(-6_000, 6_000), st.integers(-6_000, 6_000))
def test_what_goes_before_something_goes_at_its_moment_or_later_but_before_it(
    offset: int, moved: int, now: int
) -> None:
    relative = replace(BEFORE, offset_minutes=offset)
    race = replace(FINAL, draft=replace(FINAL.draft, closes_at=FINAL.draft.closes_at + moved * timedelta(minutes=1)))
    at = NOW + now * timedelta(minutes=1)
    if why_cancelled(relative, EVENT, [race], at) == "" and relative.at <= at:
        assert moved == 0
        assert offset >= 0 or at < race.draft.closes_at

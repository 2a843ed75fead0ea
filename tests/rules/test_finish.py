"""When a race's result is final: what is waited for only shrinks, and nothing is final by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Model, Race, RaceDraft
from deepracer_admin.rules.finish import (
    MARGIN,
    SETTLES,
    Finish,
    ModelsInTraining,
    State,
    about_when,
    after_reading,
    after_standings,
    finality,
    finish_words,
    in_training,
    is_tracked,
    on_their_way,
)

CLOSE = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
RACE = Race("r-1", RaceDraft("Cup", "t-1", CLOSE - timedelta(hours=8), CLOSE))
MINUTE = timedelta(minutes=1)


def model(number: int, status: str, *, made: datetime = CLOSE - timedelta(hours=5)) -> Model:
    return Model(f"m-{number}", f"model {number}", f"pr-{number}", status, made)


def reading(kept: Finish | None, at: datetime, *numbers: int) -> Finish:
    waits = {f"m-{n}": f"pr-{n}" for n in numbers}
    return after_reading(kept, RACE, waits, waits, at=at)


def at(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def test_what_was_at_rest_after_the_close_brings_nothing_more_to_this_race() -> None:
    first = reading(None, CLOSE + 2 * MINUTE, 1, 2)
    second = reading(first, CLOSE + 3 * MINUTE, 2, 3)
    assert second.waits == {"m-2": "pr-2"}
    third = reading(second, CLOSE + 4 * MINUTE, 1, 3)
    assert third.waits == {}
    assert third.clear_at == CLOSE + 4 * MINUTE


def test_a_reading_at_the_close_itself_proves_nothing() -> None:
    """Two clocks may differ: who is at rest then may still hand in."""
    kept = reading(None, CLOSE + MARGIN / 2)
    assert kept.waits is None
    assert kept.clear_at is None
    assert after_standings(kept, at=CLOSE + timedelta(hours=1), changed=False).final_at is None
    assert reading(kept, CLOSE + MARGIN, 5).waits == {"m-5": "pr-5"}


def test_final_needs_standings_that_were_read_after_the_last_submission_and_held_still() -> None:
    clear = reading(None, CLOSE + 2 * MINUTE)
    assert clear.clear_at is not None
    soon = clear.clear_at + SETTLES - timedelta(seconds=1)
    assert after_standings(clear, at=soon, changed=False).final_at is None
    then = clear.clear_at + SETTLES
    moved = after_standings(clear, at=then, changed=True)
    assert moved.final_at is None
    assert after_standings(moved, at=then + SETTLES, changed=False).final_at == then + SETTLES


def test_a_result_after_the_end_is_said() -> None:
    declared = replace(
        reading(None, CLOSE + 2 * MINUTE, 1), final_at=CLOSE + 3 * MINUTE, by_name="Olivia", reason="It hangs"
    )
    late = after_standings(declared, at=CLOSE + 9 * MINUTE, changed=True)
    view = finality(RACE, late, now=CLOSE + 10 * MINUTE, slots=8)
    assert view.is_final
    assert (
        finish_words(view, at) == "Declared final by Olivia at 18:03: It hangs. A result came in after that, at 18:09."
    )
    assert finish_words(view, at, reason=False) == "Final since 18:03. A result came in after that, at 18:09."


def test_a_race_that_is_extended_begins_anew() -> None:
    final = replace(Finish(CLOSE), final_at=CLOSE + 3 * MINUTE)
    longer = replace(RACE, draft=replace(RACE.draft, closes_at=CLOSE + timedelta(hours=2)))
    assert finality(longer, final, now=CLOSE + timedelta(hours=1), slots=8).state is State.RUNNING
    assert finality(longer, final, now=CLOSE + timedelta(hours=3), slots=8).state is State.PROVISIONAL
    again = after_reading(final, longer, {}, (), at=CLOSE + timedelta(hours=3))
    assert (again.closes_at, again.final_at) == (longer.draft.closes_at, None)


def test_a_queued_training_is_told_from_a_submission_by_what_was_seen_before() -> None:
    before = in_training(
        [model(1, "WAITING_FOR_CAPACITY"), model(2, "READY"), model(3, "TRAINING")],
        before=ModelsInTraining(),
        at=CLOSE - 10 * MINUTE,
    )
    now = [
        model(1, "QUEUED"),
        model(2, "QUEUED"),
        model(3, "SUBMITTING"),
        model(4, "QUEUED", made=CLOSE - 5 * MINUTE),
        model(5, "EVALUATING"),
        model(6, "READY"),
    ]
    then = in_training(now, before=before, at=CLOSE - MINUTE)
    assert then.models == {"m-1", "m-4"}
    waits, sure = on_their_way(now, training=then, managed=False)
    assert (sorted(waits), sorted(sure)) == (["m-2", "m-3"], ["m-2", "m-3"])


def test_a_first_reading_counts_the_queue_as_perhaps() -> None:
    waits, sure = on_their_way([model(1, "QUEUED"), model(2, "SUBMITTING")], training=ModelsInTraining(), managed=False)
    assert (sorted(waits), sure) == (["m-1", "m-2"], {"m-2"})
    kept = after_reading(None, RACE, waits, sure, at=CLOSE + 2 * MINUTE)
    view = finality(RACE, kept, now=CLOSE + 2 * MINUTE, slots=8)
    assert view.still_coming == "at most 2 submissions are still on their way"


def test_where_each_profile_is_asked_by_itself_nothing_is_final_before_all_were() -> None:
    some = after_reading(None, RACE, {}, (), at=CLOSE + 2 * MINUTE, asked=["pr-1"], to_ask=1)
    assert some.clear_at is None
    assert "1 profile has not been asked yet" in finish_words(finality(RACE, some, now=CLOSE, slots=8), at)
    rest = after_reading(some, RACE, {"m-2": "pr-2"}, ["m-2"], at=CLOSE + 3 * MINUTE, asked=["pr-2"], to_ask=0)
    assert rest.waits == {"m-2": "pr-2"}
    assert rest.clear_at is None
    again = after_reading(rest, RACE, {}, (), at=CLOSE + 4 * MINUTE, asked=["pr-2"], to_ask=0)
    assert (again.waits, again.clear_at) == ({}, CLOSE + 4 * MINUTE)


def test_what_was_not_asked_this_time_stays_waited_for() -> None:
    whole = reading(None, CLOSE + 2 * MINUTE, 1, 2)
    part = after_reading(whole, RACE, {}, (), at=CLOSE + 3 * MINUTE, asked=["pr-1"], to_ask=7)
    assert part.waits == {"m-2": "pr-2"}


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (None, "Provisional: it is looked whether submissions are still on their way."),
        (
            replace(Finish(CLOSE), trouble="It is away."),
            "Provisional: whether results are still to come is not known. It is away.",
        ),
        (
            Finish(CLOSE, {"m-1": "pr-1"}, sure=1, first=1, as_of=CLOSE + MINUTE),
            "Provisional: 1 submission is still on its way; the last result is expected about 18:09 (estimate)."
            " As of 18:01.",
        ),
        (
            Finish(CLOSE, {}, as_of=CLOSE + MINUTE, clear_at=CLOSE + MINUTE),
            "Provisional: nothing is seen on its way; the standings are read once more. As of 18:01.",
        ),
        (Finish(CLOSE, {}, final_at=CLOSE + 5 * MINUTE), "Final since 18:05, after the last result."),
    ],
)
def test_what_a_screen_says(kept: Finish | None, words: str) -> None:
    assert finish_words(finality(RACE, kept, now=CLOSE + 2 * MINUTE, slots=8), at) == words


def test_a_race_of_before_the_event_is_nobodys_claim() -> None:
    old = CLOSE + timedelta(days=3)
    assert not is_tracked(RACE, own=False, event_starts_at=old)
    assert is_tracked(RACE, own=True, event_starts_at=old)
    view = finality(RACE, None, now=old, slots=8, tracked=False)
    assert finish_words(view, at) == "Closed before this event began."


def test_two_thousand_submissions_take_the_dispatcher_more_than_two_hours() -> None:
    """deepracer-on-aws-capacity.md 3: four seconds a job, whatever the slots."""
    kept = reading(None, CLOSE + MARGIN, *range(2_000))
    about = about_when(kept, RACE, now=CLOSE + MARGIN, slots=2_000)
    assert about is not None
    assert timedelta(hours=2) < about - CLOSE < timedelta(hours=2, minutes=30)


def test_the_pace_that_was_seen_counts_once_there_is_one() -> None:
    kept = reading(reading(None, CLOSE + MARGIN, *range(10)), CLOSE + 11 * MINUTE, *range(5))
    assert about_when(kept, RACE, now=CLOSE + 11 * MINUTE, slots=1) == CLOSE + 21 * MINUTE


steps = st.lists(st.tuples(st.sets(st.integers(0, 5)), st.booleans(), st.integers(1, 10)), min_size=1, max_size=12)


@given(steps)
def test_what_is_waited_for_only_shrinks_and_nothing_is_final_while_it_is_on_its_way(
    seen: list[tuple[set[int], bool, int]],
) -> None:
    kept: Finish | None = None
    now = CLOSE
    for numbers, changed, minutes in seen:
        now += timedelta(minutes=minutes)
        before = kept
        kept = reading(kept, now, *numbers)
        if before is not None and before.waits is not None:
            assert {*(kept.waits or {})} <= {*before.waits}
        kept = after_standings(kept, at=now, changed=changed)
        if kept.final_at is not None and (before is None or before.final_at is None):
            assert not kept.waits
            assert kept.clear_at is not None
            assert kept.final_at >= kept.clear_at + SETTLES
        if before is not None and before.final_at is not None:
            assert kept.final_at == before.final_at

"""The budget guard: crossed once, no flapping, and nobody paused unless a threshold says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.budget_guard import (
    BACK,
    BACK_FOR,
    Act,
    Crossing,
    Guard,
    Line,
    Tail,
    Threshold,
    alarms_of,
    due_pauses,
    judge,
    tail_words,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAUSES = Guard((Threshold(0.5), Threshold(1.0, Act.PAUSE)), (Threshold(1.0, Act.PAUSE),))


def line(share: float, *, key: str = "", forecast: float | None = None) -> Line:
    return Line(key, 100.0, 100 * share - 10, 10.0, forecast)


def after(
    before: dict[str, Crossing], share: float, *, at: datetime = NOW, guard: Guard = PAUSES, tail: Tail | None = None
) -> dict[str, Crossing]:
    return judge(guard, [line(share)], before, now=at, tails={"": tail} if tail else None)


def test_spent_and_committed_count_together() -> None:
    assert [each.share for each in after({}, 0.5).values()] == [0.5]
    assert after({}, 0.499) == {}


def test_a_threshold_pauses_once_and_resuming_is_not_undone() -> None:
    crossed = after({}, 1.0)
    [due] = due_pauses(crossed, [line(1.0)])
    assert (due.share, due.act) == (1.0, Act.PAUSE)
    done = {**crossed, due.key: Crossing("", 1.0, act=Act.PAUSE, since=NOW, job="job-1")}
    assert due_pauses(after(done, 1.2, at=NOW + MINUTE), [line(1.2)]) == []


def test_a_pause_that_could_not_be_made_at_once_is_not_made_below_the_threshold() -> None:
    crossed = after(after({}, 1.0), 0.99, at=NOW + MINUTE)
    assert crossed["|used|1"].is_open
    assert due_pauses(crossed, [line(0.99)]) == []
    assert len(due_pauses(crossed, [line(1.0)])) == 1


def test_a_value_that_goes_to_and_fro_crosses_once() -> None:
    crossed = after({}, 1.0)
    for minute in range(1, 60):
        share = 0.98 if minute % 2 else 1.01
        crossed = after(crossed, share, at=NOW + minute * MINUTE)
    assert {each.number for each in crossed.values()} == {1}
    for minute in range(60, 120):
        share = 0.90 if minute % 5 else 1.01  # well below, but never for long
        crossed = after(crossed, share, at=NOW + minute * MINUTE)
    assert {each.number for each in crossed.values() if each.share == 1.0} == {1}


def test_what_stays_below_is_over_and_crosses_anew() -> None:
    crossed = after({}, 1.0)
    low = 1.0 - BACK - 0.01
    crossed = after(crossed, low, at=NOW + MINUTE)
    assert crossed["|used|1"].is_open
    crossed = after(crossed, low, at=NOW + MINUTE + BACK_FOR)
    assert not crossed["|used|1"].is_open
    crossed = after(crossed, 1.0, at=NOW + 2 * BACK_FOR)
    assert (crossed["|used|1"].number, crossed["|used|1"].is_open) == (2, True)


def test_nothing_pauses_by_default_and_an_organizer_is_asked() -> None:
    guard = Guard()
    assert not guard.pauses()
    crossed = after({}, 3.0, guard=guard)
    assert due_pauses(crossed, [line(3.0)]) == []
    assert [each.share for each in crossed.values() if each.asks] == [0.95, 1.0]


@pytest.mark.parametrize(("answer", "pauses"), [("pause", 1), ("go_on", 0)])
def test_the_answer_counts(answer: str, pauses: int) -> None:
    crossed = after({}, 0.96, guard=Guard())
    [asked] = [each for each in crossed.values() if each.asks]
    said = {**crossed, asked.key: Crossing("", 0.95, act=Act.ASK, since=NOW, answer=answer, answered_by="Olivia")}
    crossed = after(said, 0.97, at=NOW + MINUTE, guard=Guard())
    assert len(due_pauses(crossed, [line(0.97)])) == pauses
    assert not crossed[asked.key].asks


def test_the_forecast_is_a_line_of_its_own_and_never_pauses() -> None:
    guard = Guard((Threshold(1.0, Act.PAUSE),))
    crossed = judge(guard, [line(0.3, forecast=170.0)], {}, now=NOW)
    assert [(each.is_forecast, each.share) for each in crossed.values()] == [(True, 1.0)]
    assert due_pauses(crossed, [line(0.3, forecast=170.0)]) == []
    assert alarms_of([line(0.3, forecast=170.0)], crossed)[0].title == "The forecast passes the budget"


def test_a_cohort_is_judged_by_its_own_budget() -> None:
    lines = [line(0.3), line(1.1, key="office:Milano")]
    crossed = judge(PAUSES, lines, {}, now=NOW)
    assert [(each.line, each.share) for each in due_pauses(crossed, lines)] == [("office:Milano", 1.0)]
    [alarm] = alarms_of(lines, crossed)
    assert alarm.title == "100% of the budget of office Milano is used"


def test_a_budget_that_is_taken_away_is_over() -> None:
    crossed = judge(PAUSES, [line(0.3), line(1.1, key="office:Milano")], {}, now=NOW)
    gone = judge(PAUSES, [line(0.3)], crossed, now=NOW + MINUTE)
    assert not any(each.is_open for each in gone.values())
    assert judge(PAUSES, [Line("", 0.0, 50.0, 0.0)], {}, now=NOW) == {}


def test_what_pausing_will_not_stop_is_announced_with_its_cost() -> None:
    tail = Tail(7.5, 1.25, 2.0)
    crossed = after({}, 1.0, tail=tail)
    assert crossed["|used|1"].tail.most == 10.75
    assert tail_words(tail) == (
        "Pausing will not stop 7.50 USD that run or are queued, 1.25 USD that may begin before it is seen, "
        "2.00 USD for one more submission of everybody: at most 10.75 USD more (estimate)."
    )


def test_the_levels_say_who_needs_a_human() -> None:
    guard = Guard(tuple(Threshold(share) for share in (0.5, 0.8, 0.95, 1.0)))
    crossed = after({}, 1.0, guard=guard)
    assert [alarm.level for alarm in alarms_of([line(1.0)], crossed)] == ["info", "amber", "amber", "red"]


@given(st.lists(st.floats(0, 3), min_size=1, max_size=40))
def test_nobody_is_paused_below_the_threshold_and_each_crossing_pauses_once(shares: list[float]) -> None:
    crossed: dict[str, Crossing] = {}
    paused: list[str] = []
    for minute, share in enumerate(shares):
        crossed = after(crossed, share, at=NOW + minute * MINUTE)
        for due in due_pauses(crossed, [line(share)]):
            assert share >= 1.0
            paused.append(f"{due.key}/{due.number}")
            crossed[due.key] = Crossing("", 1.0, act=Act.PAUSE, number=due.number, since=due.since, job="job")
    assert len({*paused}) == len(paused)

"""Alarms: said once, cleared when over, and raised only by what was really seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, Quota, UsageSample
from deepracer_admin.rules.alarms import Alarm, after_look, free_slots, live, no_data, queue_blocked

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENT = Event("ev-1", "Cup", NOW - timedelta(hours=1), NOW + timedelta(hours=8), "UTC", 9, 100.0, Quota(60, 1), slots=8)


def alarm(subject: str = "", sentence: str = "") -> Alarm:
    return Alarm("budget", "Half", sentence, "Look.", "Usage", subject=subject)


def looked(rows: dict[str, Alarm], *found: Alarm, at: datetime = NOW) -> dict[str, Alarm]:
    changes = after_look(rows, ("budget",), found, at)
    return {key: row for key, row in {**rows, **changes}.items() if row is not None}


def test_what_lasts_is_one_alarm_and_what_comes_back_is_another() -> None:
    first = looked({}, alarm())
    again = looked(first, alarm(sentence="60 %"), at=NOW + MINUTE)
    assert (again["budget/"].name, again["budget/"].sentence) == (first["budget/"].name, "60 %")
    over = looked(again, at=NOW + 2 * MINUTE)
    assert live(over) == []
    back = looked(over, alarm(), at=NOW + 3 * MINUTE)
    assert back["budget/"].name != first["budget/"].name
    assert back["budget/"].number == 2


def test_a_look_for_one_kind_leaves_the_others() -> None:
    other = replace(alarm(), kind="no_data", since=NOW)
    assert looked({other.key: other}) == {other.key: other}


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=12))
def test_each_spell_of_an_alarm_has_one_name(looks: list[set[str]]) -> None:
    rows: dict[str, Alarm] = {}
    names: list[str] = []
    before: set[str] = set()
    for minute, found in enumerate(looks):
        rows = looked(rows, *(alarm(each) for each in found), at=NOW + minute * MINUTE)
        assert {row.subject for row in live(rows)} == found
        names += [rows[f"budget/{each}"].name for each in found - before]
        before = found
    assert len({*names}) == len(names)


def test_ten_minutes_without_data_are_an_alarm_during_the_event_alone() -> None:
    assert no_data(EVENT, NOW - 9 * MINUTE, NOW) is None
    found = no_data(EVENT, NOW - 10 * MINUTE, NOW)
    assert found is not None
    assert found.sentence.startswith("No usage was read for 10 minutes of event time")
    assert no_data(EVENT, None, NOW) is not None
    assert no_data(EVENT, None, EVENT.starts_at + 5 * MINUTE) is None
    assert no_data(EVENT, NOW, EVENT.ends_at + MINUTE) is None
    assert no_data(EVENT, NOW, EVENT.starts_at - MINUTE) is None


def samples(*values: tuple[int, int | None, int, float], step: int = 5) -> list[UsageSample]:
    """(running, waiting, queued, minutes used), every `step` minutes."""
    return [
        UsageSample(
            NOW + number * step * MINUTE, 9, 9, used, 0.0, 0, 0, running=running, waiting=waiting, queued=queued
        )
        for number, (running, waiting, queued, used) in enumerate(values)
    ]


def test_free_slots_while_models_wait_are_an_alarm_after_ten_minutes() -> None:
    waiting = [(5, 3, 0, 10.0)] * 3
    found = free_slots(EVENT, samples(*waiting))
    assert found is not None
    assert found.title == "3 slots are free while 3 models wait"
    assert free_slots(EVENT, samples(*waiting[:2])) is None, "for five minutes only"
    assert free_slots(EVENT, samples((5, 3, 0, 1.0), (8, 3, 0, 1.0), (5, 3, 0, 1.0))) is None, "all were in use between"
    assert free_slots(EVENT, samples(*[(5, None, 0, 1.0)] * 3)) is None, "not known is no alarm"
    assert free_slots(EVENT, []) is None


def test_a_queue_that_one_job_blocks_is_an_alarm() -> None:
    still = [(2, 0, 4, 10.0)] * 5
    assert queue_blocked(EVENT, samples(*still)) is not None
    assert queue_blocked(EVENT, samples(*still[:-1], (2, 0, 3, 10.0))) is None, "one has begun"
    assert queue_blocked(EVENT, samples(*still[:-1], (2, 0, 4, 11.0))) is None, "one has ended"
    assert queue_blocked(EVENT, samples(*[(8, 0, 4, 10.0)] * 5)) is None, "every slot is in use"

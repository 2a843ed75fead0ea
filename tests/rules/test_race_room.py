"""When room for a race begins: by its hours, and before them where what runs and waits would keep the slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Race, RaceDraft, UsageSample
from deepracer_admin.rules.race_room import (
    MOST_HOURS,
    Load,
    Room,
    begins_early,
    load_of,
    race_with_room,
    short_of_slots,
)

CLOSES = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RACE = Race("cup", RaceDraft("Cup", "t-1", CLOSES - 8 * HOUR, CLOSES))
RULE = Room(hours=1.0)
FULL = Load(CLOSES, slots=120, racers=600, running=120, queued=0, waiting=300, minutes=14_400)


def begins(room: Room, load: Load, now: datetime, race: Race = RACE) -> bool:
    return bool(begins_early(room, [race], {"cup"}, load, now))


def is_kept(room: Room, now: datetime, race: Race = RACE) -> bool:
    return race_with_room(room, [race], {}, {"cup"}, now) is not None


def test_it_begins_when_what_runs_and_waits_takes_until_the_rush() -> None:
    assert FULL.takes == 3 * HOUR
    assert not begins(RULE, FULL, CLOSES - 3.3 * HOUR)
    assert begins(RULE, FULL, CLOSES - 3.25 * HOUR)
    assert not is_kept(RULE, CLOSES - 3 * HOUR)
    begun = replace(RULE, begun={"cup": CLOSES})
    assert is_kept(begun, CLOSES - 3 * HOUR)
    assert not begins(begun, FULL, CLOSES - 3 * HOUR), "it has begun"


def test_it_stays_with_the_hours_where_slots_are_enough_or_nobody_asked_for_more() -> None:
    now = CLOSES - 2 * HOUR
    few = replace(FULL, running=10, waiting=5)
    assert (few.needed, few.jobs) == (105, 15)
    assert not begins(RULE, few, now)
    assert begins(RULE, replace(few, running=11), now)
    assert not begins(replace(RULE, early=False), FULL, now)
    assert not begins(Room(), FULL, now), "no rule, no room"
    assert not begins(replace(RULE, ended=frozenset({"cup"})), FULL, now)
    assert not begins_early(RULE, [RACE], {"another"}, FULL, now)


def test_where_models_are_not_counted_the_minutes_tell() -> None:
    sample = UsageSample(CLOSES, 600, 600, 9.0, 14_400, 0, 9)
    load = load_of(sample, slots=120, racers=600)
    assert load.jobs is None
    assert begins(RULE, load, CLOSES - 3 * HOUR)
    assert not begins(RULE, load_of(replace(sample, minutes_queued=0.0), slots=120, racers=600), CLOSES - 3 * HOUR)


def test_organizers_are_told_while_slots_will_not_be_free() -> None:
    now = CLOSES - 2 * HOUR
    [alarm] = short_of_slots([RACE], {"cup"}, FULL, None, now)
    assert (alarm.title, alarm.fix) == ("Slots will be taken when “Cup” closes", "Keep room for the race.")
    assert "submissions take up to 105 slots of 120" in alarm.sentence
    [kept] = short_of_slots([RACE], {"cup"}, FULL, RACE, now)
    assert kept.fix.startswith("Ask for more slots")
    assert kept.key == alarm.key, "one alarm, whatever is done about it"
    assert short_of_slots([RACE], {"cup"}, replace(FULL, running=5, waiting=0), None, now) == []
    assert short_of_slots([RACE], {"another"}, FULL, None, now) == []
    assert short_of_slots([RACE], {"cup"}, FULL, None, CLOSES + HOUR) == []


def test_a_race_that_is_extended_is_looked_at_anew() -> None:
    begun = replace(RULE, begun={"cup": CLOSES})
    longer = replace(RACE, draft=replace(RACE.draft, closes_at=CLOSES + 48 * HOUR))
    assert not is_kept(begun, CLOSES - HOUR, longer)
    assert not is_kept(replace(begun, early=False), CLOSES - 3 * HOUR)


@given(
    running=st.integers(0, 500), waiting=st.integers(0, 5_000), each=st.integers(10, 480),
    slots=st.integers(0, 500), before=st.floats(0.01, 200), length=st.floats(0.1, 400),
)  # fmt: skip
def test_nobody_is_held_back_in_the_first_half_and_more_work_never_begins_later(
    running: int, waiting: int, each: int, slots: int, before: float, length: float
) -> None:
    race = replace(RACE, draft=replace(RACE.draft, opens_at=CLOSES - length * HOUR))
    now = CLOSES - before * HOUR
    load = Load(now, slots, 600, running, 0, waiting, float((running + waiting) * each))
    more = replace(load, waiting=waiting + 50, minutes=load.minutes + 50 * each)
    if begins(RULE, load, now, race):
        assert before <= min(length / 2, MOST_HOURS) + 1e-6
        assert begins(RULE, more, now, race)

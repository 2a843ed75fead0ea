"""Room for a race: nobody starts anything new, and afterwards everybody has exactly what they had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.flows.sponsorship import hold_back as holding
from deepracer_admin.flows.sponsorship.race_room import Holder
from deepracer_admin.model import Quota, RaceDraft
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import HELD_BACK, PAUSED_PROFILES
from deepracer_admin.records.race_room import ROOM, ROOM_NOW
from deepracer_admin.rules.finish import Finish
from deepracer_admin.rules.race_room import LONGEST_AFTER
from tests.flows.access.test_onboarding import site
from tests.flows.conftest import ORGANIZER, QUOTA, Stage
from tests.flows.sponsorship.test_switch import ALL_CLOSED, BEFORE, quotas, racing_event, relist, switch

__all__ = ["racing_event"]

FIRST, THIRD = "racer.no0@example.com", "racer.no2@example.com"
TRACK = "reInvent2019_track"


@pytest.fixture
def kept(racing_event: Stage) -> Stage:
    """An open race of this event for which room is kept; the first racer has used 42 minutes, others none."""
    stage = racing_event
    now = stage.clock.event_now()
    draft = RaceDraft("Cup", TRACK, now - timedelta(hours=1), now + timedelta(hours=2))
    race = stage.ports.racing().create_race(draft)
    stage.store.update(stage.event.id, OWN_RACES, lambda _: frozenset({race.id}))
    stage.store.save_races(stage.event.id, [race], seen_at=stage.clock.now(), lease=stage.lease)
    used(stage, FIRST, 42)
    stage.console.first.races.keep_room(ORGANIZER, race.id)
    settle(stage)
    return stage


def race_id(stage: Stage) -> str:
    return stage.store.races(stage.event.id)[0][0].id


def used(stage: Stage, email: str, minutes: float) -> None:
    racer = next(each for each in site(stage).state.profiles.values() if each.email == email)
    racer.used = minutes


def settle(stage: Stage, rounds: int = 4) -> None:
    """Rounds of a worker that remembers nothing, each with a listing of its own."""
    for _ in range(rounds):
        stage.rest(61)
        Holder(stage.ports).run(stage.event, stage.lease)


def end(stage: Stage) -> None:
    stage.console.first.races.end_room(ORGANIZER, race_id(stage))
    settle(stage)
    assert stage.store.rows(stage.event.id, HELD_BACK) == {}


LOWERED = {**{email: Quota(0, quota.models) for email, quota in BEFORE.items()}, FIRST: Quota(42, QUOTA.models)}


def test_limits_are_lowered_to_what_is_used_and_given_back_exactly(kept: Stage) -> None:
    assert quotas(kept) == LOWERED
    now = kept.store.read(kept.event.id, ROOM_NOW)
    assert (now.race, now.held, now.to_lower, now.shared) == (race_id(kept), 3, 0, 0)
    relist(kept)
    assert quotas(kept) == LOWERED, "onboarding works against it"
    end(kept)
    assert quotas(kept) == BEFORE
    relist(kept)
    assert quotas(kept) == BEFORE


def test_it_ends_with_the_last_result_and_at_the_latest_after_three_hours(kept: Stage) -> None:
    race = kept.store.races(kept.event.id)[0][0]
    kept.world.advance(2 * 3600 + 60)
    kept.anchor_clock()
    settle(kept)
    assert quotas(kept) == LOWERED, "submissions are still on their way"
    final = Finish(race.draft.closes_at, {}, final_at=kept.clock.event_now())
    kept.store.change_rows(kept.event.id, FINISHES, lambda _: {race.id: final})
    settle(kept)
    assert quotas(kept) == BEFORE
    kept.store.change_rows(kept.event.id, FINISHES, lambda _: {race.id: None})
    settle(kept)
    assert quotas(kept) == LOWERED
    kept.world.advance(LONGEST_AFTER.total_seconds())
    kept.anchor_clock()
    settle(kept)
    assert quotas(kept) == BEFORE


def test_the_rule_begins_by_itself_and_an_end_by_hand_holds(kept: Stage) -> None:
    end(kept)
    kept.console.first.races.room_rule(ORGANIZER, 8)
    settle(kept)
    assert quotas(kept) == BEFORE, "it was ended for this race"
    kept.store.update(kept.event.id, ROOM, lambda room: replace(room, ended=frozenset()))
    settle(kept)
    assert quotas(kept) == LOWERED


def test_hours_that_are_set_meanwhile_come_into_force_afterwards(kept: Stage) -> None:
    job = kept.finish(kept.console.first.usage.set_quotas(ORGANIZER, ["at-0"], hours=20, models=7))
    [item] = kept.store.job_items(job.id)
    assert item.sentence == "Stored; hours are held back now, and what is stored is in force when that is over."
    assert quotas(kept)[FIRST] == Quota(42, 7)
    kept.finish(kept.console.first.usage.grant(ORGANIZER, "at-2", extra_hours=2))
    assert quotas(kept)[THIRD] == Quota(0, 9)
    end(kept)
    assert quotas(kept) == BEFORE | {FIRST: Quota(1200, 7), THIRD: Quota(720, 9)}


def test_whoever_is_paused_meanwhile_stays_paused_and_gets_theirs_when_resumed(kept: Stage) -> None:
    kept.finish(kept.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=False))
    assert quotas(kept)[THIRD] == Quota(0, 0)
    assert [*kept.store.rows(kept.event.id, PAUSED_PROFILES).values()] == [Quota(600, 9)]
    end(kept)
    assert quotas(kept) == BEFORE | {THIRD: Quota(0, 0)}
    kept.finish(kept.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=True))
    assert quotas(kept) == BEFORE


def test_whoever_is_resumed_meanwhile_starts_nothing_before_it_is_over(kept: Stage) -> None:
    kept.finish(kept.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=False))
    kept.finish(kept.console.first.usage.sponsor(ORGANIZER, ["at-2"], active=True))
    assert quotas(kept) == LOWERED
    end(kept)
    assert quotas(kept) == BEFORE


def test_closing_sponsorship_meanwhile_loses_nothing(kept: Stage) -> None:
    switch(kept, False)
    assert quotas(kept) == ALL_CLOSED
    settle(kept)
    assert quotas(kept) == ALL_CLOSED
    kept.console.first.races.end_room(ORGANIZER, race_id(kept))
    settle(kept)
    switch(kept, True)
    settle(kept)
    assert quotas(kept) == BEFORE


def test_a_counter_that_begins_anew_with_the_month_makes_no_room_to_train(kept: Stage) -> None:
    used(kept, FIRST, 0)
    settle(kept)
    assert quotas(kept)[FIRST] == Quota(0, QUOTA.models)
    end(kept)
    assert quotas(kept) == BEFORE


@pytest.mark.parametrize("ending", [False, True], ids=["lowering", "giving back"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_kill_in_the_middle_loses_nothing(
    kept: Stage, monkeypatch: pytest.MonkeyPatch, ending: bool, after: int
) -> None:
    end(kept)
    if ending:
        kept.console.first.races.keep_room(ORGANIZER, race_id(kept))
        settle(kept)
    monkeypatch.setattr(holding, "BATCH", 1)
    racing: Any = kept.ports.racing()
    real, calls = racing.set_quotas, 0

    def dies(changes: Any) -> Any:
        nonlocal calls
        calls += 1
        told = [*real(changes)] if calls != after or after % 2 else []
        if calls > after:
            raise SystemExit
        return told

    monkeypatch.setattr(racing, "set_quotas", dies)
    if ending:
        kept.console.first.races.end_room(ORGANIZER, race_id(kept))
    else:
        kept.console.first.races.keep_room(ORGANIZER, race_id(kept))
    with pytest.raises(SystemExit):
        settle(kept, after + 2)
    monkeypatch.setattr(racing, "set_quotas", real)
    settle(kept, 8)
    assert quotas(kept) == (BEFORE if ending else LOWERED)
    if not ending:
        end_slowly(kept)
        assert quotas(kept) == BEFORE


def end_slowly(stage: Stage) -> None:
    stage.console.first.races.end_room(ORGANIZER, race_id(stage))
    settle(stage, 8)


def test_a_service_that_fails_is_tried_again(kept: Stage) -> None:
    kept.world.arm("deepracer", "lost_answer", operation="UpdateProfile", count=2)
    end_slowly(kept)
    assert quotas(kept) == BEFORE

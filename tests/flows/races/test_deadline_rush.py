"""Everybody hands in just before the close, on 1.3: final means final, and what was lowered is given back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.flows.sponsorship.race_room import Holder
from deepracer_admin.model import Quota, RaceDraft
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import HELD_BACK, SPONSORSHIP, Sponsorship
from deepracer_admin.rehearsal.deepracer.capacity import Quotas
from deepracer_admin.rehearsal.deepracer.errors import ApiError
from deepracer_admin.rehearsal.deepracer.models import start_training
from deepracer_admin.rehearsal.deepracer.standings import enter_submission
from deepracer_admin.rehearsal.deepracer.state import Model
from deepracer_admin.rules.finish import State
from deepracer_admin.store import ProfileLink
from tests.flows.access.test_onboarding import invite_by_hand, site
from tests.flows.conftest import ORGANIZER, Stage

RACERS, SLOTS, MINUTES = 40, 24, 30
LIMIT = Quota(6_000, 99)


@dataclass
class Rush:
    """A race that closes in two hours; every racer trains again and again, and has a model that is ready."""

    stage: Stage
    race: str
    closes_s: float
    handed_in: int = 0
    ours: set[str] = field(default_factory=set)  # what the test handed in: the practice racers do as they like

    @property
    def site(self) -> Any:
        return site(self.stage)

    @property
    def board(self) -> Any:
        return self.site.state.leaderboards[self.race]

    def pass_by(self, minutes: float) -> None:
        self.stage.clock.advance(61)  # listings of a minute ago are old
        self.stage.world.advance(60 * minutes - 61)
        self.stage.anchor_clock()

    def train(self, most: int = 1) -> None:
        """Whoever may begin a training does, unless so many of theirs run or wait."""
        models = self.site.state.models.values()
        busy = Counter(each.profile_id for each in models if each.status not in ("READY", "ERROR"))
        for profile in [*self.site.state.profiles.values()]:
            if profile.email.startswith("racer.") and busy[profile.profile_id] < most:
                try:
                    start_training(self.site, profile, "again", MINUTES)
                except ApiError:
                    continue

    def retry(self) -> None:
        """Models that wait press Retry, all of them, as racers do near the end."""
        for model in [*self.site.state.models.values()]:
            if model.status == "WAITING_FOR_CAPACITY":
                self.site.compute.retry(model, self.site.now())

    def hand_in(self, racers: int) -> None:
        everybody = (each for each in self.site.state.profiles.values() if each.email.startswith("racer."))
        profiles = sorted(everybody, key=lambda each: each.email)
        for profile in profiles[self.handed_in : self.handed_in + racers]:
            model = self.site.state.models[f"ready-{profile.profile_id}"]
            laps = [20_000 + self.handed_in * 7] * 3
            self.ours.add(enter_submission(self.site, profile, self.board, model, laps_ms=laps).submission_id)
            self.handed_in += 1

    def look(self) -> Any:
        """A round of the worker; whether the board says final."""
        self.stage.worker.usage.run(self.stage.event, self.stage.lease)
        Holder(self.stage.ports).run(self.stage.event, self.stage.lease)
        self.stage.worker.races.run(self.stage.event, self.stage.lease)
        return self.stage.console.first.races.finality(ORGANIZER, self.race)

    def states(self) -> set[str]:
        return {self.site.state.submissions[each].status for each in self.ours}


@pytest.fixture
def rush(stage: Stage) -> Rush:
    people = stage.crowd(RACERS)
    now = stage.clock.event_now()
    race = stage.ports.racing().create_race(
        RaceDraft("Cup", "reInvent2019_track", now - timedelta(hours=1), now + timedelta(hours=2))
    )
    stage.store.update(stage.event.id, OWN_RACES, lambda _: frozenset({race.id}))
    stage.store.save_races(stage.event.id, [race], seen_at=stage.clock.now(), lease=stage.lease)
    stage.store.update(stage.event.id, SPONSORSHIP, lambda _: Sponsorship(open=True))
    links = []
    for number, person in enumerate(people):
        profile_id = invite_by_hand(stage, person.email, f"Racer-{number}")
        profile = site(stage).state.profiles[profile_id]
        profile.max_minutes, profile.max_models = LIMIT.minutes, LIMIT.models
        model = Model(
            f"ready-{profile_id}", profile_id, "best", "READY", site(stage).now() - 9_000, 60, has_objects=True
        )
        site(stage).state.add_model(model)
        links.append(ProfileLink(person.id, profile_id, "created", stage.clock.now()))
    stage.store.link(stage.event.id, links)
    stage.store.amend_attendees(stage.event.id, lambda person: replace(person, quota=LIMIT))
    site(stage).compute.capacity.change(site(stage).now(), Quotas(SLOTS, SLOTS))
    return Rush(stage, race.id, race.draft.closes_at.timestamp())


def run(rush: Rush, *, room: float = 0.0, early: bool = False, trainings: int = 1) -> list[Any]:
    """Two hours to the close, all submissions in the last quarter of an hour, and on until the result is final."""
    rush.stage.console.first.races.room_rule(ORGANIZER, room, early=early)
    seen = []
    for minute in (0, 15, 30, 45, 60, 75, 90, 105):
        for _ in range(trainings):
            rush.train(trainings)
        rush.retry()
        rush.look()
        rush.pass_by(15 if minute < 105 else 2)
    for _ in range(4):
        rush.train()
        rush.retry()
        rush.hand_in(RACERS // 4)
        seen.append(rush.look())
        rush.pass_by(3)
    for _ in range(40):
        rush.retry()
        seen.append(rush.look())
        if seen[-1].is_final:
            break
        rush.pass_by(3)
    return seen


def test_no_board_is_final_before_the_last_result_and_what_was_lowered_is_given_back(rush: Rush) -> None:
    seen = run(rush, room=1.5)
    assert rush.handed_in == RACERS
    assert rush.states() <= {"COMPLETED", "FAILED"}, "one is still on its way"
    assert seen[-1].is_final
    assert {view.state for view in seen[:-1]} == {State.RUNNING, State.PROVISIONAL}
    kept, _ = rush.stage.console.history.standings(rush.stage.event.id, rush.race)
    service = [*rush.stage.ports.racing().standings(rush.race)]
    assert [(row.rank, row.alias, row.score_ms) for row in kept] == [
        (row.rank, row.alias, row.score_ms) for row in service
    ]
    for _ in range(3):
        rush.pass_by(2)
        rush.look()
    assert rush.stage.store.rows(rush.stage.event.id, HELD_BACK) == {}
    assert rush.stage.store.rows(rush.stage.event.id, FINISHES)[rush.race].late_at is None


def test_without_room_submissions_fail_for_want_of_a_slot(rush: Rush) -> None:
    run(rush)
    assert "FAILED" in rush.states()


@pytest.mark.parametrize("early", [True, False], ids=["begins earlier", "by its hours alone"])
def test_room_begins_before_its_hours_when_what_waits_would_keep_the_slots(rush: Rush, early: bool) -> None:
    stage, slots = rush.stage, RACERS + 4
    site(stage).compute.capacity.change(site(stage).now(), Quotas(slots, slots))
    stage.event = replace(stage.event, slots=slots)
    stage.store.save_event(stage.event)
    run(rush, room=0.25, early=early, trainings=2)
    assert ("FAILED" in rush.states()) != early
    entries = [each for each in stage.store.audit(stage.event.id) if each.actor == "system"]
    assert [(each.action, each.target) for each in entries] == ([("races.room", rush.race)] if early else [])
    for _ in range(3):
        rush.pass_by(2)
        rush.look()
    assert stage.store.rows(stage.event.id, HELD_BACK) == {}
    mine = [each for each in site(stage).state.profiles.values() if each.email.startswith("racer.")]
    assert {Quota(int(each.max_minutes), int(each.max_models)) for each in mine} == {LIMIT}

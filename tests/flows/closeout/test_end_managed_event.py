"""Closing a managed event: nobody makes new work, nothing is left, and the directory's cycle is waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.flows.closeout.end_managed_event import OFF
from deepracer_admin.flows.closeout.run import GIVEN_UP, CloseoutHandler
from deepracer_admin.flows.closeout.steps import MANAGED_STEPS, STEPS, steps_for
from deepracer_admin.model import Job, JobState, Profile, Quota, State, Step
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.closing import CLOSING_STEPS, PROOF
from tests.flows.closeout.test_managed_event import (
    account,
    cycle,
    directory_ids,
    everybody_in,
    linked,
    listed,
    racers,
    stage,
    switch,
)
from tests.flows.conftest import ORGANIZER, Stage
from tests.racing.worlds import in_world
from tests.rehearsal.managed.account import sign_in

__all__ = ["stage"]
STEP_S = 300.0


def garage(stage: Stage) -> Any:
    return stage.world.world.services["managed"].garage  # type: ignore[attr-defined]


def train(stage: Stage, people: list[str], minutes: int = 20) -> None:
    in_world(stage.world, lambda: [garage(stage).train(each, "m", minutes) for each in people])


def evidence(stage: Stage, job: Job) -> dict[str, str]:
    return {item.key: item.sentence for item in stage.store.job_items(job.id)}


def start(stage: Stage) -> Job:
    return stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)


def close(stage: Stage, job: Job, *, seconds: float = STEP_S, rounds: int = 80) -> list[str]:
    """Work on the close-out until it has ended, with practice time going on; what the job said on the way."""
    said: list[str] = []
    for _ in range(rounds):
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
        said.append(stage.store.job(job.id).sentence)
        if not stage.store.job(job.id).state.is_live:
            return said
        stage.world.advance(seconds)
    raise AssertionError(f"still closing: {evidence(stage, job)}")


def close_until_it_waits(stage: Stage, job: Job) -> None:
    """Up to where only the directory's cycle is missing; it does not run meanwhile."""
    quarantine = stage.world.arm("identity-center", "quarantine")
    for _ in range(40):
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
        if "still lists" in evidence(stage, job)["cycle"]:
            stage.world.disarm(quarantine)
            return
        stage.world.advance(60)
    raise AssertionError(f"never waited: {evidence(stage, job)}")


@pytest.fixture
def full(stage: Stage) -> Stage:
    """Three people in, two of them with a model; the third has never trained. Practice time stands still."""
    everybody_in(stage, 3)
    stage.rounds(lambda: stage.done(Step.PROFILE) == 3)
    train(stage, directory_ids(stage, 2))
    stage.world.advance(3600)
    return stage


def test_from_the_first_name_to_the_last_access_removed(full: Stage) -> None:
    assert len(list(full.ports.racing().models([*linked(full).values()]))) == 2
    job = start(full)
    close_until_it_waits(full, job)
    waits = (
        "Taken out of the group; IAM Identity Center still lists 3 of 3 people until the directory's next cycle (about "
        "every 40 minutes)."
    )
    assert (full.store.job(job.id).sentence, evidence(full, job)["cycle"]) == (waits, waits)
    assert account(full).multi_user_mode
    close(full, job)
    told = evidence(full, job)
    assert full.store.job(job.id).state is JobState.DONE, told
    assert [item.key for item in full.store.job_items(job.id)] == [step.key for step in MANAGED_STEPS]
    assert told["pause"].startswith("3 profiles are paused")
    assert told["training"] == "No training runs for 3 profiles (seen at the service)."
    assert told["zero"].startswith("0 models")
    assert told["access"] == "3 profiles are disabled (seen at the service)."
    assert told["group"].startswith("0 of the event's 3 people are in the group")
    assert told["cycle"] == "IAM Identity Center lists 0 of the event's 3 people."
    assert told["sponsorship"] == "The service shows multi-user mode off."
    assert told["verify"].startswith("0 of 3 people can still sign in; the service shows multi-user mode off;")
    assert account(full).models == {}
    assert {user.state for user in account(full).users.values()} == {OFF}
    assert not account(full).multi_user_mode
    truth = full.world.truth()
    assert (truth["in_group"], truth["identity_center"]["members"]) == (0, 0)
    assert all(
        full.step(person, step).state is State.TODO
        for person in full.store.attendees(full.event.id)
        for step in (Step.PROFILE, Step.GROUP, Step.ACCESS)
    )
    assert full.store.event(full.event.id).closed_at is not None


def test_the_certificate_names_identity_center(full: Stage) -> None:
    close(full, start(full))
    text = full.console.first.closeout.certificate(ORGANIZER).decode()
    assert "People of the event listed in IAM Identity Center: 0." in text
    assert "NOT DONE" not in text


@pytest.mark.parametrize("key", [step.key for step in MANAGED_STEPS])
def test_a_crash_at_any_step_is_resumed_there(full: Stage, key: str) -> None:
    train(full, directory_ids(full, 3)[2:], 60)
    handler: Any = full.worker.jobs.handlers["closeout"]
    real = handler._steps[key]

    def dies_after(*given: Any) -> Any:
        real(*given)
        raise KeyboardInterrupt  # done at the service, not written down

    handler._steps[key] = dies_after
    job = start(full)
    with pytest.raises(KeyboardInterrupt):
        close(full, job)
    handler._steps[key] = real
    close(full, job)
    assert all(item.state is State.DONE for item in full.store.job_items(job.id))
    assert (account(full).models, account(full).multi_user_mode) == ({}, False)
    proof = full.store.read(full.event.id, PROOF)
    assert proof is not None
    assert proof.can_still_sign_in == ()
    assert evidence(full, job)["verify"].count("3 profiles disabled") == 1


def test_nobody_starts_new_work_while_models_are_deleted(full: Stage) -> None:
    job = start(full)
    for _ in range(20):
        if evidence(full, job)["pause"]:
            break
        full.worker.jobs._not_before.clear()
        full.worker.jobs.run(full.event.id, full.lease)
    assert {profile.state for profile in listed(full).values()} == {"RESTRICTED"}
    assert len(account(full).models) == 2


def test_a_running_training_is_stopped_and_costs_only_what_it_ran(full: Stage) -> None:
    (last,) = directory_ids(full, 3)[2:]
    train(full, [last], 150)
    full.world.advance(600)
    job = start(full)
    said = close(full, job)
    assert any("1 training running or queued" in each for each in said)
    user = next(user for user in account(full).users.values() if user.person_id == last)
    assert (user.minutes_queued, user.minutes_used < 90) == (0, True), "150 were asked for"


def test_who_signs_in_first_while_the_cycle_is_waited_for_is_ended_too(full: Stage) -> None:
    (late,) = full.add("late.comer@example.com")
    full.rounds(lambda: full.done(Step.GROUP) == 4)
    cycle(full)
    job = start(full)
    close_until_it_waits(full, job)
    person = full.world.world.company.by_mail(late.email)[0].id
    sign_in(full.world, [person])
    train(full, [person])
    said = close(full, job)
    assert any("still sponsored: disabled" in each for each in said)
    assert account(full).models == {}
    assert {user.state for user in account(full).users.values()} == {OFF}
    assert "0 of 4 people can still sign in" in evidence(full, job)["verify"]


def test_who_was_there_before_the_event_gets_back_state_and_limits(stage: Stage) -> None:
    everybody_in(stage, 2)
    old = next(iter(account(stage).users.values()))
    in_world(stage.world, lambda: setattr(old, "associated_on", old.associated_on - 30 * 86_400))
    stage.store.change_rows(stage.event.id, ADOPTED_QUOTAS, lambda _: {old.user_id: Quota(90, 1)})
    stage.rounds(lambda: listed(stage)[old.user_id].quota == stage.event.quota)
    job = start(stage)
    close(stage, job)
    assert (old.state, Quota(old.max_minutes, old.max_models)) == ("ACTIVE", Quota(90, 1))
    assert evidence(stage, job)["access"].startswith("1 profile is disabled (seen at the service); 1 there before")
    assert "0 of 2 people can still sign in" in evidence(stage, job)["verify"]


def hours_pass(stage: Stage, hours: int) -> None:
    """Practice time goes on, the console's event time with it, and the worker looks every half hour."""
    for _ in range(2 * hours):
        stage.world.advance(1800)
        stage.anchor_clock()
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)


def test_a_cycle_that_stands_still_is_waited_for_and_the_mode_stays_on(full: Stage) -> None:
    full.anchor_clock()
    full.world.arm("identity-center", "quarantine")
    job = start(full)
    close_until_it_waits(full, job)
    hours_pass(full, 2)
    assert "still lists 3 of 3 people" in full.store.job(job.id).sentence
    assert account(full).multi_user_mode
    full.world.disarm()
    close(full, job)
    assert full.store.job(job.id).state is JobState.DONE
    assert evidence(full, job)["cycle"] == "IAM Identity Center lists 0 of the event's 3 people."


def test_a_cycle_that_stands_still_for_ever_ends_after_three_hours_and_names_who_is_left(full: Stage) -> None:
    """Nobody gets in by it: their profiles are disabled. What is left is named, and closing again finds it gone."""
    full.anchor_clock()
    full.world.arm("identity-center", "quarantine")
    job = start(full)
    close_until_it_waits(full, job)
    began = full.ports.clock.event_now()
    hours_pass(full, 5)
    close(full, job)
    item = next(item for item in full.store.job_items(job.id) if item.key == "cycle")
    assert (item.state, item.reason) == (State.REFUSED, GIVEN_UP)
    assert item.sentence.startswith("Not done: Taken out of the group; IAM Identity Center still lists 3 of 3 people")
    row = full.store.row(full.event.id, CLOSING_STEPS, "cycle")
    assert row is not None
    assert row.read_back_at is not None
    assert [left.count for left in row.leftovers] == [3]
    assert full.ports.clock.event_now() - began >= next(s.patience for s in MANAGED_STEPS if s.key == "cycle")
    assert full.store.job(job.id).sentence == "The event is closed; 1 thing is left, each named beside its step."
    assert not account(full).multi_user_mode
    assert evidence(full, job)["verify"].startswith("0 of 3 people can still sign in")
    full.world.disarm()
    again = start(full)
    close(full, again)
    assert evidence(full, again)["cycle"] == "IAM Identity Center lists 0 of the event's 3 people."


def test_a_member_whose_profile_is_disabled_cannot_sign_in(full: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wait, so that everybody is a member still."""
    handler: Any = full.worker.jobs.handlers["closeout"]
    monkeypatch.setitem(handler._steps, "cycle", lambda *_: "Not waited for.")
    full.world.arm("identity-center", "quarantine")
    job = start(full)
    close(full, job)
    assert "0 of 3 people can still sign in" in evidence(full, job)["verify"]
    assert "3 listed in IAM Identity Center, 3 profiles disabled" in evidence(full, job)["verify"]


def test_a_member_without_a_profile_can_still_sign_in_and_is_named(
    full: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (late,) = full.add("late.comer@example.com")
    full.rounds(lambda: full.done(Step.GROUP) == 4)
    cycle(full)
    handler: Any = full.worker.jobs.handlers["closeout"]
    monkeypatch.setitem(handler._steps, "cycle", lambda *_: "Not waited for.")
    full.world.arm("identity-center", "quarantine")
    close(full, start(full))
    (left,) = [*(full.console.first.closeout.view(ORGANIZER).can_still_sign_in or ())]
    assert (left.attendee, left.why) == (late.id, "identity_center")


def test_a_mode_that_is_off_already_hides_no_model(full: Stage) -> None:
    full.world.advance(3600)
    switch(full, on=False)
    assert listed(full) == {}
    job = start(full)
    close(full, job)
    assert account(full).models == {}
    assert "Multi-user mode is off already" in evidence(full, job)["pause"]


def test_without_identity_center_the_proof_says_that_it_was_not_asked(full: Stage) -> None:
    full.worker.jobs.ports = replace(full.ports, proof=None)
    job = start(full)
    close(full, job)
    assert evidence(full, job)["cycle"] == "Not looked at: no IAM Identity Center is set."
    assert "IAM Identity Center was not asked" in evidence(full, job)["verify"]
    assert full.console.first.closeout.view(ORGANIZER).in_identity_center is None


def test_closing_again_finds_nothing_left_to_do(full: Stage) -> None:
    close(full, start(full))
    before = full.world.counters()["writes"]
    again = start(full)
    close(full, again)
    after = full.world.counters()["writes"]
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {"managed.AdminSetAccountConfig"}
    assert full.store.job(again.id).state is JobState.DONE


def test_a_mode_that_reads_back_on_keeps_the_event_open_until_it_is_off(full: Stage) -> None:
    service = full.world.world.services["managed"]
    handlers: Any = getattr(service, "_handlers")  # noqa: B009
    real, tries = handlers["AdminSetAccountConfig"], []
    handlers["AdminSetAccountConfig"] = lambda *_: tries.append(1) or {}
    job = start(full)
    with pytest.raises(AssertionError, match="still closing"):
        close(full, job, rounds=30)
    assert evidence(full, job)["sponsorship"].startswith(
        "Multi-user mode was turned off, and the service still shows it on"
    )
    assert evidence(full, job)["verify"] == ""
    assert full.store.event(full.event.id).closed_at is None
    assert len(tries) > 1, "it is tried again"
    handlers["AdminSetAccountConfig"] = real
    close(full, job)
    assert evidence(full, job)["sponsorship"] == "The service shows multi-user mode off."
    assert not account(full).multi_user_mode


def test_an_evaluation_is_waited_for(full: Stage) -> None:
    person, *_ = directory_ids(full, 3)
    in_world(full.world, lambda: garage(full).evaluate(person, garage(full).ready_models(person)[0], 60))
    said = close(full, start(full))
    assert "1 evaluation runs and ends by itself." in said
    assert account(full).models == {}


def test_a_created_model_counts_only_when_its_training_waits(full: Stage) -> None:
    """It is the profile's queued minutes and the service's answer that tell, for no listing shows a queue (1.5)."""
    first, second, third = directory_ids(full, 3)
    train(full, [third], 60)
    by_person = {user.person_id: user for user in account(full).users.values()}
    for model in account(full).models.values():
        model.status = "CREATED"
    by_person[second].minutes_queued = 30  # drifted: nothing of this racer waits
    stopped: list[str] = []
    racing: Any = full.ports.racing()
    real = type(racing).stop_training

    def stop(self: Any, model_id: str) -> None:
        real(self, model_id)
        stopped.append(model_id)

    job = start(full)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(racing), "stop_training", stop)
        said = close(full, job)
    assert any(each.startswith("1 training running or queued") for each in said)
    assert not any(each.startswith("2 trainings") for each in said)
    assert len(stopped) == 1
    assert first in by_person


def test_every_step_has_its_words_and_its_work() -> None:
    assert steps_for("on_aws") == STEPS
    assert steps_for("managed") == MANAGED_STEPS
    keys = {step.key for step in (*STEPS, *MANAGED_STEPS)}
    assert keys == set(CloseoutHandler()._steps)
    assert all(step.title and step.why for step in MANAGED_STEPS)


def test_the_states_of_the_port_are_the_ones_that_are_read(full: Stage) -> None:
    assert {profile.state for profile in listed(full).values()} == {Profile("x", "x").state}


def test_a_late_listing_of_nobody_is_no_reason_to_wait(stage: Stage) -> None:
    """Nobody was ever let in: the close-out ends without a cycle."""
    switch(stage, on=True)
    racers(stage, 2)
    job = start(stage)
    said = close(stage, job, seconds=1)
    assert not any("next cycle" in each for each in said)
    assert stage.store.job(job.id).state is JobState.DONE

"""What the deployment gives to new profiles: borrowed for the event, and given back exactly by its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.flows.sponsorship.switch import CLOSED, ROUNDS
from deepracer_admin.model import JobState, Quota
from deepracer_admin.records.limits import NEW_PROFILE_LIMITS, SPONSORSHIP, NewProfileLimits
from tests.flows.conftest import ORGANIZER, QUOTA, Stage
from tests.flows.sponsorship.test_switch import ALL_CLOSED, quotas, racing_event, switch

__all__ = ["racing_event"]


def close_out(stage: Stage) -> dict[str, str]:
    job = stage.finish(stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name))
    assert job.state is JobState.DONE
    return {item.key: item.sentence for item in stage.store.job_items(job.id)}


def test_only_the_final_close_gives_the_deployment_its_own_limits_back(racing_event: Stage) -> None:
    stage = racing_event
    told = close_out(stage)
    assert "new profiles get unlimited hours again, as before this event." in told["sponsorship"]
    assert "Running work, queued work and submissions go on." in told["sponsorship"]
    assert stage.ports.racing().new_profile_quota() == Quota(-1, -1)
    assert stage.store.read(stage.event.id, NEW_PROFILE_LIMITS) == NewProfileLimits(given_back=Quota(-1, -1))


def test_limits_that_the_deployment_had_come_back_exactly(stage: Stage) -> None:
    stage.ports.racing().set_new_profile_quota(Quota(600, 10))
    switch(stage, True)
    switch(stage, False)
    assert "new profiles get 10 h and 10 models again, as before this event." in close_out(stage)["sponsorship"]
    assert stage.ports.racing().new_profile_quota() == Quota(600, 10)


def test_a_close_out_that_died_after_giving_back_says_the_same_when_it_goes_on(stage: Stage) -> None:
    switch(stage, True)
    handler: Any = stage.worker.jobs.handlers["closeout"]
    real = handler._steps["sponsorship"]

    def dies_after(*given: Any) -> Any:
        real(*given)
        raise KeyboardInterrupt  # done and stored, the step not written down

    handler._steps["sponsorship"] = dies_after
    job = stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)
    with pytest.raises(KeyboardInterrupt):
        stage.finish(job)
    handler._steps["sponsorship"] = real
    stage.finish(job)
    told = {item.key: item.sentence for item in stage.store.job_items(job.id)}
    assert "new profiles get unlimited hours again, as before this event." in told["sponsorship"]
    assert stage.ports.racing().new_profile_quota() == Quota(-1, -1)


def test_an_event_that_never_switched_leaves_the_deployments_limits_alone(stage: Stage) -> None:
    stage.ports.racing().set_new_profile_quota(Quota(600, 10))
    writes = stage.calls().get("deepracer.UpdateGlobalSetting", 0)
    told = close_out(stage)
    assert "the limits of new profiles are as they were, this event set none" in told["sponsorship"]
    assert stage.ports.racing().new_profile_quota() == Quota(600, 10)
    assert stage.calls().get("deepracer.UpdateGlobalSetting", 0) == writes


def test_limits_that_were_set_by_hand_meanwhile_are_what_comes_back(stage: Stage) -> None:
    switch(stage, True)
    switch(stage, False)
    stage.ports.racing().set_new_profile_quota(Quota(600, 10))
    switch(stage, True)
    switch(stage, False)
    close_out(stage)
    assert stage.ports.racing().new_profile_quota() == Quota(600, 10)


def test_a_changed_quota_of_the_event_is_not_taken_for_the_deployments(stage: Stage) -> None:
    switch(stage, True)
    stage.store.save_event(replace(stage.event, quota=Quota(60, 1)))
    switch(stage, True)
    close_out(stage)
    assert stage.ports.racing().new_profile_quota() == Quota(-1, -1)


def test_the_end_of_an_event_that_was_opened_after_another_end_knows_the_limits_of_then(stage: Stage) -> None:
    switch(stage, True)
    close_out(stage)
    stage.ports.racing().set_new_profile_quota(Quota(120, 2))
    stage.store.save_event(replace(stage.store.event(stage.event.id), closed_at=None))
    switch(stage, True)
    close_out(stage)
    assert stage.ports.racing().new_profile_quota() == Quota(120, 2)


@pytest.mark.parametrize("open_", [True, False], ids=["opening", "closing"])
def test_limits_that_read_back_otherwise_are_set_again_and_the_job_gives_up_in_the_end(
    racing_event: Stage, monkeypatch: pytest.MonkeyPatch, open_: bool
) -> None:
    stage = racing_event
    if open_:
        switch(stage, False)
    racing: Any = stage.ports.racing()
    asked: list[Quota] = []
    monkeypatch.setattr(racing, "set_new_profile_quota", lambda quota: asked.append(quota) or Quota(600, 9))
    name = "" if open_ else stage.event.name
    job = stage.console.first.events.switch_sponsorship(ORGANIZER, open_=open_, typed_name=name)
    stage.worker.jobs.run(stage.event.id, stage.lease)
    assert stage.store.job(job.id).sentence == (
        "The service shows 10 h and 9 models for new profiles; the console sets it again."
    )
    job = stage.finish(job)
    assert job.state is JobState.FAILED
    assert "shows 10 h and 9 models for new profiles, after 5 tries" in job.sentence
    assert asked == [QUOTA if open_ else CLOSED] * ROUNDS
    assert stage.store.read(stage.event.id, SPONSORSHIP).open is (not open_)
    assert quotas(stage) == ALL_CLOSED, "opening reaches nobody before new profiles get what they should"

"""Closing an event: the safe order, evidence, resumable at every step."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.flows.closeout import run as closeout
from deepracer_admin.flows.closeout.run import STEPS
from deepracer_admin.model import Job, JobState, Quota, State, Step
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.campaigns import CAMPAIGNS
from deepracer_admin.records.closing import PROOF
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.records.ways_in import ChunkState
from tests.flows.access.test_onboarding import everybody_in, invite_by_hand, open_sponsorship
from tests.flows.conftest import ORGANIZER, Stage


def evidence(stage: Stage, job: Job) -> dict[str, str]:
    return {item.key: item.sentence for item in stage.store.job_items(job.id)}


@pytest.fixture
def full(stage: Stage) -> Stage:
    """Three of ours, one adopted person, everybody in; sponsorship open."""
    invite_by_hand(stage, "before@example.com")
    open_sponsorship(stage)
    stage.crowd(3)
    stage.add("before@example.com")
    stage.start()
    stage.rounds(lambda: everybody_in(stage, 4))
    return stage


def start(stage: Stage) -> Job:
    return stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)


def test_everything_this_event_made_is_gone_and_what_was_there_before_stays(full: Stage) -> None:
    job = full.finish(start(full))
    assert job.sentence == "The event is closed; the evidence stands beside each step."
    told = evidence(full, job)
    assert told["access"] == "3 profiles deleted (seen at the service); 1 adopted one was there before and stays."
    assert told["group"].startswith("0 of the event's 4 people are in the group (seen in the directory)")
    assert told["verify"].startswith("1 of 4 people can still sign in")
    proof = full.store.read(full.event.id, PROOF)
    assert proof is not None
    (left,) = proof.can_still_sign_in
    assert (left.name, left.why) == ("Before", "adopted")
    truth = full.world.truth()
    assert (truth["profiles"], truth["in_group"], truth["users_deleted"]) == (1, 0, 0)
    assert full.store.event(full.event.id).closed_at is not None


def test_an_adopted_profile_gets_back_the_limits_it_had_before_the_event(full: Stage) -> None:
    def adopted() -> Quota | None:
        return next(p.quota for p in full.ports.racing().profiles() if p.email == "before@example.com")

    full.rounds(lambda: adopted() == full.event.quota)
    full.finish(start(full))
    former = full.store.rows(full.event.id, ADOPTED_QUOTAS)
    assert adopted() == next(iter(former.values()))
    assert adopted() != full.event.quota


@pytest.mark.parametrize("key", [step.key for step in STEPS])
def test_a_crash_at_any_step_is_resumed_there(full: Stage, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handler: Any = full.worker.jobs.handlers["closeout"]
    real = handler._steps[key]

    def dies_after(*given: Any) -> Any:
        real(*given)
        raise KeyboardInterrupt  # done at the service, not written down

    handler._steps[key] = dies_after
    job = start(full)
    with pytest.raises(KeyboardInterrupt):
        full.finish(job)
    handler._steps[key] = real
    assert full.finish(job).state is JobState.DONE
    assert all(item.state is State.DONE for item in full.store.job_items(job.id))
    assert full.world.truth()["profiles"] == 1


def test_invitations_that_the_service_still_works_on_are_waited_for(stage: Stage) -> None:
    site: Any = getattr(stage.world.world.services["deepracer"], "site")  # noqa: B009
    object.__setattr__(site.options, "invite_seconds", 0.5)
    stage.crowd(6)
    stage.start()
    stage.worker.run_once()
    stage.worker.run_once()
    chunk = next(iter(stage.worker.profiles.invitations.chunks(stage.event).values()))
    assert chunk.state is ChunkState.SENT
    job = start(stage)
    waits: list[str] = []
    for _ in range(200):
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
        waits.append(stage.store.job(job.id).sentence)
        if not stage.store.job(job.id).state.is_live:
            break
        stage.rest(0.1)
    assert "The service is still working on invitations; access ends when it is through." in waits
    assert stage.store.job(job.id).state is JobState.DONE
    assert stage.world.truth()["profiles"] == 0


def test_a_lost_directory_sign_in_stops_at_the_group_and_says_so(full: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    full.world.arm("graph", "error_5xx", count=400)
    graph: Any = full.ports.directory("")
    graph._graph.patience._sleep = lambda _: None
    job = start(full)
    for _ in range(14):
        full.worker.jobs._not_before.clear()
        full.worker.jobs.run(full.event.id, full.lease)
    assert (
        full.store.job(job.id).sentence == "The directory has a problem of its own; we try again. It goes on by itself."
    )
    assert {item.key for item in full.store.job_items(job.id) if not item.state.is_done} == {
        "group",
        "models",
        "zero",
        "sponsorship",
        "verify",
    }
    full.world.disarm()
    assert full.finish(job).state is JobState.DONE


def test_closing_again_finds_nothing_left_to_do(full: Stage) -> None:
    full.finish(start(full))
    before = full.writes()
    again = full.finish(start(full))
    assert again.state is JobState.DONE
    assert full.writes() - before <= 1, "the new-user limits are set once more"


def test_the_export_counts_what_a_monthly_reset_has_taken(full: Stage) -> None:
    mine = {link.profile for link in full.store.links(full.event.id).values()}
    profiles = [profile for profile in full.ports.racing().profiles() if profile.id in mine]
    now, history = full.console.clock.event_now(), full.console.history
    history.add_usage(full.event.id, now, [replace(profile, minutes_used=600.0) for profile in profiles])
    history.add_usage(full.event.id, now, [replace(profile, minutes_used=0.0) for profile in profiles])
    full.finish(start(full))
    table = full.console.first.closeout.export(ORGANIZER)["usage.csv"].decode("utf-8-sig")
    rows = [*csv.DictReader(io.StringIO(table))]
    assert [float(row["Hours used"]) for row in rows] == [10.0] * 4
    spent = float(rows[0]["Spend (USD, estimate)"])
    assert spent == pytest.approx(10 * full.event.prices.per_hour, abs=0.01)


def test_every_step_has_a_title_and_a_reason() -> None:
    assert all(step.title and step.why for step in STEPS)
    assert {step.key for step in STEPS} <= set(closeout.CloseoutHandler()._steps)


def test_mail_and_onboarding_end_with_the_close_out(full: Stage) -> None:
    full.finish(start(full))
    assert full.store.read(full.event.id, ONBOARDING).state is Run.CLOSED
    assert {row.state for row in full.store.rows(full.event.id, CAMPAIGNS).values()} == {"cancelled"}
    sent = full.world.truth()["mails_sent"]
    for _ in range(3):
        full.worker.run_once()
    assert full.world.truth()["mails_sent"] == sent
    assert full.done(Step.PROFILE) == 0

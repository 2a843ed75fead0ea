"""The canary: in and out again on both editions, nobody else touched, and what a bad day leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.setup import canary as walking
from deepracer_admin.model import JobState
from deepracer_admin.records.canary import CANARY, CanaryStep
from tests.flows.access.test_onboarding import site
from tests.flows.conftest import ORGANIZER, Stage

ADDRESS = "olivia+canary@example.com"


def send(stage: Stage, address: str = ADDRESS) -> Any:
    return stage.finish(stage.console.first.preflight.send_canary(ORGANIZER, address))


def kept(stage: Stage) -> Any:
    return stage.store.read(stage.event.id, CANARY)


def test_it_goes_in_with_limits_and_a_mail_and_out_again(stage: Stage) -> None:
    before = stage.world.truth()["profiles"]
    job = send(stage)
    assert job.state is JobState.DONE
    assert job.sentence.startswith("It came in, got its limits, its mail was taken by the sender, and is out again")
    assert stage.world.truth()["profiles"] == before
    assert site(stage).state.find_user(ADDRESS) is None
    [mail] = [mail for mail in stage.world.outbox() if mail["to"] == ADDRESS]
    assert mail["subject"].startswith("[CANARY] [REHEARSAL]")
    assert (kept(stage).step, kept(stage).trouble) == (CanaryStep.GONE, "")
    assert stage.store.attendees(stage.event.id) == []


def test_whoever_is_there_already_is_never_a_canary(stage: Stage) -> None:
    (person,) = stage.crowd(1)
    for address in (person.email.upper(), "organizer@example.com"):
        job = send(stage, address)
        assert job.state is JobState.FAILED
        assert "Somebody has this address already" in job.sentence
    assert kept(stage).step is CanaryStep.NONE
    with pytest.raises(BadInput, match="Canary: "):
        stage.console.first.preflight.send_canary(ORGANIZER, "olivia")


def test_what_does_not_work_inside_is_said_and_it_is_taken_out_all_the_same(stage: Stage) -> None:
    stage.world.arm("ses", "denied")
    job = send(stage)
    assert job.state is JobState.FAILED
    assert job.sentence.startswith("Our mail was not taken: ")
    assert job.sentence.endswith("It is out again.")
    assert site(stage).state.find_user(ADDRESS) is None
    assert not kept(stage).may_be_in


@pytest.mark.parametrize(
    ("number", "saved"), [(1, True), (2, False), (3, True), (4, False), (5, True), (6, False)], ids=str
)
def test_a_kill_at_any_step_leaves_nobody_inside_and_mails_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, number: int, saved: bool
) -> None:
    """SystemExit stands for a kill: the same job is taken up again by whoever comes next."""
    real: Callable[..., Any] = walking._Walk._keep
    calls = 0

    def dying(self: Any, canary: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not saved:
            raise SystemExit
        found = real(self, canary)
        if calls == number:
            raise SystemExit
        return found

    monkeypatch.setattr(walking._Walk, "_keep", dying)
    job = stage.console.first.preflight.send_canary(ORGANIZER, ADDRESS)
    try:
        stage.finish(job)
    except SystemExit:
        monkeypatch.setattr(walking._Walk, "_keep", real)
    assert stage.finish(job).state is JobState.DONE
    assert site(stage).state.find_user(ADDRESS) is None
    assert sum(mail["to"] == ADDRESS for mail in stage.world.outbox()) <= 1


def test_one_that_was_left_inside_is_taken_out_by_the_next(stage: Stage) -> None:
    job = stage.console.first.preflight.send_canary(ORGANIZER, ADDRESS)
    while kept(stage).step is not CanaryStep.LIMITS:
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
    stage.console.first.jobs.cancel(ORGANIZER, job.id)
    assert kept(stage).may_be_in
    assert send(stage, "other+canary@example.com").state is JobState.DONE
    assert site(stage).state.find_user(ADDRESS) is None
    assert kept(stage).address == ADDRESS


def test_one_that_does_not_leave_is_named_and_taken_out_by_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(stage.ports.racing()), "remove", lambda *_: [])
    job = stage.console.first.preflight.send_canary(ORGANIZER, ADDRESS)
    while kept(stage).step is not CanaryStep.OUT:
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
    long_ago = stage.clock.now() - walking.LONGEST
    stage.store.update(stage.event.id, CANARY, lambda one: replace(one, step_at=long_ago))
    failed = stage.finish(job)
    assert failed.state is JobState.FAILED
    assert f"delete {ADDRESS} by hand" in failed.sentence
    assert kept(stage).may_be_in
    monkeypatch.undo()
    assert "It is out again." in send(stage).sentence
    assert site(stage).state.find_user(ADDRESS) is None


def test_the_managed_service_has_no_such_way(stage: Stage) -> None:
    stage.store.amend_event(stage.event.id, lambda one: replace(one, service="managed"))
    with pytest.raises(BadInput, match="directory's cycle"):
        stage.console.first.preflight.send_canary(ORGANIZER, ADDRESS)

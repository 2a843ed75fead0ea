"""Profiles are proven empty one by one where the service knows no other way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin.errors import Throttled, Unavailable, Unsupported
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.races.race_jobs import ModelsHandler
from deepracer_admin.flows.readings.models import holders
from deepracer_admin.model import Capabilities, Job, JobItem, JobState, Model, Outcome, Profile, State, Step
from tests.flows.conftest import Stage


class OneByOne:
    """Lets thirty profiles be asked, then wants a pause."""

    capabilities = Capabilities()

    def __init__(self, *owners: str) -> None:
        self.owners = set(owners)
        self.asked: list[str] = []
        self.room = 30

    def models(self, ids: Sequence[str]) -> Iterator[Model]:
        for key in ids:
            if len(self.asked) >= self.room:
                raise Throttled("The firewall allows 100 reads.", retry_after=120)
            self.asked.append(key)
            if key in self.owners:
                yield Model(f"m-{key}", "m", key, "READY")


def ports_with(stage: Stage, racing: Any) -> Any:
    return replace(stage.ports, racing=lambda: racing)


def crowd(count: int) -> list[Profile]:
    return [Profile(f"p{number}", "x", minutes_used=5.0) for number in range(count)]


def test_a_pause_of_the_firewall_begins_nothing_anew(stage: Stage) -> None:
    racing = OneByOne()
    with pytest.raises(Later, match="30 of 50 profiles are proven empty") as told:
        holders(ports_with(stage, racing), stage.event, crowd(50), stage.lease)
    assert told.value.seconds == 120
    racing.room = 100
    assert holders(ports_with(stage, racing), stage.event, crowd(50), stage.lease) == set()
    assert len(racing.asked) == 50


def test_who_never_used_anything_is_not_asked(stage: Stage) -> None:
    racing = OneByOne()
    assert holders(ports_with(stage, racing), stage.event, [Profile("idle", "x")], stage.lease) == set()
    assert racing.asked == []


def test_who_still_has_work_queued_is_asked_again(stage: Stage) -> None:
    racing = OneByOne()
    busy = [Profile("busy", "x", minutes_queued=3.0)]
    holders(ports_with(stage, racing), stage.event, busy, stage.lease)
    holders(ports_with(stage, racing), stage.event, busy, stage.lease)
    assert racing.asked == ["busy", "busy"]


def test_those_who_hold_models_are_named(stage: Stage) -> None:
    racing = OneByOne("p3", "p12")
    assert holders(ports_with(stage, racing), stage.event, crowd(20), stage.lease) == {"p3"}


def test_one_call_tells_it_where_the_service_can(stage: Stage) -> None:
    asked: list[Sequence[str]] = []

    def models(ids: Sequence[str]) -> list[Model]:
        asked.append(ids)
        return [Model("m", "m", "p1", "READY")]

    racing = SimpleNamespace(capabilities=Capabilities(all_models_in_one_call=True), models=models)
    assert holders(ports_with(stage, racing), stage.event, crowd(300), stage.lease) == {"p1"}
    assert len(asked) == 1


class TooMany(OneByOne):
    """Has one call for all, whose reply is more than it can send; a few are told one by one."""

    capabilities = Capabilities(all_models_in_one_call=True)

    def __init__(self, *owners: str, most: int = 40, error: Exception | None = None) -> None:
        super().__init__(*owners)
        self.most, self.error = most, error or Unavailable("It has a problem of its own.")
        self.deleted: list[str] = []

    def models(self, ids: Sequence[str]) -> Iterator[Model]:
        if len(ids) > self.most:
            raise self.error
        return super().models(ids)

    def delete_models(self, ids: Sequence[str]) -> list[Outcome]:
        self.deleted += ids
        self.owners -= {*ids}
        return [Outcome(key, Step.PROFILE, State.DONE) for key in ids]


def emptied(stage: Stage, racing: Any, profiles: Sequence[Profile], *, most: int = 20) -> set[str]:
    """Asked again and again, as a job does, with a new room for reads after each pause."""
    for _ in range(most):
        try:
            return holders(ports_with(stage, racing), stage.event, profiles, stage.lease)
        except Later:
            racing.room += 30
    raise AssertionError("never through")


@pytest.mark.parametrize("error", [Unavailable("It has a problem of its own."), Unsupported("No such call.")])
def test_when_one_call_cannot_tell_it_a_few_are_asked_at_a_time(stage: Stage, error: Exception) -> None:
    racing = TooMany(error=error)
    assert emptied(stage, racing, crowd(95)) == set()
    assert sorted(racing.asked) == sorted(profile.id for profile in crowd(95))


def test_the_one_call_is_tried_again_before_long(stage: Stage) -> None:
    racing = TooMany()
    racing.room = 1000
    with pytest.raises(Later, match="40 of 95 profiles are proven empty"):
        holders(ports_with(stage, racing), stage.event, crowd(95), stage.lease)
    racing.most = 1000
    assert holders(ports_with(stage, racing), stage.event, crowd(95), stage.lease) == set()
    assert len(racing.asked) == 40 + 95


@pytest.mark.parametrize("racing", [OneByOne(), TooMany()])
def test_many_who_have_work_queued_do_not_hold_up_the_others(stage: Stage, racing: OneByOne) -> None:
    busy = [Profile(f"busy{number}", "x", minutes_queued=3.0) for number in range(60)]
    racing.owners = {"last"}
    assert emptied(stage, racing, [*busy, Profile("last", "x", minutes_used=1.0)]) == {"last"}


def test_the_managed_service_pages_its_reply_so_its_failure_is_told(stage: Stage) -> None:
    racing = TooMany(most=0)
    racing.capabilities = Capabilities(all_models_in_one_call=True, multi_user_mode=True)
    with pytest.raises(Unavailable):
        holders(ports_with(stage, racing), stage.event, crowd(95), stage.lease)


def test_models_are_deleted_a_few_at_a_time_when_one_call_cannot_tell_them(stage: Stage) -> None:
    racing = TooMany("p3", "p58")
    racing.room = 1000
    job = Job("job-m", stage.event.id, "models.delete", stage.event.id, JobState.RUNNING)
    stage.store.create_job(job, [JobItem(job.id, profile.id, State.TODO) for profile in crowd(60)])
    handler, said = ModelsHandler(), None
    for _ in range(20):
        try:
            said = handler.work(ports_with(stage, racing), job, stage.lease)
        except Later:
            continue
        if said:
            break
    assert said == "60 of 60 profiles have no model left (seen at the service)."
    assert racing.deleted == ["p3", "p58"]


def test_who_cannot_be_emptied_holds_nobody_up(stage: Stage) -> None:
    racing = TooMany(*(f"p{number}" for number in range(10)), "p45")
    racing.room = 1000
    racing.delete_models = lambda ids: racing.deleted.extend(ids) or []  # type: ignore[method-assign]
    job = Job("job-m", stage.event.id, "models.delete", stage.event.id, JobState.RUNNING)
    stage.store.create_job(job, [JobItem(job.id, profile.id, State.TODO) for profile in crowd(60)])
    for _ in range(12):
        with suppress(Later):
            ModelsHandler().work(ports_with(stage, racing), job, stage.lease)
    states = {item.key: item.state for item in stage.store.job_items(job.id)}
    assert sum(1 for state in states.values() if state is State.DONE) == 49
    assert "p45" in racing.deleted

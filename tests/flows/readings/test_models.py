"""What the console knows before multi-user mode is turned off: everybody listed, their models counted."""

from __future__ import annotations

from datetime import timedelta

from deepracer_admin.records.racing_service import MODELS_SEEN, ModelsSeen
from tests.flows.closeout.test_end_managed_event import train
from tests.flows.closeout.test_managed_event import account, directory_ids, stage, switch
from tests.flows.conftest import Stage
from tests.rehearsal.managed.account import sign_in, sponsor

__all__ = ["stage"]


def strangers(stage: Stage, count: int) -> list[str]:
    """People who sign in although nobody of the list does; two of them train."""
    people = sponsor(stage.world, count, name="racer.no")
    sign_in(stage.world, people)
    return people


def look(stage: Stage) -> ModelsSeen:
    stage.worker.usage.run(stage.event, stage.lease)
    return stage.store.read(stage.event.id, MODELS_SEEN) or ModelsSeen()


def count(seen: ModelsSeen) -> tuple[int, int, int]:
    return seen.models, seen.running, seen.profiles


def test_with_the_mode_on_everybody_is_listed_although_nobody_is_on_the_list(stage: Stage) -> None:
    switch(stage, on=True)
    people = strangers(stage, 3)
    train(stage, people[:2])
    assert count(look(stage)) == (2, 2, 3)
    assert len(stage.store.profiles(stage.event.id)[0]) == 3
    stage.world.advance(3600)
    stage.worker.usage._models_at -= timedelta(minutes=2)  # type: ignore[operator]
    assert count(look(stage)) == (2, 0, 3)


def test_models_are_counted_once_a_minute_and_at_once_when_the_mode_was_turned_on(stage: Stage) -> None:
    def asked() -> int:
        return stage.calls().get("managed.AdminListAssociatedResources", 0)

    switch(stage, on=True)
    strangers(stage, 2)
    seen = look(stage)
    assert seen.as_of is not None
    assert seen.as_of <= stage.console.clock.now()
    first = asked()
    for _ in range(3):
        look(stage)
    assert asked() == first
    switch(stage, on=False)
    first = asked()  # turning it off looks at what that hides
    look(stage)
    assert asked() == first, "with the mode off nobody is listed"
    switch(stage, on=True)
    look(stage)
    assert asked() > first


def test_what_was_seen_is_not_overwritten_by_a_mode_that_is_off(stage: Stage) -> None:
    switch(stage, on=True)
    train(stage, strangers(stage, 2))
    seen = look(stage)
    switch(stage, on=False)
    stage.worker.usage._models_at = None
    assert look(stage) == seen
    assert len(account(stage).models) == 2


def test_while_the_mode_is_off_it_is_soon_noticed_that_it_was_turned_on(stage: Stage) -> None:
    stage.worker.usage.run(stage.event, stage.lease)
    assert stage.worker.usage.interval_s(stage.event) <= 3.0
    stage.add("a@example.com")
    stage.worker.usage.run(stage.event, stage.lease)
    assert stage.worker.usage.interval_s(stage.event) <= 3.0
    switch(stage, on=True)
    stage.worker.usage.run(stage.event, stage.lease)
    assert stage.worker.usage.interval_s(stage.event) == 60.0


def test_evaluations_run_too(stage: Stage) -> None:
    switch(stage, on=True)
    people = strangers(stage, 1)
    train(stage, people)
    stage.world.advance(3600)
    for model in account(stage).models.values():
        model.status = "EVALUATING"
    assert count(look(stage)) == (1, 1, 1)
    assert directory_ids(stage, 1)

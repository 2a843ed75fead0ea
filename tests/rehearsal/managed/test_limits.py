"""The limits of a participant and of the sponsoring account (managed-deepracer.md 3.1), each reached and passed by
one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.practice import WorldHandle, start_world
from tests.rehearsal.managed.account import (
    RawCaller,
    garage,
    on_world,
    race,
    refused,
    sign_in,
    sponsor,
    still_fleet,
    switch_on,
)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    """A world with more job slots than the account may use."""
    handle = start_world(tmp_path_factory.mktemp("world"), slots=150)
    yield handle
    handle.stop()


@pytest.fixture
def account(wide: WorldHandle) -> Iterator[RawCaller]:
    """The account on its first day, with multi-user mode on; time stands still and nobody acts by themselves."""
    wide.renew()
    wide.control("POST", "clock", {"paused": True})
    raw = RawCaller(wide)
    still_fleet(wide)
    switch_on(raw)
    yield raw
    raw.http.close()


def racers(wide: WorldHandle, count: int) -> list[str]:
    """So many who have signed in: their person ids."""
    people = sponsor(wide, count)
    sign_in(wide, people)
    return people


def each(wide: WorldHandle, people: list[str], act: Callable[[str], Any]) -> list[Any]:
    return on_world(wide, lambda: [act(person) for person in people])


def phases(wide: WorldHandle, kind: str) -> Counter[str]:
    """How many jobs of a kind wait (CREATED) and run (IN_PROGRESS)."""
    service: Any = wide.world.services["managed"]
    return on_world(wide, lambda: Counter(job.phase for job in service.account.jobs.values() if job.kind == kind))


def test_a_hundred_trainings_run_at_once_and_the_next_one_waits(wide: WorldHandle, account: RawCaller) -> None:
    each(wide, racers(wide, 101), lambda person: garage(wide).train(person, "m", 30))
    assert phases(wide, "training") == {"IN_PROGRESS": 100, "CREATED": 1}
    wide.advance(32 * 60)
    assert phases(wide, "training")["IN_PROGRESS"] == 1


def test_a_hundred_evaluations_run_at_once_beside_the_trainings(wide: WorldHandle, account: RawCaller) -> None:
    people = racers(wide, 112)
    models = each(wide, people, lambda person: garage(wide).train(person, "m", 10))
    for _ in range(3):
        wide.advance(12 * 60)
    ready = [(who, model) for who, model in zip(people, models, strict=True) if garage(wide).ready_models(who)][:101]
    assert len(ready) == 101
    each(wide, people[:100], lambda person: garage(wide).train(person, "n", 30))
    on_world(wide, lambda: [garage(wide).evaluate(who, model, 10) for who, model in ready])
    assert phases(wide, "evaluation") == {"IN_PROGRESS": 100, "CREATED": 1}
    assert phases(wide, "training")["IN_PROGRESS"] == 100


def test_a_world_with_few_slots_trains_less_at_once(still: WorldHandle, caller: RawCaller) -> None:
    still_fleet(still)
    switch_on(caller)
    each(still, racers(still, 3), lambda person: garage(still).train(person, "m", 30))
    assert phases(still, "training") == {"IN_PROGRESS": 2, "CREATED": 1}


def test_a_thousand_racers_have_a_car_and_the_next_one_cannot_make_a_model(
    wide: WorldHandle, account: RawCaller
) -> None:
    *people, late = racers(wide, 1_001)
    each(wide, people, lambda person: garage(wide).train(person, "m", 30))
    told = refused(wide, lambda: garage(wide).train(late, "m", 30))
    assert told.message == "ResourceLimitExceededException: An account can have 1,000 cars."
    on_world(wide, lambda: garage(wide).train(people[0], "second", 30))
    (first, *_) = account.call("ListModels", ModelType="REINFORCEMENT_LEARNING", SortOrder="ASCENDING")["Models"]
    assert first["CarArn"].startswith("arn:aws:deepracer:us-east-1:111122223333:car/")


def test_fifty_private_races_are_open_or_to_come_and_the_next_one_is_refused(
    wide: WorldHandle, account: RawCaller
) -> None:
    for number in range(50):
        account.call("CreateLeaderboard", **race(wide.world.clock.now(), name=f"Private {number}"))
    told = account.refusal("CreateLeaderboard", **race(wide.world.clock.now(), name="One more"))
    assert told == (400, "ResourceLimitExceededException", "An account can have 50 private leaderboards.")
    account.call("CreateLeaderboard", **race(wide.world.clock.now(), name="For all", private=False))


def test_a_new_racer_has_five_hours(wide: WorldHandle, account: RawCaller) -> None:
    (person,) = racers(wide, 1)
    assert refused(wide, lambda: garage(wide).train(person, "m", 301)).reason == "minutes"
    on_world(wide, lambda: garage(wide).train(person, "m", 300))
    assert refused(wide, lambda: garage(wide).train(person, "n", 1)).reason == "minutes"


def test_a_new_racer_has_three_models(wide: WorldHandle, account: RawCaller) -> None:
    (person,) = racers(wide, 1)
    for number in range(3):
        on_world(wide, lambda number=number: garage(wide).train(person, f"m{number}", 10))
    assert refused(wide, lambda: garage(wide).train(person, "m3", 10)).reason == "models"

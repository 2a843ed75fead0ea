"""Ending access on DeepRacer on AWS: a row without an account ends no close-out and counts as nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.directory.pool import PoolStatus, PoolUser
from deepracer_admin.errors import Unavailable
from deepracer_admin.flows.closeout.end_access_on_aws import ROUNDS
from deepracer_admin.model import Attendee, Job, JobState, Step
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import start_world

ROW = "1 cannot be deleted by the API: a row without an account"


@pytest.fixture
def stage(tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    """Invitations go one by one, as before 1.3."""
    world = start_world(tmp_path, speed=1.0, version="1.2.5", machine=real_time)
    console = make_console(tmp_path, real_time)
    made = Stage(world, console, make_event(console, group=world.endpoints["graph"]["group_id"]))
    yield made
    made.worker.mail.close()
    console.close()
    world.stop()


@pytest.fixture
def failed(stage: Stage) -> Attendee:
    """One of three people, whose invitation failed half-way and left a row without an account."""
    people = stage.add("ada@example.com", "bob@example.com", "cyd@example.com")
    stage.world.arm("deepracer", "half_done", operation="CreateProfile", count=1)
    stage.start()
    stage.rounds(lambda: stage.world.truth()["profiles"] == 3 and stage.done(Step.ACCESS) >= 2)
    email = row(stage).email.lower()
    return next(person for person in people if person.email == email)


def row(stage: Stage) -> Any:
    """The one without an account."""
    state = stage.world.world.services["deepracer"].site.state  # type: ignore[attr-defined]
    (key,) = {*state.profiles} - {*state.users}
    return state.profiles[key]


def orphan(stage: Stage) -> str:
    return row(stage).profile_id


def start(stage: Stage) -> Job:
    return stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)


def told(stage: Stage, job: Job) -> dict[str, str]:
    return {item.key: item.sentence for item in stage.store.job_items(job.id)}


def deletions(stage: Stage) -> int:
    return stage.calls().get("deepracer.DeleteProfile", 0)


def test_a_row_without_an_account_is_named_and_the_close_out_ends(stage: Stage, failed: Attendee) -> None:
    key = orphan(stage)
    job = stage.finish(start(stage))
    assert job.state is JobState.DONE
    evidence = told(stage, job)
    assert evidence["access"] == (
        f"2 profiles deleted (read back); 0 adopted ones were there before and stay. {ROW} ({key}); "
        "its operator must remove it from the deployment's table."
    )
    assert evidence["verify"].startswith(
        "0 of 3 people can still sign in (3 profiles listed). 1 row without an account is left, which nobody"
    )
    assert stage.store.get(stage.event.id, "proof")["can_still_sign_in"] == []
    assert stage.world.truth()["can_sign_in"] == 0
    assert stage.done(Step.ACCESS) == 0
    assert not any(each.state.is_done for each in stage.store.steps(stage.event.id, step=Step.ACCESS))
    assert deletions(stage) == 2 + ROUNDS


def test_closing_again_tries_the_row_anew(stage: Stage, failed: Attendee) -> None:
    stage.finish(start(stage))
    before = deletions(stage)
    again = stage.finish(start(stage))
    assert again.state is JobState.DONE
    assert deletions(stage) - before == ROUNDS
    assert ROW in told(stage, again)["access"]


def test_a_second_row_beside_the_linked_profile_is_nobody_who_can_sign_in(stage: Stage) -> None:
    """Retrying the invitation makes a second row with the same address (1.3 page, 13); one of the two is linked."""
    (person, *_) = stage.add("ada@example.com", "bob@example.com")
    stage.start()
    stage.rounds(lambda: len(stage.store.links(stage.event.id)) == 2)
    state: Any = stage.world.world.services["deepracer"].site.state  # type: ignore[attr-defined]
    linked = state.profiles[stage.store.links(stage.event.id)[person.id].profile]
    state.profiles["Left0ver0fAda00"] = replace(linked, profile_id="Left0ver0fAda00")
    state.profile_order.add("Left0ver0fAda00")
    job = stage.finish(start(stage))
    assert told(stage, job)["access"].startswith("2 profiles deleted (read back)")
    assert "(Left0ver0fAda00)" in told(stage, job)["access"]
    assert stage.store.get(stage.event.id, "proof")["can_still_sign_in"] == []


class Pool:
    """A user pool that knows one user, or cannot be asked."""

    def __init__(self, user: PoolUser | None, *, down: bool = False) -> None:
        self.user, self.down = user, down

    def find(self, email: str) -> PoolUser | None:
        if self.down:
            raise Unavailable("Cognito has a problem of its own.")
        return self.user if self.user and self.user.email == email else None


def with_pool(stage: Stage, pool: Pool) -> None:
    any_pool: Any = pool
    stage.worker.jobs.ports = replace(stage.ports, pool=lambda: any_pool)


def test_a_row_that_has_an_account_after_all_can_sign_in(stage: Stage, failed: Attendee) -> None:
    key = orphan(stage)
    with_pool(stage, Pool(PoolUser(key, failed.email, PoolStatus.CONFIRMED, enabled=True)))
    job = stage.finish(start(stage))
    assert "1 profile still has an account that the API does not delete" in told(stage, job)["access"]
    (left,) = stage.store.get(stage.event.id, "proof")["can_still_sign_in"]
    assert (left["name"], left["why"]) == (failed.name, "created")


@pytest.mark.parametrize("enabled", [True, False])
def test_another_user_with_the_address_or_a_disabled_one_says_nothing_of_the_row(
    stage: Stage, failed: Attendee, enabled: bool
) -> None:
    key = "SomebodyElse000" if enabled else orphan(stage)
    with_pool(stage, Pool(PoolUser(key, failed.email, PoolStatus.CONFIRMED, enabled=enabled)))
    job = stage.finish(start(stage))
    assert ROW in told(stage, job)["access"]
    assert stage.store.get(stage.event.id, "proof")["can_still_sign_in"] == []


def test_a_pool_that_cannot_be_asked_is_said_so(stage: Stage, failed: Attendee) -> None:
    with_pool(stage, Pool(None, down=True))
    job = stage.finish(start(stage))
    assert job.state is JobState.DONE
    assert (
        "The user pool could not be asked about rows that are left: Cognito has a problem" in told(stage, job)["verify"]
    )

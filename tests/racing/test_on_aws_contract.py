"""DeepRacer on AWS keeps the racing contract, in 1.2.5 and in 1.3.1, against the practice world."""

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from deepracer_admin.clock import ScaledClock
from deepracer_admin.edge.reach import Reach
from deepracer_admin.model import Invitee
from deepracer_admin.racing.on_aws import OnAws
from deepracer_admin.rehearsal.shared.garage import LapResult
from tests.practice import WorldHandle
from tests.racing.contract import RacingContract
from tests.racing.scripted import Naps
from tests.racing.worlds import in_world, kept_world, renew


def connect(world: WorldHandle, **options: Any) -> tuple[OnAws, ScaledClock]:
    status = world.control("GET", "status")
    clock = ScaledClock(datetime.fromisoformat(status["now"]), status["speed"])
    own, aws = world.endpoints["deepracer"], world.endpoints["aws"]
    service = OnAws(
        own["site"],
        own["user"],
        own["password"],
        clock=clock,
        cognito_idp_url=aws["cognito_idp_url"],
        cognito_identity_url=aws["cognito_identity_url"],
        reach=Reach.PRACTICE,
        **options,
    )
    return service, clock


@dataclass
class OnAwsBench:
    service: OnAws
    clock: ScaledClock
    world: WorldHandle
    in_faults: str = "deepracer"
    create_race: str = "CreateLeaderboard"
    unknown_id: str = "ZZZZZZZZZZZZZZZ"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def people(self, count: int) -> list[Invitee]:
        numbers = list(itertools.islice(self._numbers, count))
        return [Invitee(f"key-{n}", f"racer.{n:05d}@example.com", f"Racer-{n:05d}", f"Racer {n}") for n in numbers]

    def profiles(self, count: int) -> list[str]:
        people = self.people(count)
        for number, chunk in enumerate(self.service.chunk_invites(people)):
            self.service.invite(chunk, token=f"bench-{people[0].key}-{number}")
            self.settle()
        found = {profile.email: profile for profile in self.service.profiles()}
        for person in people:
            if found[person.email].alias != person.alias:
                self.service.set_alias(found[person.email].id, person.alias)
        return [found[person.email].id for person in people]

    def settle(self) -> None:
        for _ in range(200):
            if not self._invitations_at_work():
                return
            self.world.advance(0.1)
        raise AssertionError("the service never finished its invitations")

    def _invitations_at_work(self) -> bool:
        jobs = self.world.world.services["deepracer"].site.state.invite_jobs  # type: ignore[attr-defined]
        return in_world(self.world, lambda: any(job.status == "PROCESSING" for job in jobs.values()))

    @property
    def garage(self) -> Any:
        return self.world.world.services["deepracer"].garage  # type: ignore[attr-defined]

    def train(self, profile_id: str) -> None:
        in_world(self.world, lambda: self.garage.accept(profile_id))
        in_world(self.world, lambda: self.garage.train(profile_id, f"model-{next(self._numbers)}", 30))
        self.world.advance(3600)

    def drive(self, race_id: str, profile_ids: list[str]) -> None:
        for place, profile_id in enumerate(profile_ids):
            self.train(profile_id)
            model = in_world(self.world, lambda profile_id=profile_id: self.garage.ready_models(profile_id)[0])
            lap = 9000 + 100 * place
            laps = LapResult((lap, lap + 10, lap + 20))
            in_world(
                self.world,
                lambda profile_id=profile_id, model=model, laps=laps: self.garage.submit(
                    profile_id, race_id, model, laps
                ),
            )
        self.world.advance(3600)


@contextlib.contextmanager
def opened(world: WorldHandle, **options: Any) -> Iterator[OnAwsBench]:
    """A bench on the world as on its first day, with invitations that take no time."""
    renew(world)
    site = world.world.services["deepracer"].site  # type: ignore[attr-defined]
    site.options = replace(site.options, invite_seconds=0.0)
    service, clock = connect(world, **{"sleep": Naps(), **options})
    try:
        yield OnAwsBench(service, clock, world)
    finally:
        service.close()


@pytest.fixture(scope="module", params=["1.2.5", "1.3.1"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world"), version=request.param) as world:
        yield world


@pytest.fixture
def bench(world: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(world, sleep=Naps()) as bench:
        yield bench


class TestOnAws(RacingContract):
    """Every case of the contract, in both versions."""

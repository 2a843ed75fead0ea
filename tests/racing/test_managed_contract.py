"""AWS DeepRacer multi-user mode keeps the racing contract, against the practice world."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from deepracer_admin.clock import ScaledClock
from deepracer_admin.edge.reach import Reach
from deepracer_admin.model import Invitee
from deepracer_admin.racing.managed import ManagedDeepRacer
from deepracer_admin.racing.managed_client import ManagedClient
from deepracer_admin.rehearsal.shared.garage import LapResult
from tests.practice import WorldHandle
from tests.racing.contract import RacingContract
from tests.racing.scripted import Naps
from tests.racing.worlds import in_world, kept_world, renew
from tests.rehearsal.managed.account import sign_in, sponsor


@dataclass
class ManagedBench:
    service: ManagedDeepRacer
    clock: ScaledClock
    world: WorldHandle
    in_faults: str = "managed"
    create_race: str = "CreateLeaderboard"
    unknown_id: str = "00000000-0000-0000-0000-000000000000"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def people(self, count: int) -> list[Invitee]:
        numbers = list(itertools.islice(self._numbers, count))
        return [Invitee(f"key-{n}", f"racer.{n:05d}@example.com", f"Racer-{n:05d}", f"Racer {n}") for n in numbers]

    def profiles(self, count: int) -> list[str]:
        """Racers whom the directory lets in and who have signed in: there is no other way to a profile (3.1)."""
        return sign_in(self.world, sponsor(self.world, count, f"crowd{next(self._numbers)}-"))

    def settle(self) -> None:
        self.world.advance(600)

    @property
    def managed(self) -> Any:
        return self.world.world.services["managed"]

    def _person(self, profile_id: str) -> str:
        return self.managed.account.users[profile_id].person_id

    def train(self, profile_id: str) -> None:
        name = f"model-{next(self._numbers)}"
        in_world(self.world, lambda: self.managed.garage.train(self._person(profile_id), name, 30))
        self.world.advance(3600)

    def drive(self, race_id: str, profile_ids: list[str]) -> None:
        self.service.share_link(race_id)
        for place, profile_id in enumerate(profile_ids):
            self.train(profile_id)
            lap = 9000 + 100 * place
            laps = LapResult((lap, lap + 10, lap + 20))
            in_world(self.world, lambda profile_id=profile_id, laps=laps: self._submit(profile_id, race_id, laps))
        self.world.advance(3600)

    def _submit(self, profile_id: str, race_id: str, laps: LapResult) -> None:
        garage, person = self.managed.garage, self._person(profile_id)
        garage.submit(person, race_id, garage.ready_models(person)[0], laps)


def connect_managed(world: WorldHandle, **options: Any) -> tuple[ManagedDeepRacer, ScaledClock]:
    status = world.control("GET", "status")
    clock = ScaledClock(datetime.fromisoformat(status["now"]), status["speed"])
    aws = world.endpoints["aws"]
    keys = {"access_key_id": aws["access_key_id"], "secret_access_key": aws["secret_access_key"]}
    client = ManagedClient(
        endpoint_url=aws["managed_url"], **{**keys, "timeout_s": 300, **options}, reach=Reach.PRACTICE
    )
    return ManagedDeepRacer(client, event_now=clock.event_now), clock


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def bench(world: WorldHandle) -> Iterator[ManagedBench]:
    renew(world)
    service, clock = connect_managed(world, sleep=Naps())
    service.set_multi_user_mode(True)
    yield ManagedBench(service, clock, world)
    service.close()


class TestManaged(RacingContract):
    """Every case of the contract."""
